"""What is amiss with the daemon or around it, as a supervisor is to be told: pure.

A trouble has a code, whose texts (what is wrong, what still works, the mend) stand in the pages' catalogues; a
moment since when; and parameters. It is gone when its cause is, or, of what is lost, a while after the last loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

LATE_S = 1.0  # events older than this reach the pages too late
LOST_SHOWN = timedelta(minutes=10)
LOW_BYTES = 500 * 1024 * 1024
Code = Literal[
    "pbx_away",
    "pbx_amiss",
    "events_late",
    "events_lost",
    "disk_full",
    "store_away",
    "disk_low",
    "recordings_wait",
]


class Trouble(Struct, frozen=True, kw_only=True):
    """`cause` is a code within the code, for its mend; `detail` the machine's own words, in English."""

    code: Code
    where: str = ""  # the PBX's name, or which folder
    cause: str = ""
    detail: str = ""
    since: datetime
    number: int = 0  # of what is lost or waits


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxFacts:
    up: bool
    cause: str  # a stable code, "" if all is well
    problem: str
    lag_s: float
    lost: int  # events that came and were not understood or not taken, since the start


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is to be seen at one moment. `free` is bytes by what the folder is for: store, recordings."""

    pbxs: Mapping[str, PbxFacts]
    store_trouble: str = ""
    store_full: bool = False
    set_aside: int = 0  # committed events that a listener gave up, since the start
    recordings_wait: int = 0  # held up by a disk that is full or away
    free: Mapping[str, int]


Key = tuple[str, str]


class Watch:
    """Remembers since when each trouble stands."""

    def __init__(self) -> None:
        self._since: dict[Key, datetime] = {}
        self._lost: dict[Key, _Losses] = {}

    def look(self, facts: Facts, now: datetime) -> list[Trouble]:
        """The troubles that stand now, the most urgent kind first."""
        found = [*self._of_pbxs(facts, now), *self._of_store(facts, now)]
        stand = {(trouble.code, trouble.where) for trouble in found}
        self._since = {key: since for key, since in self._since.items() if key in stand}
        return sorted(found, key=lambda trouble: (_URGENCY.index(trouble.code), trouble.where))

    def _of_pbxs(self, facts: Facts, now: datetime) -> list[Trouble]:
        found = []
        for name, pbx in facts.pbxs.items():
            if not pbx.up:
                found.append(self._trouble("pbx_away", now, where=name, cause=pbx.cause, detail=pbx.problem))
            elif pbx.problem:
                found.append(self._trouble("pbx_amiss", now, where=name, cause=pbx.cause, detail=pbx.problem))
            if pbx.up and pbx.lag_s > LATE_S:
                found.append(self._trouble("events_late", now, where=name, number=round(pbx.lag_s)))
            found += self._losses(name, pbx.lost, now)
        return found

    def _of_store(self, facts: Facts, now: datetime) -> list[Trouble]:
        found = self._losses("", facts.set_aside, now)
        if facts.store_trouble:
            code: Code = "disk_full" if facts.store_full else "store_away"
            found.append(self._trouble(code, now, detail=facts.store_trouble))
        if facts.recordings_wait:
            found.append(self._trouble("recordings_wait", now, number=facts.recordings_wait))
        for where, free in facts.free.items():
            if free < LOW_BYTES:
                found.append(self._trouble("disk_low", now, where=where, number=free // (1024 * 1024)))
        return found

    def _losses(self, where: str, so_far: int, now: datetime) -> list[Trouble]:
        """Losses stand as one trouble from the first to a while after the last."""
        known = self._lost.setdefault(("events_lost", where), _Losses())
        if so_far > known.so_far:
            if known.last is None or now - known.last > LOST_SHOWN:
                known.first, known.before = now, known.so_far
            known.so_far, known.last = so_far, now
        if known.last is None or known.first is None or now - known.last > LOST_SHOWN:
            return []
        lost = known.so_far - known.before
        return [Trouble(code="events_lost", where=where, since=known.first, number=lost)]

    def _trouble(
        self,
        code: Code,
        now: datetime,
        *,
        where: str = "",
        cause: str = "",
        detail: str = "",
        number: int = 0,
    ) -> Trouble:
        since = self._since.setdefault((code, where), now)
        return Trouble(code=code, where=where, cause=cause, detail=detail, since=since, number=number)


@dataclass(slots=True)
class _Losses:
    so_far: int = 0
    before: int = 0  # how many there were when the present run of them began
    first: datetime | None = None
    last: datetime | None = None


_URGENCY: tuple[Code, ...] = (
    "disk_full",
    "store_away",
    "pbx_away",
    "events_lost",
    "events_late",
    "recordings_wait",
    "disk_low",
    "pbx_amiss",
)
