"""Who may use the product, and the sessions that are open."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table

from dialer.store.schema import UtcDateTime, metadata

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("login", String, nullable=False, unique=True),  # lower case
    Column("name", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("role", String, nullable=False),
    Column("language", String, nullable=False),  # ru, en
    Column("theme", String, nullable=False),  # light, dark, system
    Column("single_keys", Boolean, nullable=False),
    Column("phone_kind", String, nullable=False),  # sip, webrtc
    Column("endpoint", String, nullable=False),  # the PBX's name of the operator's phone, "" without one
    Column("pbx", String, nullable=False, default=""),  # where that phone is; "" = at the first one
    Column("phone_secret", String),  # what a browser's phone registers with
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # a deleted user's number never becomes somebody else's
)

auth_sessions = Table(
    "auth_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # SHA-256: a stolen store opens no session
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),  # written lazily, every few minutes
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)
