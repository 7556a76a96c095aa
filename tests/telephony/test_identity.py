"""Our identifiers: of one form, sorted by time, safe as a file's name and in a header."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.identity import ulid

times = st.integers(0, 2**48 - 1)
chances = st.integers(0, 2**80 - 1)


@given(times, chances)
def test_the_form(milliseconds: int, chance: int) -> None:
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", ulid(milliseconds, chance))


@given(times, times, chances, chances)
def test_later_sorts_later(one: int, other: int, chance: int, another: int) -> None:
    if one != other:
        assert (ulid(one, chance) < ulid(other, another)) == (one < other)
    else:
        assert (ulid(one, chance) < ulid(other, another)) == (chance < another)


@given(st.integers(0, 2**60), st.integers(0, 2**100))
def test_what_is_too_large_is_cut_and_not_spread(milliseconds: int, chance: int) -> None:
    assert ulid(milliseconds, chance) == ulid(milliseconds % 2**48, chance % 2**80)
