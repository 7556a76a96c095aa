"""Asterisk's words to ours: one table of events. `Uniqueid`, `DialStatus` and the like end here.

Whatever comes from the network (numbers, names) is text of a stranger: it is made storable (no lone
surrogates, no control characters) and cut to a sane length, and nothing more.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from dialer.ami.messages import Message
from dialer.telephony.model import (
    ClientReady,
    InboundFellBack,
    InboundOffered,
    LegAlone,
    LegAnswered,
    LegBridged,
    LegCreated,
    LegDialEnded,
    LegEnded,
    LegHangupRequested,
    LegHeld,
    LegOrderFailed,
    LegRinging,
    LegSetAside,
    LegTransferred,
    LegUnbridged,
    LiveLeg,
    PbxEvent,
    RecordingPaused,
    RecordingStarted,
    SessionReady,
    ThirdReady,
)

ORDER = "cw-order-"  # an Originate's ActionID is this and the leg's id: its late answer names the leg even so
_NOTHING = ("<unknown>", "<null>", "(null)")
_UNPRINTABLE = dict.fromkeys((*range(32), *range(127, 160)))
_MAX_TEXT = 256
_UP = "6"

Builder = Callable[[Message, str, float], PbxEvent | None]


def translate(message: Message, now: float) -> PbxEvent | None:
    """The telephony event that a message is, or None. `now` (PBX clock) serves where no Timestamp came."""
    build = EVENTS.get(message.name)
    if build is None:
        return None
    leg = message.get("DestUniqueid") if message.name in _OF_THE_DIALLED else message.get("Uniqueid")
    if message.name == "OriginateResponse":
        leg = _ordered_leg(message) or leg
    elif message.name in ("BlindTransfer", "AttendedTransfer"):
        leg = message.get("TransfereeUniqueid")
    if not leg or leg in _NOTHING:
        return None
    return build(message, leg, timestamp(message, now))


def timestamp(message: Message, otherwise: float) -> float:
    """Seconds since 1970 in the PBX's clock."""
    try:
        at = float(message.get("Timestamp", "nan"))
    except ValueError:
        return otherwise
    return at if math.isfinite(at) else otherwise


def text(value: str) -> str:
    """A stranger's text, fit to be stored: what is no UTF-8 becomes U+FFFD, control characters go."""
    if value in _NOTHING:
        return ""
    if not value.isascii():
        value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value[:_MAX_TEXT].translate(_UNPRINTABLE)


def live_leg(row: Message, at: float) -> LiveLeg:
    """One row of CoreShowChannels; `at` is when the list was asked for, in the PBX's clock."""
    return LiveLeg(
        leg=row.get("Uniqueid"),
        name=row.get("Channel"),
        up=row.get("ChannelState") == _UP,
        bridge=row.get("BridgeId"),
        number=text(row.get("CallerIDNum")),
        context=row.get("Context"),
        since=at - _seconds(row.get("Duration")),
    )


def _seconds(duration: str) -> float:
    parts = duration.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return 0.0
    hours, minutes, seconds = map(int, parts)
    return float(hours * 3600 + minutes * 60 + seconds)


def _ordered_leg(message: Message) -> str:
    action_id = message.get("ActionID")
    return action_id[len(ORDER) :] if action_id.startswith(ORDER) else ""


def _newchannel(message: Message, leg: str, at: float) -> PbxEvent:
    number, name = text(message.get("CallerIDNum")), text(message.get("CallerIDName"))
    return LegCreated(leg=leg, at=at, number=number, name=name, dialled=text(message.get("Exten")))


def _newstate(message: Message, leg: str, at: float) -> PbxEvent | None:
    match message.get("ChannelState"):
        case "5":
            return LegRinging(leg=leg, at=at)
        case "6":
            return LegAnswered(leg=leg, at=at)
        case _:
            return None


def _dial_state(message: Message, leg: str, at: float) -> PbxEvent | None:
    return LegRinging(leg=leg, at=at) if message.get("DialStatus") == "RINGING" else None


