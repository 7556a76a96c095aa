"""What can be learned of a PBX without calling anybody, as plain values; and who learns it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

UNKNOWN = ""  # a PBX that would not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to ask after: contexts of the dialplan, endpoints by their PJSIP names (of lines and of phones)."""

    contexts: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing more could be asked: the code is stable, its words stand in the catalogue."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSeen:
    """`state` as the PBX has it (NOT_INUSE, UNAVAILABLE, INVALID, ...); "" where it would not say."""

    state: str = UNKNOWN
    context: str = UNKNOWN
    codecs: tuple[str, ...] = ()
    browser: bool | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One priority of the dialplan."""

    application: str
    data: str


@dataclass(frozen=True, slots=True)
class Registration:
    """Ours with a provider: `state` is Registered, Rejected, Unregistered, ..."""

    name: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSeen:
    """What a call within the PBX showed: it plays a second of hold music to itself and records it.

    `music_s`: how long the music lasted, None if it never came to its end; `events`: names of all that came.
    """

    failed: str = ""
    music_s: float | None = None
    events: frozenset[str] = frozenset()
    untimed: bool = False  # an event came without its time


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxSeen:
    """One PBX. With a `trouble` the rest is what was learned before it; None: it would not say."""

    name: str
    host: str
    port: int
    user: str
    trouble: Trouble | None = None
    version: str = UNKNOWN
    excess: tuple[str, ...] = ()
    excess_allowed: bool = False
    lacking: tuple[str, ...] = ()
    booted: bool = True
    offset_s: float = 0.0
    contexts: Mapping[str, tuple[Step, ...]] | None = None
    endpoints: Mapping[str, EndpointSeen] = field(default_factory=dict)
    registrations: tuple[Registration, ...] | None = None
    fallback: str | None = None
    trial: TrialSeen | None = None  # None: there is no such place in its dialplan


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoSeen:
    """A phone that was rung to hear its own echo. `cause`: why it ended, a Q.850 number, 0 unknown."""

    answered: bool
    rang: bool = False
    talked_s: float = 0.0
    cause: int = 0
    failed: str = ""


Told = Callable[[str], None]


class Examiner(Protocol):
    """Looks at one PBX over a connection of its own, beside whatever else the daemon does with it."""

    name: str

    async def examine(self, wanted: Wanted, told: Told) -> PbxSeen:
        """All there is to see, within half a minute; never raises for what a PBX may do. `told`: the steps."""
        ...

    async def ring(self, endpoint: str, *, timeout_s: int) -> EchoSeen:
        """Ring a phone into an echo, and follow the call to its end."""
        ...
