"""Tables and events that only tests know."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
)

from dialer.events import Event

tested = MetaData()
things = Table(
    "tested_things",
    tested,
    Column("id", Integer, primary_key=True),
    Column("epoch", Integer, nullable=False, default=0),
    Column("note", Text, nullable=False, default=""),
)
parts = Table(
    "tested_parts",
    tested,
    Column("id", Integer, primary_key=True),
    Column("thing_id", ForeignKey("tested_things.id"), nullable=False),
)


class Noted(Event, frozen=True, kw_only=True, tag="tested.noted"):
    n: int


class Ignored(Event, frozen=True, kw_only=True, tag="tested.ignored"):
    n: int


def add(n: int, note: str = "") -> Callable[[Connection], int]:
    """A unit of work that adds one thing and returns its number."""

    def work(connection: Connection) -> int:
        connection.execute(insert(things), {"id": n, "epoch": 0, "note": note})
        return n

    return work


def ids(connection: Connection) -> set[int]:
    """The numbers of all things."""
    return set(connection.execute(select(things.c.id)).scalars())
