"""A prepared statement does what SQLAlchemy's own execution does, to the value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)

from dialer.store import prepared
from dialer.store.schema import JsonText, UtcDateTime
from dialer.store.sqlite import connect_writer
from dialer.store.units import close_for_good, open_for_units, unit_engine


class Card(msgspec.Struct, frozen=True):
    name: str


kept = Table(
    "kept",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("card", JsonText(Card, shared=True)),
    Column("flag", Boolean, nullable=False, default=True),
    Column("note", String, nullable=False, default="none"),
    Column("made", JsonText, nullable=False, default=list),
)
ADD = insert(kept)
ALL = select(kept).order_by(kept.c.id)
SOME = select(kept.c.note, kept.c.at).where(kept.c.id >= bindparam("first"), kept.c.note != "left out")
LAST = select(func.max(kept.c.at), func.count())
TURN = update(kept).where(kept.c.id == bindparam("which")).values(flag=bindparam("on")).returning(kept.c.flag)

rows = st.fixed_dictionaries(
    {
        "at": st.none() | st.datetimes(timezones=st.just(UTC)),
        "card": st.none() | st.builds(Card, name=st.text()),
        "made": st.lists(st.integers(0, 9)),
    },
    optional={"flag": st.booleans(), "note": st.text()},
)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    connection, _ = open_for_units(unit_engine(lambda: connect_writer(tmp_path / "kept.db")))
    kept.create(connection)
    yield connection
    close_for_good(connection)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=st.lists(rows, max_size=5))
def test_as_sqlalchemy_does(conn: Connection, given_rows: list[dict[str, Any]]) -> None:
    conn.execute(kept.delete())
    for number, row in enumerate(given_rows, 1):
        assert prepared.add(conn, ADD, row) == number
    assert [tuple(row) for row in prepared.rows(conn, ALL, {})] == [tuple(r) for r in conn.execute(ALL)]
    values = {"first": 2}
    assert prepared.rows(conn, SOME, values) == [tuple(row) for row in conn.execute(SOME, values)]
    assert tuple(prepared.first(conn, LAST, {})) == tuple(conn.execute(LAST).one())  # type: ignore[arg-type]


def test_rows_have_names_and_updates_give_what_they_return(conn: Connection) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    number = prepared.add(conn, ADD, {"at": at, "made": []})
    (row,) = prepared.rows(conn, SOME, {"first": 0})
    assert (row.note, row.at) == ("none", at)
    turned = prepared.first(conn, TURN, {"which": number, "on": False})
    assert turned is not None
    assert turned.flag is False
    assert prepared.first(conn, TURN, {"which": 0, "on": False}) is None


def test_what_is_not_given_is_said(conn: Connection) -> None:
    with pytest.raises(KeyError, match="first"):
        prepared.rows(conn, SOME, {})
    with pytest.raises(ValueError, match=r"kept\.made"):
        prepared.add(conn, ADD, {"at": None})


def test_a_shared_value_is_read_once(conn: Connection) -> None:
    for _ in range(2):
        prepared.add(conn, ADD, {"card": Card("one"), "made": []})
    first, second = prepared.rows(conn, ALL, {})
    assert first.card is second.card
