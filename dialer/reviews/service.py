"""Units of work of reviews: forms published, reviews begun, filled in, given and answered, calls drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from dialer.auth.tables import users
from dialer.campaigns.tables import campaigns
from dialer.clients.tables import clients
from dialer.reviews.model import (
    Card,
    Fault,
    Form,
    Mark,
    Question,
    Refusal,
    check_card,
    check_form,
    drawn,
    total,
)
from dialer.reviews.tables import review_forms, review_marks, reviews
from dialer.telephony.recordings import PLAYABLE
from dialer.telephony.tables import calls, recordings

PAGE = 100
MOST_DRAWN = 50
CONSIDERED = 10_000  # of a drawing: the newest calls that fit
_MICROS = 1_000_000


class FormRow(Struct, frozen=True, kw_only=True):
    """`id` of the version, `form` of all its versions."""

    id: int
    form: int
    number: int
    name: str
    questions: tuple[Question, ...]
    faults: tuple[Fault, ...]
    published_at: datetime


class ReviewRow(Struct, frozen=True, kw_only=True):
    id: int
    call: str
    called_at: datetime
    client: str
    operator: str
    operator_id: int
    reviewer: str
    reviewer_id: int
    campaign: str
    points: int
    most: int
    faults: int
    began_at: datetime
    given_at: datetime | None
    answered_at: datetime | None


class Review(ReviewRow, frozen=True, kw_only=True):
    form: FormRow
    card: Card
    answer: str


class DrawnCall(Struct, frozen=True, kw_only=True):
    id: str
    started_at: datetime
    talk_s: float
    client: str
    operator: str
    campaign: str


class Band(Struct, frozen=True, kw_only=True):
    """Which calls are drawn from: those that were talked so long, not yet reviewed by anybody."""

    least_s: int = 0
    most_s: int | None = None
    operator: int | None = None
    campaign: int | None = None
    since: datetime | None = None


# --- forms ------------------------------------------------------------------------------------------------------


def publish_form(
    conn: Connection, form: Form, *, of: int | None, by: int, now: datetime
) -> FormRow | Refusal:
    """A new form, or the next version `of` one."""
    if (refusal := check_form(form)) is not None:
        return refusal
    latest = conn.execute(select(func.max(review_forms.c.number)).where(review_forms.c.form == of)).scalar()
    if of is not None and latest is None:
        return Refusal(code="form_gone")
    values = {"number": (latest or 0) + 1, "body": form, "published_at": now, "published_by": by}
    new_id: int = conn.execute(
        insert(review_forms).values(form=of or 0, **values).returning(review_forms.c.id)
    ).scalar_one()
    if of is None:
        conn.execute(update(review_forms).where(review_forms.c.id == new_id).values(form=new_id))
    return _form(conn.execute(select(review_forms).where(review_forms.c.id == new_id)).one())


def withdraw_form(conn: Connection, form: int, now: datetime) -> bool:
    """Nothing new is begun with it; what was written on it stays."""
    done = conn.execute(
        update(review_forms)
        .where(review_forms.c.form == form, review_forms.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    return done.rowcount > 0


def list_forms(conn: Connection) -> list[FormRow]:
    """The newest version of each form that is in use."""
    newest = select(func.max(review_forms.c.id)).group_by(review_forms.c.form)
    found = conn.execute(
        select(review_forms)
        .where(review_forms.c.id.in_(newest), review_forms.c.withdrawn_at.is_(None))
        .order_by(review_forms.c.form)
    )
    return [_form(row) for row in found]


def _form(row: Any) -> FormRow:
    body: Form = row.body
    return FormRow(
        id=row.id,
        form=row.form,
        number=row.number,
        name=body.name,
        questions=body.questions,
        faults=body.faults,
        published_at=row.published_at,
    )


# --- reviews ----------------------------------------------------------------------------------------------------

_OPERATORS, _REVIEWERS = users.alias("operators"), users.alias("reviewers")
_FAULTS = (
    select(func.count()).where(review_marks.c.review_id == reviews.c.id).correlate(reviews).scalar_subquery()
)
_ROWS = (
    select(
        reviews,
        _FAULTS.label("faults"),
        calls.c.started_at.label("called_at"),
        clients.c.name.label("client"),
        campaigns.c.name.label("campaign"),
        _OPERATORS.c.name.label("operator"),
        _REVIEWERS.c.name.label("reviewer"),
    )
    .join(calls, calls.c.id == reviews.c.call_id)
    .join(_OPERATORS, _OPERATORS.c.id == reviews.c.operator_id)
    .join(_REVIEWERS, _REVIEWERS.c.id == reviews.c.reviewer_id)
    .outerjoin(clients, clients.c.id == calls.c.client_id)
    .outerjoin(campaigns, campaigns.c.id == calls.c.campaign_id)
)


def begin(conn: Connection, call_id: str, form_id: int, *, reviewer_id: int, now: datetime) -> int | Refusal:
    """A reviewer's review of a call; who has begun one goes on with it."""
    known = conn.execute(
        select(reviews.c.id).where(reviews.c.call_id == call_id, reviews.c.reviewer_id == reviewer_id)
    ).scalar()
    if known is not None:
        return int(known)
    if form_id not in {form.id for form in list_forms(conn)}:
        return Refusal(code="form_gone")
    call = conn.execute(
        select(calls.c.operator_id).where(calls.c.id == call_id, calls.c.answered_at.is_not(None))
    ).first()
    if call is None or call.operator_id is None or call.operator_id == reviewer_id:
        return Refusal(code="not_reviewable")
    values = {"call_id": call_id, "form_id": form_id, "operator_id": call.operator_id, "scores": {}}
    return int(
        conn.execute(
            insert(reviews).values(**values, reviewer_id=reviewer_id, began_at=now).returning(reviews.c.id)
        ).scalar_one()
    )


