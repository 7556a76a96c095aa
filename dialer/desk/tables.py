"""The desks: one row an operator, so that a new page, or a new daemon, goes on where the old one was."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table

from dialer.desk.model import Desk
from dialer.store.schema import JsonText, metadata

desks = Table(
    "desks",
    metadata,
    Column("operator_id", ForeignKey("users.id"), primary_key=True),
    Column("desk", JsonText(Desk), nullable=False),
)
