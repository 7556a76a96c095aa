from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.automation.circuit import LONGEST_S, OPENS_AT, PAUSES_S, Circuit, again_at, may_come_right

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@given(tries=st.integers(1, 30), chance=st.floats(0, 1, exclude_max=True))
def test_pauses_grow_and_come_to_an_end(tries: int, chance: float) -> None:
    at, after = again_at(tries, NOW, chance), again_at(tries + 1, NOW, chance)
    assert (at is None) == (tries > len(PAUSES_S))
    if at is not None:
        assert NOW < at <= NOW + timedelta(hours=10)
    if at is not None and after is not None:
        assert after >= at


def test_all_tries_take_about_a_day() -> None:
    assert timedelta(hours=20) < timedelta(seconds=sum(PAUSES_S)) < timedelta(hours=30)


@pytest.mark.parametrize(
    ("status", "again"),
    [
        (None, True),
        (500, True),
        (503, True),
        (429, True),
        (408, True),
        (400, False),
        (404, False),
        (302, False),
    ],
)
def test_what_may_come_right(status: int | None, again: bool) -> None:
    assert may_come_right(status) is again


@given(tries=st.lists(st.booleans(), max_size=40))
def test_a_receiver_that_fails_is_left_in_peace_and_one_success_forgives(tries: list[bool]) -> None:
    circuit, now, row = Circuit(), NOW, 0
    for right in tries:
        circuit = circuit.after(right, now)
        row = 0 if right else row + 1
        assert circuit.lets_through(now) == (row < OPENS_AT)
        if circuit.open_until is not None:
            assert timedelta(0) < circuit.open_until - now <= timedelta(seconds=LONGEST_S)
            now = circuit.open_until
            assert circuit.lets_through(now)
