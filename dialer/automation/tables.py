"""What scripts did, once for each step, and what they sent out of the house."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from dialer.scripts.actions import Action
from dialer.store.schema import JsonText, UtcDateTime, metadata

# The key is the step's, so that no action is ever done twice for it; a script that keeps no log has no step here.
actions_done = Table(
    "actions_done",
    metadata,
    Column("run_id", String(26), ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("nth", Integer, primary_key=True),
    Column("place", String(200), nullable=False),  # the block, or block/answer
    Column("action", JsonText(Action), nullable=False),  # as it was carried out
    Column("outcome", String(8), nullable=False),  # done, sent, left_out
    Column("reason", String(40), nullable=False, default=""),  # why it was left out
    Column("note", String(2000), nullable=False, default=""),  # the operator's word on that
    Column("delivery_id", String(60), nullable=False, default=""),
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),  # the operator has seen that it came to nothing
    Index("ix_actions_done_left_out", "operator_id", "at", sqlite_where=text("outcome = 'left_out'")),
    Index("ix_actions_done_delivery_id", "delivery_id", sqlite_where=text("delivery_id <> ''")),
)

# The id is the idempotency key that the receiver sees: of the step and the action, the same at every try.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("hook", String(40), nullable=False),
    Column("body", Text, nullable=False),  # the bytes that are sent, the same at every try
    Column("state", String(10), nullable=False),  # waiting, delivered, failed
    Column("tries", Integer, nullable=False, default=0),
    Column("due_at", UtcDateTime, nullable=False),
    Column("status", Integer),  # of the last answer
    Column("trouble", String(200), nullable=False, default=""),  # of the last try
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_deliveries_due", "state", "due_at"),
    Index("ix_deliveries_made", "made_at", "id"),
    Index("ix_deliveries_operator", "operator_id", "state", "ended_at"),
)
