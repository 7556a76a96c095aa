"""Which number a client sees."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.caller_ids import Rotation, choices, choose

IDS = st.lists(st.sampled_from("abcdef"), max_size=6)
ROTATIONS: st.SearchStrategy[Rotation] = st.sampled_from(("fixed", "round_robin", "same_for_client"))


@given(own=IDS, wanted=IDS)
def test_never_a_number_that_the_line_does_not_own(own: list[str], wanted: list[str]) -> None:
    offered = choices(own, wanted)
    assert set(offered) <= set(own)
    assert bool(offered) == bool(own)
    assert len(set(offered)) == len(offered)
    if set(wanted) & set(own):
        assert set(offered) <= set(wanted)


@given(ids=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True), rotation=ROTATIONS)
def test_in_turn_each_is_shown_as_often_as_any_other(ids: list[str], rotation: Rotation) -> None:
    last, shown = "", []
    for _ in range(3 * len(ids)):
        last = choose(ids, rotation, seen="", last=last)
        shown.append(last)
    if rotation == "fixed":
        assert set(shown) == {ids[0]}
    else:
        assert shown == ids * 3


@given(
    ids=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True), last=st.sampled_from("abcx")
)
def test_who_is_called_again_sees_the_same(ids: list[str], last: str) -> None:
    for seen in ids:
        assert choose(ids, "same_for_client", seen=seen, last=last) == seen
    assert choose(ids, "same_for_client", seen="gone", last=last) in ids


def test_a_line_without_numbers_shows_the_pbxs_own() -> None:
    assert choose((), "round_robin", seen="", last="") == ""
