"""Simulated people: what becomes of a call to a number, decided by the number and a seed alone.

A demo shows the same each time. The nth call to a number may end otherwise than the first, but a wrong number
stays wrong.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass

from dialer.simulation.far_end import FarEnd, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Shares of 1 of those who do not answer; the rest does. Times in seconds, `talk` is a median."""

    wrong_number: float = 0.02
    busy: float = 0.07
    no_answer: float = 0.08
    rejects: float = 0.03
    unavailable: float = 0.02
    congestion: float = 0.0
    ring_mean_s: float = 6.0
    ring_shape: float = 4.0  # of the gamma distribution; higher is more regular
    ring_least_s: float = 1.5
    talk_median_s: float = 240.0
    talk_spread: float = 0.5  # sigma of the log-normal
    phone_ring_s: float = 0.3


DEMO = Habits()


class Population:
    """Anybody who can be dialled over `trunks`, and phones of operators who answer at once."""

    def __init__(
        self, *, seed: int = 1, habits: Habits = DEMO, trunks: frozenset[str] = frozenset({"trunk"})
    ) -> None:
        self._seed = seed
        self._habits = habits
        self._trunks = trunks
        self._called: Counter[str] = Counter()

    def number(self, number: str, trunk: str) -> FarEnd | None:
        if trunk not in self._trunks:
            return None
        self._called[number] += 1
        return fate(number, self._called[number], self._seed, self._habits)

    def phone(self, endpoint: str) -> FarEnd | None:
        return FarEnd(ring_s=self._habits.phone_ring_s)


def fate(number: str, attempt: int, seed: int, habits: Habits) -> FarEnd:
    """What happens when this number is called for the nth time."""
    if random.Random(f"{seed}:{number}").random() < habits.wrong_number:  # noqa: S311
        return FarEnd(way=Way.WRONG_NUMBER)
    rng = random.Random(f"{seed}:{number}:{attempt}")  # noqa: S311
    ring_s = ring_time(rng, habits)
    chance = rng.random()
    for way, share in (
        (Way.BUSY, habits.busy),
        (Way.NO_ANSWER, habits.no_answer),
        (Way.REJECTS, habits.rejects),
        (Way.UNAVAILABLE, habits.unavailable),
        (Way.CONGESTION, habits.congestion),
    ):
        if chance < share:
            # Busy and unavailable are the network's word: it comes sooner than a person would.
            quick = way in (Way.BUSY, Way.UNAVAILABLE)
            return FarEnd(way=way, ring_s=min(ring_s, 1.0) if quick else ring_s)
        chance -= share
    return FarEnd(ring_s=ring_s, talk_s=talk_time(rng, habits))


def ring_time(rng: random.Random, habits: Habits) -> float:
    if habits.ring_mean_s <= habits.ring_least_s:
        return habits.ring_mean_s
    shape = habits.ring_shape
    return max(habits.ring_least_s, rng.gammavariate(shape, habits.ring_mean_s / shape))


def talk_time(rng: random.Random, habits: Habits) -> float:
    """Until the client has had enough, if the operator does not end it before."""
    return rng.lognormvariate(math.log(habits.talk_median_s), habits.talk_spread)


class ByDigits:
    """Far ends that behave as the last three digits say: the same as the rig's (tests/rig/far_end.py).

    200 and any other answers and stays; 201, 210 hangs up after 2 s, 10 s; 202 in the moment of the answer; 404,
    503 refused at once; 486, 603, 480 busy, declined, unavailable; 408 rings for ever. Phones op301, op305 and
    op101 answer, op302 hangs up after 2 s, op303 is never answered, op304 is busy; no other phone is there.
    """

    def __init__(self, *, ring_s: float = 0.15, at_once_s: float = 0.01, talk_s: float = 2.0) -> None:
        self._numbers = {
            "201": FarEnd(ring_s=ring_s, talk_s=talk_s),
            "210": FarEnd(ring_s=ring_s, talk_s=5 * talk_s),
            "202": FarEnd(ring_s=ring_s, talk_s=at_once_s),
            "404": FarEnd(way=Way.WRONG_NUMBER),
            "503": FarEnd(way=Way.CONGESTION),
            "486": FarEnd(way=Way.BUSY, ring_s=ring_s),
            "603": FarEnd(way=Way.REJECTS, ring_s=ring_s),
            "480": FarEnd(way=Way.UNAVAILABLE, ring_s=ring_s),
            "408": FarEnd(way=Way.NO_ANSWER),
        }
        self._phones = {
            "op101": FarEnd(ring_s=ring_s),
            "op301": FarEnd(ring_s=ring_s),
            "op305": FarEnd(ring_s=ring_s),
            "op302": FarEnd(ring_s=ring_s, talk_s=talk_s),
            "op303": FarEnd(way=Way.NO_ANSWER),
            "op304": FarEnd(way=Way.BUSY, ring_s=ring_s),
        }
        self._other = FarEnd(ring_s=ring_s)

    def number(self, number: str, trunk: str) -> FarEnd | None:
        if trunk == "dead":
            return FarEnd(way=Way.DEAD)
        return self._numbers.get(number[-3:], self._other) if trunk == "trunk" else None

    def phone(self, endpoint: str) -> FarEnd | None:
        return self._phones.get(endpoint)
