"""Campaigns, their pools, and the log of what was handed out, tried and resulted."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, text

from dialer.campaigns.model import Disposition, Rules
from dialer.store.schema import JsonText, UtcDateTime, metadata

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("status", String(10), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("language", String(2), nullable=False),
    Column("line", String(50), nullable=False),
    Column("caller_ids", JsonText(tuple[str, ...], shared=True), nullable=False, default=()),
    Column("script_id", ForeignKey("scripts.id")),
    Column("ring_timeout_s", Integer, nullable=False),
    Column("auto_dial", Boolean, nullable=False),
    Column("record", Boolean, nullable=False),
    Column("talking_point", String(2000), nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("attempts_per_day", Integer, nullable=False),
    Column("attempt_pause_s", Integer, nullable=False),
    Column("preview_s", Integer, nullable=False),
    Column("patience_s", Integer, nullable=False),
    Column("recording_days", Integer),
    Column("rules", JsonText(Rules, shared=True), nullable=False),
    Column("dispositions", JsonText(tuple[Disposition, ...], shared=True), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Who may work in a campaign; a campaign without members is open to every operator.
campaign_members = Table(
    "campaign_members",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("client_id", ForeignKey("clients.id"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("returns_to", String(10), nullable=False, default="waiting"),  # its state before it was claimed
    Column("rank", Integer, nullable=False, default=0),  # smaller is called earlier: less the priority
    Column("due_at", UtcDateTime, nullable=False),
    Column("owner_id", ForeignKey("users.id")),  # whose callback it is; nobody's = anybody's
    Column("holder_id", ForeignKey("users.id")),
    Column("epoch", Integer, nullable=False, default=0),
    Column("lease_until", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("disposition", String(40), nullable=False, default=""),
    Column("worked_at", UtcDateTime),
    Index("ix_entries_campaign_id_client_id", "campaign_id", "client_id", unique=True),
    Index("ix_entries_next", "campaign_id", "state", "rank", "id"),
    Index("ix_entries_due", "campaign_id", "state", "due_at"),
    Index("ix_entries_owner", "owner_id", "state", "due_at"),
    Index("ix_entries_lease", "lease_until", sqlite_where=text("state = 'claimed'")),
    # One operator holds one entry at most.
    Index(
        "uq_entries_holder",
        "holder_id",
        unique=True,
        sqlite_where=text("state IN ('claimed', 'calling', 'talking', 'wrapup')"),
    ),
)

# What is out with an operator: a client, and each of its phones, at most once over all campaigns. Either for an
# entry that was claimed, or for a call from outside that is on this operator's desk.
holds = Table(
    "holds",
    metadata,
    Column("kind", String(6), primary_key=True),  # client, phone
    Column("key", String(20), primary_key=True),
    Column("entry_id", ForeignKey("entries.id")),
    Column("operator_id", ForeignKey("users.id")),
    CheckConstraint("(entry_id IS NULL) <> (operator_id IS NULL)", name="for_one"),
    Index("ix_holds_entry_id", "entry_id"),
    Index("ix_holds_operator_id", "operator_id"),
)

# Each entry ever handed out; the sliding window counts these.
claims = Table(
    "claims",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entry_id", ForeignKey("entries.id"), nullable=False),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("how_ended", String(10), nullable=False, default=""),  # saved, expired
    Index("ix_claims_window", "operator_id", "campaign_id", "at"),
    Index("ix_claims_finished", "operator_id", "campaign_id", "finished_at"),
    Index("ix_claims_entry", "entry_id", "epoch", unique=True),
)

# One try to reach one phone. The id is the call's and the channel's: written before the wire is touched.
attempts = Table(
    "attempts",
    metadata,
    Column("call_id", String(26), primary_key=True),
    Column("entry_id", ForeignKey("entries.id"), nullable=False),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("e164", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_attempts_phone", "e164", "campaign_id", "at"),
    Index("ix_attempts_entry_id", "entry_id"),
)

# Results given: one for each work, written when it is saved; this release has no corrections.
results = Table(
    "results",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("work_id", String(26), nullable=False),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("client_id", ForeignKey("clients.id"), nullable=False),
    Column("call_id", String(26)),
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("disposition", String(40), nullable=False),
    Column("group", String(20), nullable=False),
    Column("comment", String(2000), nullable=False, default=""),
    Column("callback_at", UtcDateTime),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_results_client_id", "client_id", "at"),
    Index("ix_results_operator", "operator_id", "at"),
    Index("ix_results_campaign", "campaign_id", "at"),
    Index("ix_results_call_id", "call_id"),
    Index("uq_results_work_id", "work_id", unique=True),
)
