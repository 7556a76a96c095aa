"""The language of calls: what a PBX reports, what we remember of it, and what a call may be.

Everything here is a frozen value. Two clocks occur and never mix: `at` of a PBX event is the PBX's own clock
(seconds since 1970, as that machine believes); everything else in the product is the daemon's UTC clock. A
`Pbx` knows the difference between them (`clock_offset_s`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Direction(enum.StrEnum):
    OUTBOUND = "outbound"
    INBOUND = "inbound"


class LegRole(enum.StrEnum):
    CLIENT = "client"
    OPERATOR = "operator"
    THIRD = "third"  # whom the operator brought in: a colleague, or a number out over the line


class Outcome(enum.StrEnum):
    """What came of a call, as campaigns understand it (spec T2.5); the raw cause is kept beside it."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    WRONG_NUMBER = "wrong_number"
    CONGESTION = "congestion"
    FAILED = "failed"  # by us or by the PBX, before any network was asked
    UNKNOWN = "unknown"  # an order whose fate nobody can tell; keeps the pause between attempts


class EndReason(enum.StrEnum):
    """Why we believe that a call is over."""

    HANGUP = "hangup"  # the PBX said so
    REFUSED = "refused"  # the PBX never made a channel
    LOST_SIGHT = "lost_sight"  # it was gone when the connection came back
    PBX_RESTARTED = "pbx_restarted"
    OPERATOR_LOST = "operator_lost"  # the operator's phone was lost and did not come back in time


class Party(enum.StrEnum):
    CLIENT = "client"
    OPERATOR = "operator"
    THIRD = "third"
    SYSTEM = "system"


# --- what a PBX reports -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxEvent:
    """Something that happened to one leg. `leg` is the PBX's unique id of the channel, `at` its clock (s)."""

    leg: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCreated(PbxEvent):
    number: str = ""  # the other party's number as the PBX gives it: text from outside, never trusted
    name: str = ""  # the caller's name: text from outside, never trusted
    dialled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRinging(PbxEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered(PbxEvent):
    """The leg is up: from Newstate Up, DialEnd ANSWER or OriginateResponse Success; may come often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDialEnded(PbxEvent):
    """A dial of this leg ended without an answer; `status` is Asterisk's word (BUSY, NOANSWER, ...)."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegOrderFailed(PbxEvent):
    """The order to create this leg failed; `reason` is OriginateResponse's number. May follow LegEnded."""

    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegBridged(PbxEvent):
    bridge: str
    room: bool = False  # of several: who is awaited there may come later than the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class LegUnbridged(PbxEvent):
    bridge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHeld(PbxEvent):
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSetAside(PbxEvent):
    """We took this leg out of its bridge and it hears music, until it enters a bridge again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAlone(PbxEvent):
    """Whom this client's leg spoke with is gone; it hears music for 20 s, and is hung up then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHangupRequested(PbxEvent):
    """Somebody at this leg's own end hung up (the PBX received it from the network)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded(PbxEvent):
    cause: int  # Q.850
    tech_cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegTransferred(PbxEvent):
    """This leg was sent on to somebody else by the one it spoke with; it keeps its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(PbxEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPaused(PbxEvent):
    """Silence is written from now on (`paused`), or sound again; time goes on in the file."""

    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReady(PbxEvent):
    """An operator's leg stands in the session loop, hearing music, free for the next client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientReady(PbxEvent):
    """An answered client's leg stands in its context, recorded, waiting to be bridged. `call` is ours."""

    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdReady(PbxEvent):
    """A third party answered and waits 15 s to be bridged, hearing nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundOffered(PbxEvent):
    """A call from outside asks where to go; the dialplan waits half a second for us (spec I2.7)."""

    number: str
    name: str
    dialled: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundFellBack(PbxEvent):
    """The dialplan went its own way with an inbound call: too late to take it."""


# --- what a PBX answers when asked what lives ---------------------------------------------------------------


class Place(enum.StrEnum):
    """Where in the dialplan a leg stands, as far as it tells us something (see asterisk-conf)."""

    CLIENT = "callwright-client"  # answered; outside a bridge: waits for the operator
    HOLD = "callwright-hold"  # set aside by us; outside a bridge: hears music
    ALONE = "callwright-alone"  # outside a bridge: whom it spoke with is gone
    THIRD = "callwright-third"  # answered; outside a bridge: waits to be bridged
    ROOM = "callwright-room"
    RING = "callwright-inbound-ring"  # ours to take, and not taken yet
    FALLBACK = "callwright-fallback"  # the dialplan went its own way with it


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLeg:
    leg: str
    name: str
    up: bool
    bridge: str
    number: str
    context: str
    since: float  # PBX clock, computed from its duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All legs that live at `at` (PBX clock). `started` is the PBX's own start: another one, another life."""

    at: float
    started: str
    legs: tuple[LiveLeg, ...]


# --- what we remember ---------------------------------------------------------------------------------------


class CallState(enum.StrEnum):
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"  # up, not (or no longer) together with anybody
    BRIDGED = "bridged"
    HELD = "held"
    TRANSFERRED = "transferred"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What is known of one channel: facts, each merged so that the order of their coming does not matter.

    Times keep the earliest that was reported. `stays` says when the leg first entered each bridge.
    """

    id: str
    role: LegRole
    created_at: float | None = None
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    bridge: str = ""
    room: bool = False  # the bridge it is in is a room of several
    stands: Place | None = None  # outside any bridge: set aside, left alone, ready to be joined
    stands_at: float | None = None  # when that was said
    placed_at: float | None = None  # when it last entered or left a bridge: what is older is told again
    stays: tuple[tuple[str, float], ...] = ()
    held: bool = False
    held_at: float | None = None  # when `held` last changed
    transferred_at: float | None = None
    hangup_requested_at: float | None = None  # its own end hung up
    hangup_ordered_at: float | None = None  # we hung it up
    cause: int | None = None
    other_cause: int | None = None  # of the other half of a Local channel, which may know better
    tech_cause: str = ""
    dial_status: str = ""
    order_reason: int | None = None
    recordings_at: tuple[float, ...] = ()  # when each of its recordings began
    pauses: tuple[tuple[float, bool], ...] = ()  # when its recording was paused (True) and went on

    @property
    def recording_at(self) -> float | None:
        return min(self.recordings_at, default=None)

    @property
    def paused(self) -> bool:
        """Whether silence is being written; what is recorded anew begins with sound."""
        at, paused = self.pauses[-1] if self.pauses else (0.0, False)
        return paused and at >= max(self.recordings_at, default=at)

    @property
    def hangup_requested(self) -> bool:
        return self.hangup_requested_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One conversation: the client's leg, the operator's leg it was joined with, and what came of it.

    Times are the PBX's clock in seconds. `id` is ours (a ULID), of an outbound call the client's leg's too.
    """

    id: str
    direction: Direction
    client: Leg
    state: CallState = CallState.DIALLING
    operator_leg: str = ""
    operator: Leg | None = None  # facts of the operator's leg, as far as they touch this call
    third: Leg | None = None  # whom the operator brought in last; lives on with the client after a transfer
    bridged_at: float | None = None
    outcome: Outcome | None = None
    end_reason: EndReason | None = None
    ended_by: Party | None = None
    seen: frozenset[str] = field(default_factory=frozenset)  # bridges this call stood in
