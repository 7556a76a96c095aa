"""The port of every PBX: Asterisk over AMI, the virtual PBX behind the same AMI, SIP lines later.

An order is sent once. It ends in a return, `PbxRefused`, `PbxAway` or `OrderInvalid` (it was never sent), or
`OrderUnknown` (it was sent, and nobody can tell what became of it: ask `snapshot`), by its deadline.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dialer.telephony.model import PbxEvent, Snapshot


class PbxError(Exception):
    """An order did not end well; `code` is stable and the page shows its text."""

    code = "pbx_error"


class PbxAway(PbxError):
    """No connection: nothing was sent, nothing is queued."""

    code = "pbx_away"


class PbxRefused(PbxError):
    """The PBX answered no; the message is its own word."""

    code = "pbx_refused"


class OrderInvalid(PbxError):
    """A value in the order may not go to a PBX (see the adapter's encoder): our fault, nothing was sent."""

    code = "order_invalid"


class OrderStopped(PbxError):
    """The kill switch fell between the commit and the order: nothing was sent."""

    code = "line_stopped"


class OrderUnknown(PbxError):
    """Sent, and no answer before the deadline or the end of the connection."""

    code = "order_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOrder:
    """Ring one client. `call` becomes the channel's id, so that it is known before its first event."""

    call: str
    number: str  # E.164 with +
    line: str  # the line's dial template, from the configuration: "PJSIP/{number}@trunk"
    caller_id: str  # digits with an optional +, or ""
    ring_timeout_s: int
    record: bool
    most_s: int | None = None  # so long after the order the PBX itself ends the leg; none = never


class Listening(enum.StrEnum):
    """What a supervisor's leg does at an operator's: hear, be heard by the operator alone, by both."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The PBX is at hand again; what lives there now. Comes before any event of this connection."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    reason: str


Report = PbxEvent | Connected | Disconnected
Sink = Callable[[Report], None]


class Pbx(Protocol):
    """One PBX. Reports go to the sink it was made with, in the order of the wire, on the event loop."""

    name: str

    @property
    def up(self) -> bool: ...

    @property
    def clock_offset_s(self) -> float:
        """What to add to the daemon's clock to get the PBX's."""
        ...

    async def start_session(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        """Ring an operator's phone into the session loop; `leg` becomes the channel's id."""
        ...

    async def dial(self, order: DialOrder) -> None:
        """Ring a client; returns when the PBX has accepted the order, not when the client answers."""
        ...

    async def bridge(self, *, client: str, operator: str) -> None:
        """Join two live legs at once, whichever they are; each is taken out of where it was.

        Whoever stays behind there goes the way of a leg whose bridge has ended: an operator is ready again, a
        third is hung up, a client is `LegAlone`.
        """
        ...

    async def hangup(self, *, leg: str) -> None: ...

    async def bind(self, *, leg: str, left_s: float) -> None:
        """The PBX itself ends a leg after so long, whatever it is joined with until then (as `most_s` says it)."""
        ...

    async def ring_inbound(self, *, leg: str) -> None:
        """Take an inbound call from the dialplan; it hears ringing until `take_inbound` or its own limit."""
        ...

    async def take_inbound(self, *, leg: str, call: str, record: bool) -> None:
        """Answer an inbound call; it is recorded and waits to be bridged (`ClientReady`)."""
        ...

    async def release_inbound(self, *, leg: str) -> None:
        """Give an inbound call back to the dialplan's fallback."""
        ...

    async def mute(self, *, leg: str, muted: bool) -> None:
        """Silence what comes from this leg."""
        ...

    async def hold(self, *, leg: str) -> None:
        """A client's leg leaves its bridge and hears music (`LegSetAside`); `bridge` takes it back."""
        ...

    async def send_digits(self, *, leg: str, digits: str) -> None:
        """Keys for the far end of a leg: 0-9 * # A-D, at most 32; returns when the last is sent."""
        ...

    async def dial_third(self, order: DialOrder) -> None:
        """Ring a third party over a line; `order.call` becomes the leg's id. `ThirdReady` at the answer."""
        ...

    async def ring_third(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        """Ring a colleague's phone that is not in a session. `ThirdReady` at the answer."""
        ...

    async def gather(
        self, *, room: str, client: str, operator: str, third: str, in_session: bool = False
    ) -> None:
        """All three speak together, until the client leaves: then the operator is ready, the third hung up.

        A third who is a colleague `in_session` is ready again, too.

        `bridge` takes the client and one of them out again, and so ends the room; a third who is hung up leaves it.
        """
        ...

    async def listen(self, *, leg: str, endpoint: str, spied: str, mode: Listening, timeout_s: int) -> None:
        """Ring a supervisor's phone to an operator's leg `spied`; it ends when that leg ends."""
        ...

    async def change_listening(self, *, leg: str, mode: Listening) -> None: ...

    async def pause_recording(self, *, leg: str, paused: bool) -> None:
        """Write silence instead of both sides of a client's leg (`RecordingPaused`)."""
        ...

    async def ring_echo(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        """Ring a phone that then hears itself, for at most 20 s."""
        ...

    async def snapshot(self) -> Snapshot: ...
