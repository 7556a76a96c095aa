"""How far Asterisk's clock is from ours, from pings: pure.

A ping's answer carries Asterisk's time, taken somewhere between our sending and receiving; so the quickest of
the last pings knows the difference best. `now - Timestamp` of an event is never used: it holds the event's
delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KEPT = 10


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
