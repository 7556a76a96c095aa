"""What crosses the AMI wire, as frozen values: what Asterisk says, and what we may ask of it.

The actions here are all that this product ever sends. There is no general "send these headers": a value that
is not one of these types has no way to the socket (`encode.encode` is the only door).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from msgspec import Struct

# --- what Asterisk says -------------------------------------------------------------------------------------


class Message(Struct, frozen=True, gc=False):
    """One event or response. `name` is the event's, "" for a response.

    `headers` holds the last value of each header; `repeated` every value, in order, of those that came twice.
    Text is UTF-8 with `surrogateescape`: bytes that are no UTF-8 survive as lone surrogates.
    """

    name: str
    headers: dict[str, str]
    repeated: dict[str, tuple[str, ...]] = {}

    def get(self, header: str, default: str = "") -> str:
        return self.headers.get(header, default)

    def all(self, header: str) -> tuple[str, ...]:
        """Every value of a header, in the order of the wire."""
        if header in self.repeated:
            return self.repeated[header]
        return (self.headers[header],) if header in self.headers else ()


class Greeting(Struct, frozen=True):
    """The first line of a connection: who answers, and which version of AMI it speaks."""

    text: str
    version: tuple[int, ...]


class Malformed(Struct, frozen=True):
    """A message that was thrown away; reading goes on after the next blank line."""

    reason: str
    size: int


Received = Message | Greeting | Malformed


# --- what we ask --------------------------------------------------------------------------------------------


class Context(enum.StrEnum):
    """The places in the dialplan that we may send a channel to (see asterisk-conf)."""

    SESSION = "callwright-session"
    CLIENT = "callwright-client"
    INBOUND_RING = "callwright-inbound-ring"
    FALLBACK = "callwright-fallback"
    HOLD = "callwright-hold"
    THIRD = "callwright-third"
    ROOM = "callwright-room"
    LISTEN = "callwright-listen"
    ECHO = "callwright-echo"
    CHECK = "callwright-check"


class Extension(enum.StrEnum):
    """Where in a context a channel comes in."""

    START = "s"
    CLIENT = "client"
    OPERATOR = "operator"
    THIRD = "third"
    OUT = "out"
    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


class Variable(enum.StrEnum):
    """The channel variables that we may set, and the one that we only ask for."""

    CALL = "CW_CALL"
    RECORD = "CW_RECORD"
    ROOM = "CW_ROOM"  # the name of a room of three
    MOST = (
        "TIMEOUT(absolute)"  # a function: Asterisk ends the channel so many seconds later, whoever lives then
    )
    SPIED = "CW_SPIED"  # the leg that a supervisor listens to
    BROKEN_OFF = "CHANNEL(checkhangup)"  # "1": it is to leave what it does, for an end or for another place


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operator's phone by its PJSIP name."""

    name: str


@dataclass(frozen=True, slots=True)
class Dialled:
    """A number out over a line. In our template `{number}` is E.164 with +, `{digits}` the same without."""

    line: str
    number: str


@dataclass(frozen=True, slots=True)
class Trial:
    """No phone at all: the dialplan's own place for a trial call, which plays hold music to its other half."""


@dataclass(frozen=True, slots=True)
class Challenge:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """`key` is the MD5 of challenge and secret, or "" for a plain login with the secret itself."""

    user: str
    secret: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    events: str = "system,call,user"


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Logoff:
    pass


@dataclass(frozen=True, slots=True)
class CoreStatus:
    pass


@dataclass(frozen=True, slots=True)
class CoreShowChannels:
    pass


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """The version, and little else."""


@dataclass(frozen=True, slots=True)
class ShowDialPlan:
    """What stands in one context."""

    context: str


@dataclass(frozen=True, slots=True)
class ShowRegistrations:
    """Ours with the providers. The answer's rows besides ours hold passwords: they are never taken apart."""


@dataclass(frozen=True, slots=True)
class AskState:
    """Whether an endpoint is at hand, by the function DEVICE_STATE."""

    endpoint: str


class EndpointSetting(enum.StrEnum):
    """What we read of an endpoint, by the function PJSIP_ENDPOINT: nothing secret is among it."""

    CONTEXT = "context"
    CODECS = "allow"
    BROWSER = "webrtc"


@dataclass(frozen=True, slots=True)
class AskEndpoint:
    endpoint: str
    setting: EndpointSetting


@dataclass(frozen=True, slots=True)
class AskFallback:
    """Who rings when the daemon does not take a call: the global variable CW_FALLBACK."""


@dataclass(frozen=True, slots=True)
class ListCommands:
    """Which actions this account may use: how its rights are known before the first call."""


@dataclass(frozen=True, slots=True)
class ProbeCommand:
    """`Action: Command` with a harmless question; an account that is allowed it has too many rights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    to: Endpoint | Dialled | Trial
    leg: str
    context: Context
    timeout_s: int
    exten: Extension = Extension.START
    caller_id: str = ""
    variables: tuple[tuple[Variable, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bridge:
    client: str
    operator: str


@dataclass(frozen=True, slots=True)
class Hangup:
    leg: str


@dataclass(frozen=True, slots=True)
class Redirect:
    leg: str
    context: Context
    exten: Extension = Extension.START


@dataclass(frozen=True, slots=True)
class RedirectBoth:
    """Two legs at once, so that neither is hung up because the other left their bridge."""

    legs: tuple[str, str]
    context: Context
    extens: tuple[Extension, Extension]


@dataclass(frozen=True, slots=True)
class SetVariable:
    leg: str
    variable: Variable
    value: str


@dataclass(frozen=True, slots=True)
class GetVariable:
    leg: str
    variable: Variable


@dataclass(frozen=True, slots=True)
class Mute:
    """Silence what comes from a leg (by the function MUTEAUDIO: the action MuteAudio needs `system`)."""

    leg: str
    muted: bool


@dataclass(frozen=True, slots=True)
class PlayDigit:
    """One key to a leg's far end. Asterisk answers when it is played; this connection is silent meanwhile."""

    leg: str
    digit: str


@dataclass(frozen=True, slots=True)
class PauseRecording:
    leg: str
    paused: bool


Action = (
    Challenge
    | Login
    | Ping
    | Logoff
    | CoreStatus
    | CoreShowChannels
    | ListCommands
    | ProbeCommand
    | CoreSettings
    | ShowDialPlan
    | ShowRegistrations
    | AskState
    | AskEndpoint
    | AskFallback
    | Originate
    | Bridge
    | Hangup
    | Redirect
    | RedirectBoth
    | SetVariable
    | GetVariable
    | Mute
    | PlayDigit
    | PauseRecording
)
