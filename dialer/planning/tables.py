"""What people have to do: tasks, callbacks without a campaign, clients handed over, words to a colleague."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, text

from dialer.store.schema import UtcDateTime, metadata

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),  # task, hand_over, message
    Column("user_id", ForeignKey("users.id")),  # whose it is, or
    Column("role", String(20), nullable=False, default=""),  # everybody's of this role: the first takes it
    Column("client_id", ForeignKey("clients.id")),
    Column("text", String(2000), nullable=False),
    Column("due_at", UtcDateTime),
    Column("made_by", ForeignKey("users.id"), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("done_by", ForeignKey("users.id")),
    Column("done_at", UtcDateTime),
    CheckConstraint("(user_id IS NULL) <> (role = '')", name="somebodys"),
    Index("ix_tasks_user", "user_id", sqlite_where=text("done_at IS NULL")),
    Index("ix_tasks_role", "role", sqlite_where=text("done_at IS NULL")),
)
