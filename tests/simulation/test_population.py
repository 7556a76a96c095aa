"""Simulated people: repeatable, and as many of each kind as was asked for."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dialer.simulation.far_end import Way
from dialer.simulation.population import DEMO, ByDigits, Habits, Population, fate

numbers = st.from_regex(r"\+[1-9][0-9]{6,13}", fullmatch=True)


@given(numbers, st.integers(1, 5), st.integers())
def test_a_fate_is_the_numbers_own(number: str, attempt: int, seed: int) -> None:
    one = fate(number, attempt, seed, DEMO)
    assert one == fate(number, attempt, seed, DEMO)
    assert one.ring_s >= 0
    assert (one.talk_s is not None) == (one.way is Way.ANSWERS)
    assert one.talk_s is None or one.talk_s > 0


@given(numbers, st.integers())
def test_a_wrong_number_stays_wrong(number: str, seed: int) -> None:
    ways = [fate(number, attempt, seed, DEMO).way for attempt in range(1, 6)]
    assert len({way is Way.WRONG_NUMBER for way in ways}) == 1


def test_shares_are_those_asked_for() -> None:
    habits = Habits(wrong_number=0.1, busy=0.2, no_answer=0.1, rejects=0.05, unavailable=0.05)
    fates = [fate(f"+7916{n:07d}", 1, 3, habits) for n in range(4000)]
    ways = Counter(one.way for one in fates)
    assert 0.08 < ways[Way.WRONG_NUMBER] / 4000 < 0.12
    assert 0.15 < ways[Way.BUSY] / 4000 < 0.21
    assert 0.5 < ways[Way.ANSWERS] / 4000 < 0.6
    rings = [one.ring_s for one in fates if one.way is Way.ANSWERS]
    assert 5.5 < sum(rings) / len(rings) < 6.7


def test_the_next_try_may_end_otherwise() -> None:
    people = Population(seed=1)
    seen = {found.ring_s for _ in range(5) if (found := people.number("+79161234567", "trunk"))}
    assert len(seen) > 1


def test_an_unknown_trunk_leads_nowhere() -> None:
    assert Population().number("+79161234567", "nowhere") is None
    assert ByDigits().number("+79161110200", "nowhere") is None
    assert ByDigits().phone("op999") is None
