"""Scripts, their published versions, and what happened in each run."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table

from dialer.scripts.model import Script
from dialer.scripts.run import RunState
from dialer.store.schema import JsonText, UtcDateTime, metadata

scripts = Table(
    "scripts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
)

# A published version never changes.
script_versions = Table(
    "script_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("script_id", ForeignKey("scripts.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("source", JsonText(Script, shared=True), nullable=False),  # as it was written
    Column("body", JsonText(Script, shared=True), nullable=False),  # as it runs: its sub-scripts woven in
    Index("uq_script_versions_script_id_number", "script_id", "number", unique=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("version_id", ForeignKey("script_versions.id"), nullable=False),
    Column("client_id", ForeignKey("clients.id"), nullable=False),
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("call_id", String(26)),
    Column("state", JsonText(RunState), nullable=False),  # the engine's, resumable
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_runs_call_id", "call_id"),
    Index("ix_runs_client_id", "client_id"),
)

# One block visited; append-only, so that what was answered stays after a step back.
steps = Table(
    "steps",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("block", String(64), nullable=False),
    Column("title", String(200), nullable=False),
    Column("stage", String(200), nullable=False, default=""),
    Column("kind", String(10), nullable=False),  # answer, none, jump, return, back, end
    Column("text", String, nullable=False, default=""),  # as it was shown
    Column("answer", String(64), nullable=False, default=""),
    Column("answer_text", String(500), nullable=False, default=""),
    Column("note", String(2000), nullable=False, default=""),
    Column("fields", JsonText, nullable=False, default=list),
    Column("next_block", String(64), nullable=False, default=""),
    Column("entered_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime, nullable=False),
    Column("hasty", Boolean, nullable=False, default=False),  # before the text can have been read
    Column("call_id", String(26)),
    Index("ix_steps_call_id", "call_id"),
)
