"""A score card and what is written on it: pure values, their checks and their sum (spec S5.3).

Refusals: form_empty, form_ids, form_points, form_gone, score_unknown{question}, score_range{question,most},
score_missing{question}, fault_unknown{fault}, mark_place, too_many{limit}, review_given, review_not_yours,
not_reviewable, answer_empty, answer_given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from dialer.scripts.model import ID

MOST_ROWS: Final = 60
MOST_MARKS: Final = 200
MOST_POINTS: Final = 100
MOST_SECONDS: Final = 86_400.0

Short = Annotated[str, Meta(max_length=200)]
Words = Annotated[str, Meta(max_length=2_000)]


class Question(Struct, frozen=True, kw_only=True):
    """Something that is judged, with 0 to `points` points; with one point it is a yes or a no."""

    id: Annotated[str, Meta(max_length=40)]
    text: Short
    points: int
    required: bool = True


class Fault(Struct, frozen=True, kw_only=True):
    """A kind of fault that may be marked at a second; each mark takes so many points off."""

    id: Annotated[str, Meta(max_length=40)]
    text: Short
    points: int = 0


class Form(Struct, frozen=True, kw_only=True):
    """A score card. A version of it never changes: a review keeps the one that it was written on."""

    name: Short
    questions: tuple[Question, ...]
    faults: tuple[Fault, ...] = ()


class Mark(Struct, frozen=True, kw_only=True):
    """What was heard at a second of a segment of the recording."""

    segment: int
    second: float
    fault: str
    note: Annotated[str, Meta(max_length=500)] = ""


class Card(Struct, frozen=True, kw_only=True):
    """What a reviewer has filled in: points by question, marks, and words for the operator."""

    scores: dict[str, int] = {}
    marks: tuple[Mark, ...] = ()
    comment: Words = ""


class Total(Struct, frozen=True, kw_only=True):
    """Points of those that could be had: of the questions that were answered, less those of the faults."""

    points: int
    most: int


class Refusal(Struct, frozen=True, kw_only=True):
    code: str
    params: dict[str, str | int] = {}


def check_form(form: Form) -> Refusal | None:
    """What speaks against a form."""
    if not form.questions or not form.name.strip():
        return Refusal(code="form_empty")
    rows: list[Question | Fault] = [*form.questions, *form.faults]
    if len(rows) > MOST_ROWS:
        return Refusal(code="too_many", params={"limit": MOST_ROWS})
    for ids in ([row.id for row in form.questions], [row.id for row in form.faults]):
        if len(set(ids)) < len(ids) or not all(ID.fullmatch(each) for each in ids):
            return Refusal(code="form_ids")
    if not all(row.text.strip() for row in rows):
        return Refusal(code="form_empty")
    least = [*(question.points - 1 for question in form.questions), *(fault.points for fault in form.faults)]
    if min(least) < 0 or max(least) > MOST_POINTS:
        return Refusal(code="form_points")
    return None


def check_card(form: Form, card: Card, *, whole: bool) -> Refusal | None:
    """What speaks against a card; a `whole` one has all that is required."""
    questions = {question.id: question for question in form.questions}
    for question_id, points in card.scores.items():
        question = questions.get(question_id)
        if question is None:
            return Refusal(code="score_unknown", params={"question": question_id[:40]})
        if not 0 <= points <= question.points:
            return Refusal(code="score_range", params={"question": question.text, "most": question.points})
    if len(card.marks) > MOST_MARKS:
        return Refusal(code="too_many", params={"limit": MOST_MARKS})
    faults = {fault.id for fault in form.faults}
    for mark in card.marks:
        if mark.fault not in faults:
            return Refusal(code="fault_unknown", params={"fault": mark.fault[:40]})
        if not (1 <= mark.segment <= 99 and 0 <= mark.second <= MOST_SECONDS):
            return Refusal(code="mark_place")
    for question in form.questions:
        if whole and question.required and question.id not in card.scores:
            return Refusal(code="score_missing", params={"question": question.text})
    return None


def total(form: Form, card: Card) -> Total:
    """Never below nothing. What was left open (and need not be answered) is not counted against anybody."""
    most = sum(question.points for question in form.questions if question.id in card.scores)
    cost: Mapping[str, int] = {fault.id: fault.points for fault in form.faults}
    points = sum(card.scores.values()) - sum(cost.get(mark.fault, 0) for mark in card.marks)
    return Total(points=max(0, points), most=most)


def drawn(calls: Sequence[str], at: Sequence[float]) -> list[str]:
    """As many of the calls as there are numbers in [0, 1), each at most once, all equally likely."""
    left = list(calls)
    return [left.pop(min(len(left) - 1, int(number * len(left)))) for number in at[: len(left)]]
