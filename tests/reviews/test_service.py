"""A review from its form to the operator's answer; calls drawn by chance that the test gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from sqlalchemy import Connection, StaticPool, create_engine, insert

from dialer.auth.tables import users
from dialer.reviews import service
from dialer.reviews.model import Card, Mark, Refusal
from dialer.reviews.service import Band, FormRow
from dialer.store.migrations.rooms import whole_metadata
from dialer.telephony.tables import calls, recordings
from tests.reviews.test_model import FORM

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPERATOR, REVIEWER, OTHER = 1, 2, 3
DONE = Card(scores={"greeting": 1, "needs": 5}, marks=(Mark(segment=1, second=9.5, fault="rude"),))


@pytest.fixture
def conn() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    tables = whole_metadata().tables
    names = (
        "users",
        "calls",
        "recordings",
        "clients",
        "campaigns",
        "review_forms",
        "reviews",
        "review_marks",
    )
    with engine.connect() as connection:
        whole_metadata().create_all(connection, tables=[tables[name] for name in names])
        for user in (OPERATOR, REVIEWER, OTHER):
            row = {"id": user, "login": f"u{user}", "name": f"User {user}", "password_hash": "", "role": "x"}
            row |= {"language": "en", "theme": "", "single_keys": True, "phone_kind": "", "endpoint": ""}
            connection.execute(insert(users), row | {"active": True, "created_at": NOW})
        for number, talk_s in enumerate([5, 20, 60, 300, 600]):
            add_call(connection, f"c{number}", talk_s)
        yield connection
    engine.dispose()


def add_call(conn: Connection, call_id: str, talk_s: int) -> None:
    at = NOW - timedelta(hours=2)
    times = {
        "started_at": at,
        "answered_at": at,
        "bridged_at": at,
        "ended_at": at + timedelta(seconds=talk_s),
    }
    row = {"id": call_id, "direction": "outbound", "leg": call_id, "line": "main", "number": "1"}
    conn.execute(insert(calls), row | times | {"operator_id": OPERATOR})
    conn.execute(insert(recordings), {"call_id": call_id, "state": "ready"})


def published(conn: Connection) -> FormRow:
    made = service.publish_form(conn, FORM, of=None, by=OTHER, now=NOW)
    assert isinstance(made, FormRow)
    return made


def begun(conn: Connection, call_id: str = "c3") -> int:
    made = service.begin(conn, call_id, published(conn).id, reviewer_id=REVIEWER, now=NOW)
    assert isinstance(made, int)
    return made


def code(given: object) -> str:
    return given.code if isinstance(given, Refusal) else ""


def test_a_review_is_filled_in_given_and_answered(conn: Connection) -> None:
    one = begun(conn)
    half = msgspec.structs.replace(DONE, scores={"greeting": 1})
    write = {"reviewer_id": REVIEWER, "now": NOW}
    assert service.fill_in(conn, one, half, give=False, **write) is None
    assert service.load(conn, one, operator_id=OPERATOR) is None, "not before it is given"
    assert code(service.fill_in(conn, one, half, give=True, **write)) == "score_missing"
    assert code(service.answer(conn, one, "No!", operator_id=OPERATOR, now=NOW)) == "review_not_yours"
    assert service.fill_in(conn, one, DONE, give=True, **write) is None
    assert code(service.fill_in(conn, one, DONE, give=True, **write)) == "review_given"
    seen = service.load(conn, one, operator_id=OPERATOR)
    assert seen is not None
    assert (seen.points, seen.most, seen.faults, seen.card, seen.reviewer) == (2, 6, 1, DONE, "User 2")
    assert service.load(conn, one, operator_id=OTHER) is None
    assert code(service.answer(conn, one, "x", operator_id=OTHER, now=NOW)) == "review_not_yours"
    assert code(service.answer(conn, one, " ", operator_id=OPERATOR, now=NOW)) == "answer_empty"
    assert service.answer(conn, one, " I was not. ", operator_id=OPERATOR, now=NOW) is None
    assert code(service.answer(conn, one, "x", operator_id=OPERATOR, now=NOW)) == "answer_given"
    (row,) = service.list_page(conn, before=None, operator_id=OPERATOR, given=True)
    assert (row.id, row.answered_at) == (one, NOW)
    (again,) = service.list_of_call(conn, "c3")
    assert again.answer == "I was not."


def test_who_begins_twice_goes_on_and_nobody_writes_for_another(conn: Connection) -> None:
    one = begun(conn)
    assert service.begin(conn, "c3", 999, reviewer_id=REVIEWER, now=NOW) == one
    assert (
        code(service.fill_in(conn, one, DONE, reviewer_id=OTHER, give=False, now=NOW)) == "review_not_yours"
    )
    assert code(service.begin(conn, "c4", 999, reviewer_id=REVIEWER, now=NOW)) == "form_gone"
    form = service.list_forms(conn)[0].id
    assert code(service.begin(conn, "c4", form, reviewer_id=OPERATOR, now=NOW)) == "not_reviewable"
    assert code(service.begin(conn, "nothing", form, reviewer_id=REVIEWER, now=NOW)) == "not_reviewable"


def test_a_review_keeps_its_version_of_the_form(conn: Connection) -> None:
    one = begun(conn)
    first = service.list_forms(conn)[0]
    shorter = msgspec.structs.replace(FORM, questions=FORM.questions[:1])
    second = service.publish_form(conn, shorter, of=first.form, by=OTHER, now=NOW)
    assert isinstance(second, FormRow)
    assert (second.number, second.form) == (2, first.form)
    assert [form.id for form in service.list_forms(conn)] == [second.id]
    kept = service.load(conn, one)
    assert kept is not None and kept.form == first
    assert code(service.publish_form(conn, FORM, of=99, by=OTHER, now=NOW)) == "form_gone"
    assert service.withdraw_form(conn, first.form, NOW)
    assert service.list_forms(conn) == []
    assert not service.withdraw_form(conn, first.form, NOW)


def test_short_and_long_calls_are_drawn_and_the_same_by_the_same_chance(conn: Connection) -> None:
    def ids(band: Band, count: int = 9, seed: int = 1) -> list[str]:
        return [call.id for call in service.draw(conn, band, count, Random(seed).random)]

    assert sorted(ids(Band(most_s=30))) == ["c0", "c1"]
    assert sorted(ids(Band(least_s=180))) == ["c3", "c4"]
    assert ids(Band(operator=OTHER)) == ids(Band(campaign=5)) == ids(Band(since=NOW)) == []
    assert ids(Band(), 3, 7) == ids(Band(), 3, 7)
    assert {call for seed in range(20) for call in ids(Band(), 1, seed)} == {f"c{n}" for n in range(5)}
    begun(conn)
    assert sorted(ids(Band(least_s=180))) == ["c4"], "what is reviewed is not drawn again"