def _dial_end(message: Message, leg: str, at: float) -> PbxEvent:
    status = message.get("DialStatus")
    return LegAnswered(leg=leg, at=at) if status == "ANSWER" else LegDialEnded(leg=leg, at=at, status=status)


def _originate_response(message: Message, leg: str, at: float) -> PbxEvent | None:
    """The late answer to an order. A failure of somebody else's order says nothing of our leg.

    Asterisk refuses a second channel of the same id, names the id in its answer, and the first one lives on.
    """
    if message.get("Response") == "Success":
        return LegAnswered(leg=leg, at=at)
    if not _ordered_leg(message):
        return None
    return LegOrderFailed(leg=leg, at=at, reason=_number(message.get("Reason")))


def _hangup(message: Message, leg: str, at: float) -> PbxEvent | None:
    if message.get("Channel").endswith("<ZOMBIE>"):
        return None  # the husk of a masquerade: the call goes on elsewhere
    cause = _number(message.get("Cause"))
    return LegEnded(leg=leg, at=at, cause=cause, tech_cause=text(message.get("TechCause")))


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0


def _recording_muted(message: Message, leg: str, at: float) -> PbxEvent | None:
    """Ours silences both sides; who silences one of them by other means has not paused the recording."""
    if message.get("Direction") != "both":
        return None
    return RecordingPaused(leg=leg, at=at, paused=message.get("State") == "1")


def _user_event(message: Message, leg: str, at: float) -> PbxEvent | None:
    match message.get("UserEvent"):
        case "CallwrightSession" if message.get("State") == "ready":
            return SessionReady(leg=leg, at=at)
        case "CallwrightClient":
            return ClientReady(leg=leg, at=at, call=text(message.get("Call")))
        case "CallwrightInbound":
            number, name = text(message.get("CallerIDNum")), text(message.get("CallerIDName"))
            return InboundOffered(
                leg=leg, at=at, number=number, name=name, dialled=text(message.get("Dialled"))
            )
        case "CallwrightFallback":
            return InboundFellBack(leg=leg, at=at)
        case "CallwrightHold":
            return LegSetAside(leg=leg, at=at)
        case "CallwrightAlone":
            return LegAlone(leg=leg, at=at)
        case "CallwrightThird":
            return ThirdReady(leg=leg, at=at)
        case _:
            return None


_OF_THE_DIALLED = frozenset({"DialEnd", "DialState"})
EVENTS: dict[str, Builder] = {
    "Newchannel": _newchannel,
    "Newstate": _newstate,
    "DialState": _dial_state,
    "DialEnd": _dial_end,
    "OriginateResponse": _originate_response,
    "BridgeEnter": lambda m, leg, at: LegBridged(
        leg=leg, at=at, bridge=m.get("BridgeUniqueid"), room=m.get("BridgeCreator") == "ConfBridge"
    ),
    "BridgeLeave": lambda m, leg, at: LegUnbridged(leg=leg, at=at, bridge=m.get("BridgeUniqueid")),
    "Hold": lambda m, leg, at: LegHeld(leg=leg, at=at, held=True),
    "Unhold": lambda m, leg, at: LegHeld(leg=leg, at=at, held=False),
    "HangupRequest": lambda m, leg, at: LegHangupRequested(leg=leg, at=at),
    "Hangup": _hangup,
    "BlindTransfer": lambda m, leg, at: LegTransferred(leg=leg, at=at),
    "AttendedTransfer": lambda m, leg, at: LegTransferred(leg=leg, at=at),
    "MixMonitorStart": lambda m, leg, at: RecordingStarted(leg=leg, at=at),
    "MixMonitorMute": _recording_muted,
    "UserEvent": _user_event,
}
# What the protocol has to take apart: these, and what the connection itself listens to.
WANTED = frozenset(EVENTS) | {"FullyBooted", "Shutdown", "CoreShowChannel", "CoreShowChannelsComplete"}
