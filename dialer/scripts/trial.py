"""Which of several versions sells better, by a test that may be looked at any day (spec S2.4).

The sequential test of a mixture of likelihoods (Robbins 1970; Johari and others 2017): its error holds at all looks
together, so that nobody has to decide beforehand when to look. Rates are compared two by two; the risk of a false
alarm is divided among the pairs.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import combinations
from typing import Final, Literal

from msgspec import Struct

ALPHA: Final = 0.05
TYPICAL: Final = 0.05
"""The difference of rates, as a fraction, that the test is quickest to see; it is right for all others too."""

WORTH: Final = 0.02
"""A difference of rates, as a fraction, below which it is all the same which version is taken."""

LEAST_GOALS: Final = 5
"""Below so many goals and misses each, a rate is too coarse for the normal form of the test."""


class Share(Struct, frozen=True, kw_only=True):
    """One version that is tried, and its share of the runs: any positive whole number of parts."""

    version: int
    parts: int


Word = Literal["real", "not_yet", "no_difference"]
"""What the test says of a pair: one is better; nobody can tell yet; no difference worth it."""


class Arm(Struct, frozen=True, kw_only=True):
    """What came of a version: runs that ended, and those of them that met the goal."""

    version: int
    runs: int
    goals: int

    @property
    def rate(self) -> float | None:
        return self.goals / self.runs if self.runs else None


class Interval(Struct, frozen=True, kw_only=True):
    """Where something lies, at all looks together but for the risk; fractions."""

    low: float
    high: float


class Compared(Struct, frozen=True, kw_only=True):
    """`difference` is the other's rate less the first's. `real`: it is no chance any more."""

    one: int
    other: int
    difference: float
    interval: Interval
    real: bool


def drawn(shares: Sequence[Share], at: float) -> int:
    """The version for a run; `at` is a number in [0, 1), drawn by the caller. Raises ValueError without shares."""
    parts = sum(share.parts for share in shares)
    if parts <= 0 or any(share.parts < 0 for share in shares):
        raise ValueError("a trial wants at least one version with a positive share")
    left = at * parts
    for share in shares:
        left -= share.parts
        if left < 0:
            return share.version
    return [share.version for share in shares if share.parts][-1]  # `at` was rounded up to 1


def drawn_for(shares: Sequence[Share], trial: int, run: str) -> int:
    """The version for a run by its id: the same whenever it is asked, and even over many runs."""
    mixed = hashlib.sha256(f"{trial} {run}".encode()).digest()
    return drawn(shares, int.from_bytes(mixed[:6], "big") / 2**48)


def word(pair: Compared, worth: float) -> Word:
    """What the test says of two arms; both words that settle it hold at all looks together."""
    if pair.interval.low > -worth and pair.interval.high < worth:
        return "no_difference"
    return "real" if pair.real else "not_yet"


def winner(arms: Sequence[Arm], *, alpha: float = ALPHA) -> int | None:
    """The version that is really better than each of the others, None while there is none."""
    better = [
        pair.other if pair.difference > 0 else pair.one for pair in compare(arms, alpha=alpha) if pair.real
    ]
    return next((arm.version for arm in arms if better.count(arm.version) == len(arms) - 1 > 0), None)


def compare(arms: Sequence[Arm], *, alpha: float = ALPHA) -> list[Compared]:
    """Every pair of arms, in their order; `alpha` is the risk that any of them is called real by chance."""
    pairs = list(combinations(arms, 2))
    return [_compared(one, other, alpha / len(pairs)) for one, other in pairs]


def interval(arm: Arm, *, alpha: float = ALPHA) -> Interval:
    """Where the true rate of one arm lies."""
    rate, variance = _rate(arm)
    half = _half(variance, alpha) if _enough(arm) else 1.0
    return Interval(low=max(0.0, rate - half), high=min(1.0, rate + half))


def _compared(one: Arm, other: Arm, alpha: float) -> Compared:
    (first, its), (second, their) = _rate(one), _rate(other)
    difference = second - first
    half = _half(its + their, alpha) if _enough(one) and _enough(other) else 1.0
    return Compared(
        one=one.version,
        other=other.version,
        difference=difference,
        interval=Interval(low=max(-1.0, difference - half), high=min(1.0, difference + half)),
        real=abs(difference) > half,
    )


def _enough(arm: Arm) -> bool:
    return min(arm.goals, arm.runs - arm.goals) >= LEAST_GOALS


def _rate(arm: Arm) -> tuple[float, float]:
    """The rate, and its variance: with one more goal and one more miss, so that it is never nothing."""
    if not arm.runs:
        return 0.0, 0.25
    cautious = (arm.goals + 1) / (arm.runs + 2)
    return arm.goals / arm.runs, cautious * (1 - cautious) / arm.runs


def _half(variance: float, alpha: float) -> float:
    """Half the width of the confidence sequence, for a mixture with the spread `TYPICAL`."""
    mixed = TYPICAL**2
    both = variance + mixed
    return math.sqrt(variance * both / mixed * (2 * math.log(1 / alpha) + math.log(both / variance)))
