"""A channel of the virtual PBX, an order to make one, and how both look on the wire.

Header names and their order are those of the captures (Asterisk 22).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dialer.simulation.clock import Timer
from dialer.simulation.far_end import FarEnd

UNKNOWN = "<unknown>"
DOWN, RING, RINGING, UP = 0, 4, 5, 6
STATES = {DOWN: "Down", RING: "Ring", RINGING: "Ringing", UP: "Up"}
CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    34: "Circuit/channel congestion",
    127: "Interworking, unspecified",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A party's number and name as Asterisk shows them."""

    number: str = UNKNOWN
    name: str = UNKNOWN


NOBODY = Caller()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One Originate. `dial` is the whole of its Channel header."""

    action_id: str
    dial: str
    id: str
    context: str
    exten: str
    timeout_s: float
    caller: Caller = NOBODY
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, eq=False)
class Bridge:
    """`name` is a room's; `marked` is the one with whom the room ends."""

    id: str
    channels: list[Channel] = field(default_factory=list)
    name: str = ""
    marked: Channel | None = None


@dataclass(slots=True, eq=False)
class Channel:
    """`serial` is the order of birth; `order` says that we dialled it, None that it came from outside."""

    name: str
    id: str
    serial: int
    born: float
    context: str
    linked: str
    far: FarEnd
    exten: str = "s"
    priority: int = 1
    state: int = DOWN
    caller: Caller = NOBODY
    connected: Caller = NOBODY
    order: Order | None = None
    dial_string: str = ""
    dialled_by: Channel | None = None  # the inbound channel whose fallback rings this phone
    bridge: Bridge | None = None
    partner: Channel | None = None
    free_at: float = 0.0  # until then it still leaves a room
    behind: bool = False  # after this bridge it goes on behind what it was doing
    was_bridged: bool = False
    spied: str = ""  # the leg that this one listens to
    variables: dict[str, str] = field(default_factory=dict)
    muted: bool = False
    recorded_as: str = ""
    alive: bool = True
    timers: list[Timer] = field(default_factory=list)
    waiting: Timer | None = None  # the dialplan's Wait

    def lines(self, prefix: str = "") -> str:
        """The fifteen headers that every event of a channel has."""
        p = prefix
        return (
            f"{p}Channel: {self.name}\r\n{p}ChannelState: {self.state}\r\n"
            f"{p}ChannelStateDesc: {STATES[self.state]}\r\n"
            f"{p}CallerIDNum: {self.caller.number}\r\n{p}CallerIDName: {self.caller.name}\r\n"
            f"{p}ConnectedLineNum: {self.connected.number}\r\n{p}ConnectedLineName: {self.connected.name}\r\n"
            f"{p}Language: en\r\n{p}AccountCode: \r\n"
            f"{p}Context: {self.context}\r\n{p}Exten: {self.exten}\r\n{p}Priority: {self.priority}\r\n"
            f"{p}Uniqueid: {self.id}\r\n{p}Linkedid: {self.linked}\r\n"
        )

    def stop_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None


def event(name: str, at: float, body: str, kind: str = "call") -> str:
    return f"Event: {name}\r\nPrivilege: {kind},all\r\nTimestamp: {at:.6f}\r\n{body}\r\n"


def originate_response(order: Order, at: float, channel: str, *, success: bool, reason: int) -> str:
    action = f"ActionID: {order.action_id}\r\n" if order.action_id else ""
    return event(
        "OriginateResponse",
        at,
        f"{action}Response: {'Success' if success else 'Failure'}\r\nChannel: {channel}\r\n"
        f"Context: {order.context}\r\nExten: {order.exten}\r\nReason: {reason}\r\nUniqueid: {order.id}\r\n"
        f"CallerIDNum: {order.caller.number}\r\nCallerIDName: {order.caller.name}\r\n",
    )


def bridge_event(name: str, at: float, bridge: Bridge, channel: Channel) -> str:
    kind, technology, creator, room = "basic", "simple_bridge", UNKNOWN, UNKNOWN
    count = len(bridge.channels)
    if bridge.name:
        kind, technology, creator, room = "base", "softmix", "ConfBridge", bridge.name
        count += 1  # a room has an announcer, who says nothing
    return event(
        name,
        at,
        f"BridgeUniqueid: {bridge.id}\r\nBridgeType: {kind}\r\nBridgeTechnology: {technology}\r\n"
        f"BridgeCreator: {creator}\r\nBridgeName: {room}\r\n"
        f"BridgeNumChannels: {count}\r\nBridgeVideoSourceMode: none\r\n{channel.lines()}",
    )


def cause_lines(cause: int | None, tech: str, *, text: bool = False) -> str:
    lines = "" if cause is None else f"Cause: {cause}\r\n"
    if text and cause is not None:
        lines += f"Cause-txt: {CAUSES.get(cause, 'Unknown')}\r\n"
    return lines + (f"TechCause: {tech}\r\n" if tech else "")
