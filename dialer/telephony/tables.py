"""Calls and their recordings, as far as they bear an outcome; what lives is in memory."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from dialer.store.schema import UtcDateTime, metadata

calls = Table(
    "calls",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("direction", String(10), nullable=False),
    Column("pbx", String(40), nullable=False, default=""),
    Column("leg", String(150), nullable=False),  # the PBX's id of the client's channel
    Column("line", String(50), nullable=False),
    Column("number", String(40), nullable=False),
    Column("operator_id", ForeignKey("users.id")),
    Column("campaign_id", ForeignKey("campaigns.id")),
    Column("client_id", ForeignKey("clients.id")),
    Column("started_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("bridged_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(20), nullable=False, default=""),
    Column("cause", Integer),
    Column("end_reason", String(20), nullable=False, default=""),
    Column("ended_by", String(10), nullable=False, default=""),
    Index("ix_calls_started_at", "started_at"),
    Index("ix_calls_operator", "operator_id", "started_at"),
    Index("ix_calls_campaign", "campaign_id", "started_at"),
    Index("ix_calls_client_id", "client_id"),
    Index("ix_calls_open", "id", sqlite_where=text("ended_at IS NULL")),
)

recordings = Table(
    "recordings",
    metadata,
    Column("call_id", ForeignKey("calls.id"), primary_key=True),
    Column("state", String(10), nullable=False),  # writing, ready, repaired, no_audio, missing
    Column("started_at", UtcDateTime, nullable=False),  # the PBX's moment, in the daemon's clock
    Column("duration_s", Float),
    Column("uncertain", Boolean, nullable=False, default=False),  # its length and the call's differ
    Column("peaks", LargeBinary),
    Index("ix_recordings_writing", "call_id", sqlite_where=text("state = 'writing'")),
)
