"""Who is offered a call: the holder of the client, else who is idle longest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.inbound.routing import choose

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
free = st.dictionaries(st.integers(1, 20), st.integers(0, 5)).map(
    lambda idle: [(NOW - timedelta(minutes=minutes), who) for who, minutes in idle.items()]
)


@given(free)
def test_who_is_idle_longest_is_asked(operators: list[tuple[datetime, int]]) -> None:
    chosen = choose(operators)
    assert (chosen is None) == (not operators)
    since = {who: when for when, who in operators}
    if chosen is not None:
        assert since[chosen] == min(since.values())
        assert choose(reversed(operators)) == chosen, "the order of asking does not matter"


@given(free, st.integers(1, 20))
def test_the_holder_comes_first_if_they_are_free(operators: list[tuple[datetime, int]], holder: int) -> None:
    there = any(who == holder for _, who in operators)
    assert choose(operators, holder=holder) == (holder if there else choose(operators))
