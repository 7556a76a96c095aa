"""The offset of two clocks: within the quickest ping's half, and mended when a clock is moved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.ami.clock import KEPT, Sample, best, sample, with_sample

DELAY = st.floats(0.0001, 2.0)


@given(st.floats(-3600, 3600), st.lists(st.tuples(DELAY, DELAY), min_size=1, max_size=30))
def test_the_error_is_at_most_half_the_quickest_round_trip(
    offset: float, pings: list[tuple[float, float]]
) -> None:
    samples: tuple[Sample, ...] = ()
    now = 1_795_368_564.0
    for out, back in pings:
        samples = with_sample(samples, sample(now, now + out + back, now + out + offset))
        now += 2
    quickest = min(sum(ping) for ping in pings[-KEPT:])
    assert abs(best(samples).offset_s - offset) <= quickest / 2 + 1e-5


def test_a_clock_that_is_moved_is_believed_at_once() -> None:
    samples = with_sample((), sample(100.0, 100.1, 100.05))
    samples = with_sample(samples, sample(102.0, 102.1, 3702.05))
    assert abs(best(samples).offset_s - 3600) < 0.05


def test_without_a_ping_the_clocks_are_taken_for_one() -> None:
    assert best(()).offset_s == 0.0