def fill_in(
    conn: Connection, review_id: int, card: Card, *, reviewer_id: int, give: bool, now: datetime
) -> Refusal | None:
    """Keep what the reviewer has written; `give` it to the operator, after which it changes no more."""
    row = conn.execute(
        select(reviews.c.reviewer_id, reviews.c.given_at, review_forms.c.body)
        .join(review_forms, review_forms.c.id == reviews.c.form_id)
        .where(reviews.c.id == review_id)
    ).first()
    if row is None or row.reviewer_id != reviewer_id:
        return Refusal(code="review_not_yours")
    if row.given_at is not None:
        return Refusal(code="review_given")
    if (refusal := check_card(row.body, card, whole=give)) is not None:
        return refusal
    sum_of = total(row.body, card)
    written = {"scores": card.scores, "comment": card.comment, "points": sum_of.points, "most": sum_of.most}
    conn.execute(
        update(reviews).where(reviews.c.id == review_id).values(**written, given_at=now if give else None)
    )
    conn.execute(delete(review_marks).where(review_marks.c.review_id == review_id))
    for number, mark in enumerate(sorted(card.marks, key=lambda m: (m.segment, m.second)), start=1):
        values = {"segment": mark.segment, "second": mark.second, "fault": mark.fault, "note": mark.note}
        conn.execute(insert(review_marks).values(review_id=review_id, number=number, **values))
    return None


def answer(conn: Connection, review_id: int, text: str, *, operator_id: int, now: datetime) -> Refusal | None:
    """The operator's word on a review, once."""
    row = conn.execute(
        select(reviews.c.answered_at).where(
            reviews.c.id == review_id,
            reviews.c.operator_id == operator_id,
            reviews.c.given_at.is_not(None),
        )
    ).first()
    if row is None:
        return Refusal(code="review_not_yours")
    if row.answered_at is not None:
        return Refusal(code="answer_given")
    if not text.strip():
        return Refusal(code="answer_empty")
    conn.execute(
        update(reviews).where(reviews.c.id == review_id).values(answer=text.strip(), answered_at=now)
    )
    return None


def load(conn: Connection, review_id: int, *, operator_id: int | None = None) -> Review | None:
    """One review; an operator sees their own, once it is given."""
    query = _ROWS.where(reviews.c.id == review_id)
    if operator_id is not None:
        query = query.where(reviews.c.operator_id == operator_id, reviews.c.given_at.is_not(None))
    row = conn.execute(query).first()
    return _review(conn, row) if row is not None else None


