"""Figures: the greatest of a moving window, and durations by size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.health.figures import Durations, Peak, Spread

_SAMPLES = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 1000)), max_size=60)


@given(_SAMPLES, st.floats(0, 30))
def test_a_peak_is_the_greatest_of_the_last_while(samples: list[tuple[float, float]], after: float) -> None:
    peak, at, all_of_them = Peak(60.0), 0.0, []
    for pause, value in samples:
        at += pause
        peak.add(value, at)
        all_of_them.append((at, value))
    now = at + after
    assert peak.value(now) == max((value for at, value in all_of_them if at > now - 60.0), default=0.0)


@given(st.lists(st.floats(0, 10)))
def test_each_duration_is_counted_once(durations: list[float]) -> None:
    counted = Durations(0.5, 1.0, 5.0)
    for seconds in durations:
        counted.add(seconds)
    spread = counted.figure("x", "X.").value
    assert isinstance(spread, Spread)
    assert sum(spread.counts) == len(durations)
    assert spread.counts[0] == sum(seconds <= 0.5 for seconds in durations), (
        "a bound belongs to what is below"
    )
    assert spread.counts[-1] == sum(seconds > 5.0 for seconds in durations)
    assert abs(spread.total_s - sum(durations)) < 1e-6
