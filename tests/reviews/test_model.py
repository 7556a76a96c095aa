"""Score cards: what may stand on them, what they come to, and chance that is fair."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.reviews.model import (
    MOST_MARKS,
    Card,
    Fault,
    Form,
    Mark,
    Question,
    check_card,
    check_form,
    drawn,
    total,
)

FORM = Form(
    name="Sales call",
    questions=(
        Question(id="greeting", text="Greets by name", points=1),
        Question(id="needs", text="Asks before offering", points=5),
        Question(id="extra", text="Something special", points=3, required=False),
    ),
    faults=(Fault(id="rude", text="Rude", points=4), Fault(id="pause", text="Long silence")),
)
RUDE = Mark(segment=1, second=12.5, fault="rude")


def code(card: Card, *, whole: bool = True) -> str:
    refusal = check_card(FORM, card, whole=whole)
    return refusal.code if refusal else ""


def test_a_card_is_checked() -> None:
    good = {"greeting": 1, "needs": 0}
    assert code(Card(scores=good, marks=(RUDE,))) == ""
    assert code(Card(scores={"greeting": 1})) == "score_missing"
    assert code(Card(scores={"greeting": 1}), whole=False) == ""
    assert code(Card(scores=good | {"what": 1})) == "score_unknown"
    assert code(Card(scores=good | {"needs": 6})) == "score_range"
    assert code(Card(scores=good | {"needs": -1})) == "score_range"
    assert code(Card(scores=good, marks=(Mark(segment=1, second=1, fault="x"),))) == "fault_unknown"
    for segment, second in ((0, 1.0), (1, -1.0), (1, float("nan")), (1, 1e9)):
        mark = Mark(segment=segment, second=second, fault="rude")
        assert code(Card(scores=good, marks=(mark,))) == "mark_place"
    assert code(Card(scores=good, marks=(RUDE,) * (MOST_MARKS + 1))) == "too_many"


def test_faults_take_points_off_and_what_is_left_open_is_not_counted() -> None:
    assert msgspec.to_builtins(total(FORM, Card(scores={"greeting": 1, "needs": 4}))) == {
        "points": 5,
        "most": 6,
    }
    card = Card(scores={"greeting": 1, "needs": 4, "extra": 0}, marks=(RUDE,))
    assert msgspec.to_builtins(total(FORM, card)) == {"points": 1, "most": 9}
    assert total(FORM, Card(scores={"greeting": 0, "needs": 1}, marks=(RUDE, RUDE))).points == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, ""),
        ({"name": " "}, "form_empty"),
        ({"questions": ()}, "form_empty"),
        ({"questions": (Question(id="a", text=" ", points=1),)}, "form_empty"),
        ({"questions": (Question(id="a", text="x", points=1),) * 2}, "form_ids"),
        ({"questions": (Question(id="1 a", text="x", points=1),)}, "form_ids"),
        ({"questions": (Question(id="a", text="x", points=0),)}, "form_points"),
        ({"faults": (Fault(id="a", text="x", points=101),)}, "form_points"),
        ({"faults": tuple(Fault(id=f"f{n}", text="x") for n in range(60))}, "too_many"),
    ],
)
def test_a_form_is_checked(change: dict, code: str) -> None:
    refusal = check_form(msgspec.structs.replace(FORM, **change))
    assert (refusal.code if refusal else "") == code


@given(st.lists(st.uuids().map(str), unique=True, max_size=8), st.lists(st.floats(0, 1), max_size=10))
def test_what_is_drawn_is_some_of_it_each_once(calls: list[str], at: list[float]) -> None:
    chosen = drawn(calls, at)
    assert len(chosen) == len(set(chosen)) == min(len(calls), len(at))
    assert set(chosen) <= set(calls)


def test_chance_is_fair() -> None:
    steps = 60
    found = Counter(
        call
        for one in range(steps)
        for other in range(steps)
        for call in drawn("abcd", [one / steps, other / steps])
    )
    assert len(set(found.values())) == 1