def list_of_call(conn: Connection, call_id: str) -> list[Review]:
    found = conn.execute(_ROWS.where(reviews.c.call_id == call_id).order_by(reviews.c.id)).all()
    return [_review(conn, row) for row in found]


def list_page(
    conn: Connection, *, before: int | None, operator_id: int | None, given: bool = False
) -> list[ReviewRow]:
    """Reviews, the newest first."""
    wanted: list[ColumnElement[bool]] = [reviews.c.given_at.is_not(None)] if given else []
    if before is not None:
        wanted.append(reviews.c.id < before)
    if operator_id is not None:
        wanted.append(reviews.c.operator_id == operator_id)
    found = conn.execute(_ROWS.where(*wanted).order_by(reviews.c.id.desc()).limit(PAGE))
    return [ReviewRow(**_facts(row)) for row in found]


_FACTS = (
    "id", "called_at", "operator", "operator_id", "reviewer", "reviewer_id", "points", "most", "faults",
    "began_at", "given_at", "answered_at",
)  # fmt: skip


def _facts(row: Any) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in _FACTS}
    return facts | {"call": row.call_id, "client": row.client or "", "campaign": row.campaign or ""}


def _review(conn: Connection, row: Row[Any]) -> Review:
    form: Any = conn.execute(select(review_forms).where(review_forms.c.id == row.form_id)).one()
    marks = conn.execute(
        select(review_marks).where(review_marks.c.review_id == row.id).order_by(review_marks.c.number)
    )
    listed = tuple(Mark(segment=m.segment, second=m.second, fault=m.fault, note=m.note) for m in marks)
    return Review(
        **_facts(row),
        form=_form(form),
        card=Card(scores=row.scores, marks=listed, comment=row.comment),
        answer=row.answer,
    )


# --- drawing ----------------------------------------------------------------------------------------------------


def draw(conn: Connection, band: Band, count: int, chance: Callable[[], float]) -> Sequence[DrawnCall]:
    """Calls to be reviewed, at random among those that fit; `chance` gives numbers in [0, 1)."""
    talked = calls.c.ended_at - calls.c.bridged_at
    wanted: list[ColumnElement[bool]] = [
        calls.c.operator_id.is_not(None),
        recordings.c.state.in_(PLAYABLE),
        talked >= band.least_s * _MICROS,
        ~select(reviews.c.id).where(reviews.c.call_id == calls.c.id).exists(),
    ]
    if band.most_s is not None:
        wanted.append(talked <= band.most_s * _MICROS)
    if band.operator is not None:
        wanted.append(calls.c.operator_id == band.operator)
    if band.campaign is not None:
        wanted.append(calls.c.campaign_id == band.campaign)
    if band.since is not None:
        wanted.append(calls.c.started_at >= band.since)
    ids = conn.execute(
        select(calls.c.id)
        .join(recordings, recordings.c.call_id == calls.c.id)
        .where(*wanted)
        .order_by(calls.c.started_at.desc())
        .limit(CONSIDERED)
    )
    chosen = drawn(ids.scalars().all(), [chance() for _ in range(min(count, MOST_DRAWN))])
    found = conn.execute(
        select(
            calls.c.id,
            calls.c.started_at,
            calls.c.bridged_at,
            calls.c.ended_at,
            clients.c.name.label("client"),
            users.c.name.label("operator"),
            campaigns.c.name.label("campaign"),
        )
        .join(users, users.c.id == calls.c.operator_id)
        .outerjoin(clients, clients.c.id == calls.c.client_id)
        .outerjoin(campaigns, campaigns.c.id == calls.c.campaign_id)
        .where(calls.c.id.in_(chosen))
    )
    by_id = {row.id: _drawn(row) for row in found}
    return [by_id[call_id] for call_id in chosen if call_id in by_id]


def _drawn(row: Any) -> DrawnCall:
    return DrawnCall(
        id=row.id,
        started_at=row.started_at,
        talk_s=(row.ended_at - row.bridged_at).total_seconds(),
        client=row.client or "",
        operator=row.operator,
        campaign=row.campaign or "",
    )
