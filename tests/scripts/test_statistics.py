"""What is counted of runs: known cases, Wilson's interval, medians, the funnel."""

from __future__ import annotations

import statistics as plain
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.scripts.run import Ended, RunEnd
from dialer.scripts.statistics import (
    ArrowKey,
    Closed,
    EndKey,
    RunKey,
    TimeKey,
    Walked,
    bucket_of,
    funnel,
    median_ms,
    merge,
    tally,
    wilson,
)

AT = datetime(2026, 11, 22, 13, 5, tzinfo=UTC)


def closed(kind: Ended = Ended.REFUSED, block: str = "no", reason: str = "") -> Closed:
    end = RunEnd(kind=kind, block=block, stage="offer", suggested="", reason=reason)
    return Closed(version=1, operator=7, campaign=0, at=AT, end=end)


def answer(block: str, to: str, took_ms: int = 1_000, given: str = "a") -> Walked:
    return Walked("answer", block, given, to, took_ms)


END = Walked("end", "no", "", "", 90_000)


def test_a_run_is_counted_in_each_part_by_its_day() -> None:
    found = tally(closed(Ended.GOAL_MET), [answer("hello", "no"), END])
    for part, key in (("hour", "13"), ("operator", "7"), ("campaign", "0"), ("stage", "offer")):
        assert found[RunKey(1, part, "2026-11-22", key)] == (1, 1)
    assert found[EndKey(1, "2026-11-22", "no", "goal_met", "")] == (1,)


def test_the_last_arrow_is_where_it_was_lost() -> None:
    found = tally(closed(), [answer("hello", "offer"), answer("offer", "no"), END])
    assert found[ArrowKey(1, "2026-11-22", "hello", "answer", "a", "offer")] == (1, 0)
    assert found[ArrowKey(1, "2026-11-22", "offer", "answer", "a", "no")] == (1, 1)
    won = tally(closed(Ended.GOAL_MET), [answer("hello", "no"), END])
    assert won[ArrowKey(1, "2026-11-22", "hello", "answer", "a", "no")] == (1, 0)


def test_what_was_gone_back_on_is_no_arrow_but_what_did_not_suit_was_said() -> None:
    steps = [
        answer("hello", "offer", given="wrong"),
        Walked("none", "offer", "", "offer", 2_000),
        Walked("back", "offer", "", "hello", 3_000),
        answer("hello", "no", given="right"),
        END,
    ]
    found = tally(closed(), steps)
    arrows = {key[2:]: amounts for key, amounts in found.items() if isinstance(key, ArrowKey)}
    assert arrows == {("hello", "answer", "right", "no"): (1, 1), ("offer", "none", "", "offer"): (1, 0)}


def test_a_block_is_timed_once_a_showing_and_not_while_the_result_is_given() -> None:
    steps = [Walked("none", "hello", "", "hello", 2_000), answer("hello", "no", 3_000), END]
    found = tally(closed(), steps)
    times = {key: amounts for key, amounts in found.items() if isinstance(key, TimeKey)}
    assert times == {TimeKey(1, "2026-11-22", "hello", bucket_of(5_000)): (1, 5_000)}


@pytest.mark.parametrize(
    ("goals", "runs", "low", "high"),  # Newcombe 1998, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(goals: int, runs: int, low: float, high: float) -> None:
    found = wilson(goals, runs)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_interval_holds_its_share(one: int, other: int) -> None:
    goals, runs = min(one, other), max(one, other)
    found = wilson(goals, runs)
    assert 0 <= found.low <= (goals / runs if runs else 0.5) <= found.high <= 1


@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=60))
def test_a_median_is_right_to_within_its_class(times: list[int]) -> None:
    classes: dict[int, tuple[int, int]] = {}
    for ms in times:
        steps, total = classes.get(bucket_of(ms), (0, 0))
        classes[bucket_of(ms)] = (steps + 1, total + ms)
    found = median_ms(classes)
    assert found is not None
    buckets = {bucket_of(plain.median_low(times)), bucket_of(plain.median_high(times))}
    assert min(buckets) <= bucket_of(round(found)) <= max(buckets) + 1
    assert median_ms({}) is None


def test_who_came_far_has_passed_what_lies_before() -> None:
    furthest = {"": (10, 0), "contact": (5, 0), "offer": (3, 1), "sale": (2, 2), "gone": (1, 0)}
    assert funnel(("contact", "offer", "sale"), furthest) == [
        ("", 21),
        ("contact", 10),
        ("offer", 5),
        ("sale", 2),
    ]


@given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=4), max_size=5))
def test_tallies_merge_in_any_order(runs: list[list[tuple[str, str]]]) -> None:
    all_of_them = [tally(closed(), [answer(a, b) for a, b in run]) for run in runs]
    forth: dict = {}
    back: dict = {}
    for one in all_of_them:
        merge(forth, one)
    for one in reversed(all_of_them):
        merge(back, one)
    assert forth == back
