"""Column types keep what they are given, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.exc import StatementError

from dialer.store.schema import JsonText, UtcDateTime, from_micros, metadata, to_micros


class Card(msgspec.Struct, frozen=True):
    name: str
    at: datetime | None = None


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=offsets)  # noqa: DTZ001
kept = Table(
    "kept",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("card", JsonText(Card)),
    Column("any", JsonText()),
)


@given(moments)
def test_a_moment_survives_to_the_microsecond(moment: datetime) -> None:
    back = from_micros(to_micros(moment))
    assert back == moment
    assert back.tzinfo is UTC


@given(moments, moments)
def test_moments_sort_as_their_numbers(one: datetime, other: datetime) -> None:
    assert (to_micros(one) < to_micros(other)) == (one < other)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_micros(datetime(2026, 1, 1))  # noqa: DTZ001
    engine = create_engine("sqlite://")
    kept.create(engine)
    with engine.begin() as connection, pytest.raises(StatementError):
        connection.execute(insert(kept), {"at": datetime(2026, 1, 1)})  # noqa: DTZ001


def test_values_come_back_as_they_went_in() -> None:
    engine = create_engine("sqlite://")
    kept.create(engine)
    card = Card("Иван ☎", datetime(2026, 1, 1, tzinfo=UTC))
    with engine.begin() as connection:
        connection.execute(insert(kept), {"card": card, "any": {"a": [1, None]}, "at": card.at})
        connection.execute(insert(kept), {"card": None, "any": None, "at": None})
        rows = connection.execute(select(kept.c.card, kept.c.any, kept.c.at).order_by(kept.c.id)).all()
    assert [tuple(row) for row in rows] == [(card, {"a": [1, None]}, card.at), (None, None, None)]


def test_constraints_have_names() -> None:
    assert set(metadata.naming_convention) >= {"ix", "uq", "ck", "fk", "pk"}
