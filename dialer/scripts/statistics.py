"""What is learnt of a script's runs: pure counts of runs that ended, and what can be read from them (spec S5.1).

A run counts whole and once, on the day on which it ended. What was gone back on counts as no arrow; what did not
suit (`none`) always counts, for the client did say it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct

from dialer.scripts.run import Ended, RunEnd

Z: Final = 1.959964
"""Of a normal distribution: 95 % lie within so many deviations."""

_RATIO: Final = math.sqrt(2)
EDGES_MS: Final = tuple(round(500 * _RATIO**step) for step in range(27))
"""Where the classes of times part: from half a second to an hour and more, each half as long again."""


class Walked(NamedTuple):
    """A step as it is counted."""

    kind: str
    block: str
    answer: str
    to: str
    took_ms: int

    @property
    def stayed(self) -> bool:
        return self.kind == "none" and self.to == self.block


class Closed(Struct, frozen=True, kw_only=True):
    """A run that ended and counts. `at` in the office's own time zone; `campaign` 0 = none."""

    version: int
    operator: int
    campaign: int
    at: datetime
    end: RunEnd


class RunKey(NamedTuple):
    """`part` is what `key` tells: hour, operator, campaign, stage (the furthest)."""

    version: int
    part: str
    day: str
    key: str


class ArrowKey(NamedTuple):
    version: int
    day: str
    block: str
    kind: str
    answer: str
    next_block: str


class TimeKey(NamedTuple):
    version: int
    day: str
    block: str
    bucket: int


class EndKey(NamedTuple):
    version: int
    day: str
    block: str
    ending: str
    reason: str


Key = RunKey | ArrowKey | TimeKey | EndKey
Tally = dict[Key, tuple[int, ...]]
"""Runs and goals; taken and lost; steps and milliseconds; runs: by the kind of the key."""


def tally(run: Closed, steps: Sequence[Walked]) -> Tally:
    """What one run adds."""
    found: Tally = {}
    day, version, end = run.at.date().isoformat(), run.version, run.end
    goal = int(end.kind is Ended.GOAL_MET)
    parts = {
        "hour": f"{run.at.hour:02}",
        "operator": str(run.operator),
        "campaign": str(run.campaign),
        "stage": end.stage,
    }
    for part, key in parts.items():
        found[RunKey(version, part, day, key)] = (1, goal)
    found[EndKey(version, day, end.block, end.kind.value, end.reason)] = (1,)
    arrows = _way(steps)
    lost = end.kind in (Ended.REFUSED, Ended.FAILED)
    for number, step in enumerate(arrows, start=1):
        arrow = ArrowKey(version, day, step.block, step.kind, step.answer, step.to)
        _add(found, arrow, (1, int(lost and number == len(arrows))))
    walked = set(map(id, arrows))
    for step in steps:
        if step.kind == "none" and id(step) not in walked:
            _add(found, ArrowKey(version, day, step.block, "none", "", step.to), (1, 0))
    for block, took_ms in _stays(steps):
        _add(found, TimeKey(version, day, block, bucket_of(took_ms)), (1, took_ms))
    return found


def merge(into: Tally, more: Mapping[Key, tuple[int, ...]]) -> None:
    """Add one tally to another."""
    for key, amounts in more.items():
        _add(into, key, amounts)


def _add(into: Tally, key: Key, amounts: tuple[int, ...]) -> None:
    known = into.get(key)
    into[key] = amounts if known is None else tuple(a + b for a, b in zip(known, amounts, strict=True))


def _way(steps: Iterable[Walked]) -> list[Walked]:
    """The steps that led to where the run ended: without those that were gone back on."""
    kept: list[Walked] = []
    for step in steps:
        if step.kind == "back":
            while kept and kept[-1].stayed:
                kept.pop()
            del kept[-1:]
        elif step.kind not in ("end", "aside"):
            kept.append(step)
    return kept


def _stays(steps: Iterable[Walked]) -> Iterable[tuple[str, int]]:
    """How long each block was shown before it was left. Its last showing is none: there the result is given."""
    waited = 0
    for step in steps:
        if step.kind in ("end", "aside"):
            waited = 0
        elif step.stayed:
            waited += step.took_ms
        else:
            yield step.block, waited + step.took_ms
            waited = 0


# --- reading ------------------------------------------------------------------------------------------------


class Interval(Struct, frozen=True, kw_only=True):
    """Where a share lies with 95 % confidence; fractions."""

    low: float
    high: float


def wilson(goals: int, runs: int) -> Interval:
    """Wilson's interval (1927) of a share; all of 0..1 where nothing was tried."""
    if not runs:
        return Interval(low=0.0, high=1.0)
    share, square = goals / runs, Z * Z
    middle = (share + square / (2 * runs)) / (1 + square / runs)
    half = Z / (1 + square / runs) * math.sqrt(share * (1 - share) / runs + square / (4 * runs * runs))
    low = 0.0 if goals == 0 else max(0.0, middle - half)
    return Interval(low=low, high=1.0 if goals == runs else min(1.0, middle + half))


def bucket_of(took_ms: int) -> int:
    """The class of a time, 0 to len(EDGES_MS)."""
    return bisect_right(EDGES_MS, took_ms)


def median_ms(classes: Mapping[int, tuple[int, int]]) -> float | None:
    """The median of times by their classes (steps, milliseconds); right to within its class. None without any."""
    total = sum(steps for steps, _ in classes.values())
    before = 0
    for bucket in sorted(classes):
        steps, ms = classes[bucket]
        if steps and (before + steps) * 2 >= total:
            low, high = _edges(bucket, ms / steps)
            return low + (high - low) * (total / 2 - before) / steps
        before += steps
    return None


def _edges(bucket: int, mean_ms: float) -> tuple[float, float]:
    low = EDGES_MS[bucket - 1] if bucket else 0
    if bucket < len(EDGES_MS):
        return low, EDGES_MS[bucket]
    return low, max(low, 2 * mean_ms - low)


def funnel(stages: Sequence[str], furthest: Mapping[str, tuple[int, int]]) -> list[tuple[str, int]]:
    """How many runs came to each stage, in the script's order; first all of them, as the stage "".

    A run that came to a stage has passed those before it. Stages that the script no longer names come to nothing
    but the whole.
    """
    left = sum(runs for runs, _ in furthest.values())
    reached: list[tuple[str, int]] = [("", left)]
    after = sum(furthest.get(stage, (0, 0))[0] for stage in stages)
    for stage in stages:
        reached.append((stage, after))
        after -= furthest.get(stage, (0, 0))[0]
    return reached
