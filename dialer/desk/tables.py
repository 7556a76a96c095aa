"""The desks: one row an operator, so that a new page, or a new daemon, goes on where the old one was; who listens."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, text

from dialer.desk.model import Desk
from dialer.store.schema import JsonText, UtcDateTime, metadata

desks = Table(
    "desks",
    metadata,
    Column("operator_id", ForeignKey("users.id"), primary_key=True),
    Column("desk", JsonText(Desk), nullable=False),
)

# Who listened to whom, when, in which mode: a row a mode, never changed but for its end.
listenings = Table(
    "listenings",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("leg", String(150), nullable=False),  # the PBX's id of the supervisor's channel
    Column("user_id", ForeignKey("users.id"), nullable=False),  # who listens
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("mode", String(10), nullable=False),  # listen, whisper, barge, take_over
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_listenings_call_id", "call_id"),
    Index("ix_listenings_user", "user_id", "started_at"),
    Index("ix_listenings_open", "user_id", sqlite_where=text("ended_at IS NULL")),
)
