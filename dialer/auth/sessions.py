"""Open sessions: rows in the store, and in memory what every request needs.

A session ends after half an hour without a request or a living page, and twelve hours after the login. A page
open all day holds a websocket: `touch` with every pong. Who holds a session may wait for its `ended`.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from dialer.auth.model import User
from dialer.auth.tables import auth_sessions, users
from dialer.auth.users import user_of

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=12)


@dataclass(slots=True, eq=False)
class Session:
    """One login of one user. `key` is the token's hash: of no use to whoever reads it."""

    key: str
    user: User
    seen_at: datetime
    expires_at: datetime
    written_at: datetime  # the `seen_at` that the store knows
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def alive(self, now: datetime) -> bool:
        return not self.ended.is_set() and now < self.expires_at and now - self.seen_at < IDLE


def new_token() -> str:
    """256 bits of chance."""
    return secrets.token_urlsafe(32)


def key_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class OpenSessions:
    """The sessions in memory, by key; the store is asked once for each."""

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self.era = 0  # grows when sessions were ended: what was read from the store before may be dead

    def get(self, key: str) -> Session | None:
        return self._by_key.get(key)

    def put(self, session: Session) -> Session:
        """Keeps it; the one that is there already wins (two requests may have asked the store at once)."""
        return self._by_key.setdefault(session.key, session)

    def end(self, which: Callable[[Session], bool]) -> list[Session]:
        """Ends and forgets the sessions that the condition names; those who wait for their end hear it."""
        ended = [session for session in self._by_key.values() if which(session)]
        self.era += 1
        for session in ended:
            del self._by_key[session.key]
            session.ended.set()
        return ended

    def renew(self, user: User) -> None:
        """The user's data changed."""
        for session in self._by_key.values():
            if session.user.id == user.id:
                session.user = user

    def unwritten(self) -> list[Session]:
        return [session for session in self._by_key.values() if session.seen_at > session.written_at]


# --- units of work ------------------------------------------------------------------------------------------


def open_row(connection: Connection, session: Session, password_hash: str) -> bool:
    """Opens it, unless the user was shut out, or got another password, while this one was being checked."""
    unchanged = select(users.c.id).where(
        users.c.id == session.user.id, users.c.active.is_(True), users.c.password_hash == password_hash
    )
    if connection.execute(unchanged).first() is None:
        return False
    connection.execute(
        insert(auth_sessions),
        {
            "token_hash": session.key,
            "user_id": session.user.id,
            "created_at": session.seen_at,
            "seen_at": session.seen_at,
            "expires_at": session.expires_at,
        },
    )
    return True


_FIND = (
    select(auth_sessions.c.seen_at, auth_sessions.c.expires_at, users)
    .join_from(auth_sessions, users)
    .where(auth_sessions.c.token_hash == bindparam("key"), users.c.active.is_(True))
)


def find_row(connection: Connection, key: str) -> Session | None:
    """The session of a living row, alive or not."""
    row = connection.execute(_FIND, {"key": key}).first()
    if row is None:
        return None
    return Session(
        key=key,
        user=user_of(row),
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        written_at=row.seen_at,
    )


def drop_row(connection: Connection, key: str) -> None:
    connection.execute(delete(auth_sessions).where(auth_sessions.c.token_hash == key))


def drop_rows_of(connection: Connection, user_id: int) -> None:
    connection.execute(delete(auth_sessions).where(auth_sessions.c.user_id == user_id))


_SEEN = update(auth_sessions).where(auth_sessions.c.token_hash == bindparam("key"))
_DEAD = delete(auth_sessions).where(
    (auth_sessions.c.expires_at <= bindparam("now")) | (auth_sessions.c.seen_at <= bindparam("idle"))
)


def write_seen(connection: Connection, seen: dict[str, datetime], now: datetime) -> None:
    """Writes when sessions were last used, and drops the rows of those that are over."""
    if seen:
        rows = [{"key": key, "at": at} for key, at in seen.items()]
        connection.execute(_SEEN.values(seen_at=bindparam("at")), rows)
    connection.execute(_DEAD, {"now": now, "idle": now - IDLE})
