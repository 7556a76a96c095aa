"""How far Asterisk's clock is from ours, from pings: pure.

A ping's answer carries Asterisk's time, taken somewhere between our sending and receiving; so the quickest of
the last pings knows the difference best. `now - Timestamp` of an event is never used: it holds the event's
delay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

KEPT = 10
STEP_S = 1.0  # a difference that grows by more than this at once is a clock that was set


@dataclass(frozen=True, slots=True)
class Sample:
    """`offset_s` is what to add to our clock to get Asterisk's, right to within half of `round_trip_s`."""

    offset_s: float
    round_trip_s: float


def sample(sent_at: float, received_at: float, stamp: float) -> Sample:
    return Sample(stamp - (sent_at + received_at) / 2, max(0.0, received_at - sent_at))


def with_sample(samples: Sequence[Sample], new: Sample) -> tuple[Sample, ...]:
    """The samples to go on with. If the new one cannot be reconciled with the best, a clock was moved."""
    if samples:
        known = best(samples)
        if abs(new.offset_s - known.offset_s) > (new.round_trip_s + known.round_trip_s) / 2 + 0.001:
            return (new,)
    return (*samples, new)[-KEPT:]


def best(samples: Sequence[Sample]) -> Sample:
    return min(samples, key=lambda each: each.round_trip_s, default=Sample(0.0, 0.0))


class Unmoved:
    """Asterisk's clock as if nobody had ever set it, so that the length of a call is its length.

    A step shows in the next ping. Before that it shows in an event that comes from the future, or that is older than
    one which came before it: a connection's events are told in their order. Slow drift is no step: it is followed.
    """

    def __init__(self) -> None:
        self.moved_s = 0.0  # by how much it was set so far
        self._base_s: float | None = None  # what our clock lacked to it before all steps
        self._newest = -math.inf

    @property
    def offset_s(self) -> float:
        """What to add to our clock to get the unmoved one."""
        return self._base_s or 0.0

    def measured(self, offset_s: float) -> None:
        """Take the difference of the clocks that pings tell."""
        if self._base_s is None:
            self._base_s = offset_s
        step = offset_s - self.moved_s - self._base_s
        if abs(step) > STEP_S:
            self._set(step)
        else:
            self._base_s += step

    def at(self, stamp: float, now: float) -> float:
        """The time of an event that comes `now` (our clock)."""
        if self._base_s is None:
            return stamp
        late = now + self._base_s + self.moved_s - stamp
        if late < -STEP_S or stamp < self._newest - STEP_S:
            self._set(-late)
        self._newest = max(self._newest, stamp)
        return stamp - self.moved_s

    def _set(self, step: float) -> None:
        self.moved_s += step
        self._newest = -math.inf
