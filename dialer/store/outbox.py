"""Events stored by the transaction that made them true, and handed on after its commit.

`append` stands inside a unit of work. A row lives until every listener is done with its event (the bus says
so lazily, in batches): after a crash some are delivered a second time, none is left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from dialer.events import Event, kind_of, registry
from dialer.store import prepared
from dialer.store.schema import UtcDateTime, metadata

log = logging.getLogger(__name__)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice, also after its row is gone
)

outbox_mark = Table(
    "outbox_mark",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

_AFTER = (
    select(outbox.c.seq, outbox.c.kind, outbox.c.at, outbox.c.body)
    .where(outbox.c.seq > bindparam("seq"))
    .order_by(outbox.c.seq)
    .limit(bindparam("limit"))
)
_MARKED = select(outbox_mark.c.seq)
_APPEND = insert(outbox)
_MARK_ID = 1
_APPENDED = "callwright.appended"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A committed event. `seq` grows in the order of commits; a listener knows a repeated delivery by it."""

    seq: int
    at: datetime
    event: Event


def append(connection: Connection, event: Event, at: datetime | None = None) -> int:
    """Stores an event in this unit of work and returns its number; it travels after the commit."""
    moment = at or datetime.now(UTC)
    row = {"kind": kind_of(type(event)), "at": moment, "body": msgspec.json.encode(event).decode()}
    seq = prepared.add(connection, _APPEND, row)
    _appended(connection).append(Envelope(seq, moment, event))
    return seq


def _appended(connection: Connection) -> list[Envelope]:
    found: list[Envelope] = connection.info.setdefault(_APPENDED, [])
    return found


def count_appended(connection: Connection) -> int:
    """How many events this transaction has made so far: a point to return to."""
    return len(_appended(connection))


def forget_appended(connection: Connection, keep: int = 0) -> None:
    """Drops the events that a unit made before it failed."""
    del _appended(connection)[keep:]


def take_appended(connection: Connection) -> list[Envelope]:
    """The events of the transaction that was just committed, in order."""
    envelopes: list[Envelope] = connection.info.pop(_APPENDED, [])
    return envelopes


class _Store(Protocol):
    async def read(self, work: Callable[[Connection], Any]) -> Any: ...
    async def write(self, work: Callable[[Connection], Any]) -> Any: ...
    def listen(self, listener: Callable[[Sequence[Envelope]], None] | None) -> None: ...


class Outbox:
    """The committed events of a store, as a bus reads them."""

    def __init__(self, store: _Store) -> None:
        self._store = store

    def listen(self, listener: Callable[[Sequence[Envelope]], None] | None) -> None:
        """From now on `listener` hears, in the loop, each commit's events, in order."""
        self._store.listen(listener)

    async def after(self, seq: int, limit: int) -> list[Envelope]:
        """Stored events with a greater number, oldest first; none only if there are none.

        An event that no code knows any more is logged and left out.
        """
        while rows := await self._read_after(seq, limit):
            if known := [envelope for row in rows if (envelope := _decode(*row)) is not None]:
                return known
            seq = rows[-1][0]
        return []

    async def _read_after(self, seq: int, limit: int) -> list[tuple[int, str, datetime, str]]:
        asked = {"seq": seq, "limit": limit}
        rows = await self._store.read(lambda c: c.execute(_AFTER, asked).all())
        return [tuple(row) for row in rows]

    async def marked(self) -> int:
        """Up to which number every listener is done."""
        seq: int | None = await self._store.read(lambda c: c.execute(_MARKED).scalar())
        return seq or 0

    async def mark(self, seq: int) -> None:
        """Every listener is done up to `seq`: moves the mark (never back) and drops the rows behind it."""
        await self._store.write(lambda c: _move_mark(c, seq))


def _move_mark(connection: Connection, seq: int) -> None:
    moved = connection.execute(
        update(outbox_mark).where(outbox_mark.c.id == _MARK_ID, outbox_mark.c.seq < seq).values(seq=seq)
    )
    if moved.rowcount == 0 and connection.execute(_MARKED).scalar() is None:
        connection.execute(insert(outbox_mark).values(id=_MARK_ID, seq=seq))
    connection.execute(delete(outbox).where(outbox.c.seq <= seq))


def _decode(seq: int, kind: str, at: datetime, body: str) -> Envelope | None:
    event_type = registry().get(kind)
    if event_type is None:
        log.warning("outbox.unknown_event seq=%d kind=%s", seq, kind)
        return None
    try:
        return Envelope(seq, at, msgspec.json.decode(body, type=event_type))
    except msgspec.MsgspecError:
        log.exception("outbox.unreadable_event seq=%d kind=%s", seq, kind)
        return None
