"""A recorded flow, told to a switchboard as our adapter would tell it: whole, in another order, or beside another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dialer.ami.messages import Message
from dialer.ami.translate import translate
from dialer.telephony.model import Call, CallState, InboundOffered, Snapshot
from dialer.telephony.port import Connected
from dialer.telephony.switchboard import Switchboard
from dialer.telephony.tracker import inbound, outbound
from tests.ami import capture

LONG_AGO = Snapshot(at=-1e12, started="1", legs=())  # before any event of any capture; nothing lives


@dataclass
class Told:
    """A listener: the states that each call went through, and which sessions are up."""

    began: Snapshot = LONG_AGO
    board: Switchboard = field(default_factory=lambda: Switchboard("asterisk"))
    states: dict[str, list[CallState]] = field(default_factory=dict)
    offered: list[InboundOffered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.board.listen(self)
        self.board.report(Connected(snapshot=self.began))

    def expect(self, call: Call) -> None:
        self.board.expect(call)
        self.states[call.id] = [call.state]

    def ends(self, call_id: str) -> int:
        """How often the call came to its end."""
        return sum(state is CallState.ENDED for state in self.states[call_id])

    def call_changed(self, call: Call) -> None:
        if self.states[call.id][-1] is not call.state:
            self.states[call.id].append(call.state)

    def client_ready(self, call_id: str) -> None: ...

    def session_changed(self, leg: str) -> None: ...

    def inbound_offered(self, pbx: str, event: InboundOffered) -> None:
        self.offered.append(event)

    def inbound_fell_back(self, call_id: str) -> None: ...

    def inbound_still_rings(self, call_id: str) -> None: ...

    def pbx_changed(self, pbx: str, up: bool, reason: str) -> None: ...


def calls_of(flow: capture.Capture) -> list[Call]:
    """The calls of a capture before their first event."""
    legs = [(flow.ids[role], flow.ids.get("inbound_leg")) for role in ("call", "second") if role in flow.ids]
    calls = [inbound(id_, leg, 0.0) if leg else outbound(id_) for id_, leg in legs]
    return [replace(call, operator_leg=flow.ids.get("operator", "")) for call in calls]


def tell(messages: Iterable[Message], calls: Iterable[Call], *sessions: str) -> Told:
    """What a switchboard makes of these messages."""
    told = Told()
    for call in calls:
        told.expect(call)
    for leg in sessions:
        told.board.expect_session(leg)
    for message in messages:
        event = translate(message, 0.0) if message.name else None
        if event is not None:
            told.board.report(event)
    return told


def play(name: str) -> tuple[Told, capture.Capture]:
    """A capture as it was recorded."""
    flow = capture.load(name)
    sessions = [flow.ids["operator"]] if "operator" in flow.ids else []
    return tell(flow.messages(), calls_of(flow), *sessions), flow


def place(messages: list[Message], name: str, leg: str) -> int:
    """Where the first event of this name of this leg stands."""
    return next(
        number
        for number, message in enumerate(messages)
        if message.name == name and leg in (message.get("Uniqueid"), message.get("DestUniqueid"))
    )


def earlier(messages: list[Message], name: str, before: str, leg: str) -> list[Message]:
    """The same messages, one moved before another of the same leg."""
    rest = list(messages)
    moved = rest.pop(place(rest, name, leg))
    rest.insert(place(rest, before, leg), moved)
    return rest
