"""Tables and events that only tests know."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

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
