"""Clients, their phones, and the numbers that nobody may call."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from dialer.store.schema import JsonText, UtcDateTime, metadata

clients = Table(
    "clients",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("city", String(100), nullable=False, default=""),
    Column("timezone", String(64), nullable=False, default=""),
    Column("fields", JsonText, nullable=False, default=dict),  # label -> value, in the order of the import
    Column("is_new", Boolean, nullable=False, default=False),  # made by an unknown caller, not yet named
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_clients_name", "name"),
)

phones = Table(
    "phones",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id"), nullable=False),
    Column("e164", String(16), nullable=False),
    Column("label", String(50), nullable=False, default=""),
    Column("flagged", Boolean, nullable=False, default=False),  # known to be a wrong number
    Index("ix_phones_client_id", "client_id"),
    Index("ix_phones_e164", "e164"),
)

do_not_call = Table(
    "do_not_call",
    metadata,
    Column("e164", String(16), primary_key=True),
    Column("added_at", UtcDateTime, nullable=False),
    Column("reason", String(200), nullable=False, default=""),
)

# What is being agreed with a client; at most one open deal each.
deals = Table(
    "deals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id"), nullable=False),
    Column("title", String(200), nullable=False, default=""),
    Column("stage", String(200), nullable=False, default=""),
    Column("fields", JsonText, nullable=False, default=dict),  # label -> value
    Column("owner_id", ForeignKey("users.id")),  # whose it is; nobody's = whoever speaks next
    Column("begun_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Index("ix_deals_client_id", "client_id"),
    Index("uq_deals_open", "client_id", unique=True, sqlite_where=text("closed_at IS NULL")),
)
