"""What the suite of the telephony port needs of a PBX under test, and the ear with which it listens."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from dialer.ami.settings import AsteriskSettings
from dialer.telephony.identity import ulid
from dialer.telephony.model import Call, PbxEvent
from dialer.telephony.port import Pbx, Report, Sink
from dialer.telephony.tracker import track

T = TypeVar("T")
DEADLINE_S = 15.0
_ids = itertools.count(1)


def new_id() -> str:
    return ulid(1_795_368_600_000, next(_ids))


class Caller(Protocol):
    """A call from outside."""

    def __call__(
        self, *, number: str, dialled: str, gives_up_s: float | None = None, hangs_up_s: float | None = None
    ) -> None: ...


@dataclass
class Ear:
    """The sink: everything that was reported, a way to wait for more, and somebody who hears it too."""

    heard: list[Report] = field(default_factory=list)
    also: Sink = field(default=lambda report: None)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, report: Report) -> None:
        self.heard.append(report)
        self.also(report)
        self._came.set()

    @property
    def mark(self) -> int:
        return len(self.heard)

    async def until(self, found: Callable[[], T | None], deadline_s: float = DEADLINE_S) -> T:
        """What `found` finds, as soon as it does."""
        async with asyncio.timeout(deadline_s):
            while (what := found()) is None:
                self._came.clear()
                await self._came.wait()
        return what

    async def report(self, kind: type[T], *, since: int = 0, leg: str | None = None) -> T:
        """The first report of a kind from `since` on, of one leg if that is given."""

        def found() -> T | None:
            return next(
                (
                    one
                    for one in self.heard[since:]
                    if isinstance(one, kind) and (leg is None or getattr(one, "leg", None) == leg)
                ),
                None,
            )

        return await self.until(found)

    def events(self) -> list[PbxEvent]:
        return [one for one in self.heard if isinstance(one, PbxEvent)]

    def follow(self, call: Call) -> Call:
        """What the tracker makes of a call from all that was heard."""
        for event in self.events():
            call = track(call, event)
        return call


@dataclass(kw_only=True)
class Bench:
    """A PBX under test. `kill` ends it without a word, `stop` politely, `start` begins another life of it.

    `pace` is how much quicker its people are than the rig's: 1 on a real Asterisk.
    """

    pbx: Pbx
    ear: Ear
    call_in: Caller
    settings: AsteriskSettings
    kill: Callable[[], None]
    stop: Callable[[], None]
    start: Callable[[], None]
    recordings: Path
    pace: float = 1.0
