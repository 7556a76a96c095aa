"""The test of versions against each other: how often it is wrong though looked at daily, and how soon it is right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.scripts.trial import Arm, Share, compare, drawn, interval

DAYS, A_DAY = 60, 40  # two months of forty talks a day and version


def alarms(rates: tuple[float, ...], trials: int, seed: int) -> tuple[float, float]:
    """By simulation: in how many trials any daily look called a difference real, and on which day on average."""
    random = np.random.default_rng(seed)
    goals = np.stack([random.binomial(A_DAY, rate, size=(trials, DAYS)).cumsum(axis=1) for rate in rates])
    found = []
    for trial in range(trials):
        for day in range(DAYS):
            arms = [
                Arm(version=n, runs=A_DAY * (day + 1), goals=int(goals[n, trial, day]))
                for n in range(len(rates))
            ]
            if any(pair.real for pair in compare(arms)):
                found.append(day + 1)
                break
    return len(found) / trials, sum(found) / max(1, len(found))


@pytest.mark.parametrize("rates", [(0.02, 0.02), (0.1, 0.1), (0.3, 0.3), (0.5, 0.5), (0.1, 0.1, 0.1)])
def test_it_is_seldom_wrong_though_looked_at_daily(rates: tuple[float, ...]) -> None:
    wrong, _ = alarms(rates, 300, seed=7)
    # 5 % and what chance adds in 300 trials: three standard deviations are 3.8 %.
    assert wrong <= 0.05 + 0.038
    assert wrong <= 0.05, "it never came near it when this was written"


def test_it_finds_what_is_real() -> None:
    found, days = alarms((0.10, 0.20), 100, seed=7)
    assert found >= 0.95
    assert days < 30


@given(
    st.lists(
        st.integers(0, 5000).flatmap(lambda runs: st.tuples(st.just(runs), st.integers(0, runs))),
        min_size=2,
        max_size=4,
    )
)
def test_whatever_was_counted_makes_sense(counted: list[tuple[int, int]]) -> None:
    arms = [Arm(version=n, runs=runs, goals=goals) for n, (runs, goals) in enumerate(counted)]
    pairs = compare(arms)
    assert len(pairs) == len(arms) * (len(arms) - 1) // 2
    for pair in pairs:
        assert -1 <= pair.interval.low <= pair.difference <= pair.interval.high <= 1
        assert pair.real == (pair.interval.low > 0 or pair.interval.high < 0)
    for arm in arms:
        within = interval(arm)
        assert 0 <= within.low <= (arm.rate or 0.0) <= within.high <= 1


def test_versions_are_drawn_by_their_shares() -> None:
    shares = [Share(version=1, parts=3), Share(version=2, parts=0), Share(version=3, parts=1)]
    assert [drawn(shares, at) for at in (0.0, 0.74, 0.75, 0.999999)] == [1, 1, 3, 3]
    assert drawn(shares, 1.0) == 3
    with pytest.raises(ValueError, match="positive share"):
        drawn([], 0.5)
