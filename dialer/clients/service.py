"""Units of work about clients: found by number, made, named; numbers that nobody may call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from dialer.clients.tables import clients, do_not_call, phones
from dialer.store import prepared


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    e164: str
    label: str
    flagged: bool


class Client(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    city: str
    timezone: str
    fields: dict[str, str]
    is_new: bool
    phones: tuple[Phone, ...]


_CLIENT = select(clients).where(clients.c.id == bindparam("client"))
_PHONES = select(phones).where(phones.c.client_id == bindparam("client")).order_by(phones.c.id)
_BY_NUMBER = (
    select(phones.c.client_id).where(phones.c.e164 == bindparam("e164")).order_by(phones.c.id).limit(10)
)
_CREATE, _ADD_PHONE = insert(clients), insert(phones)
_BLOCKED = select(do_not_call.c.e164).where(do_not_call.c.e164 == bindparam("e164"))


def load(conn: Connection, client_id: int) -> Client:
    (row,) = prepared.rows(conn, _CLIENT, {"client": client_id})
    found = prepared.rows(conn, _PHONES, {"client": client_id})
    return Client(
        id=row.id,
        name=row.name,
        city=row.city,
        timezone=row.timezone,
        fields=row.fields,
        is_new=row.is_new,
        phones=tuple(Phone(id=p.id, e164=p.e164, label=p.label, flagged=p.flagged) for p in found),
    )


def exists(conn: Connection, client_id: int) -> bool:
    return prepared.first(conn, _CLIENT, {"client": client_id}) is not None


MOST_FOUND = 10
SHORTEST = 3  # letters of a name, or digits of a number, that are worth a search


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A client as a search shows them: by name and city, without a number."""

    id: int
    name: str
    city: str


def find(conn: Connection, words: str, e164: str | None) -> list[Found]:
    """Clients whose name begins with the words, as they are or with capitals, or who have the number; a few."""
    ids = identify(conn, e164) if e164 is not None else []
    words = words.strip()
    begins = [
        clients.c.name.between(begin, begin + "\U0010ffff") for begin in dict.fromkeys((words, words.title()))
    ]
    wanted = clients.c.id.in_(ids) if ids else or_(*begins)
    if not ids and len(words) < SHORTEST:
        return []
    query = select(clients.c.id, clients.c.name, clients.c.city).where(wanted, clients.c.name != "")
    rows = conn.execute(query.order_by(clients.c.name, clients.c.id).limit(MOST_FOUND))
    return [Found(id=row.id, name=row.name, city=row.city) for row in rows]


def identify(conn: Connection, e164: str) -> list[int]:
    """Ids of the clients that have this number, the oldest first; at most ten."""
    return list(dict.fromkeys(row.client_id for row in prepared.rows(conn, _BY_NUMBER, {"e164": e164})))


def create(
    conn: Connection,
    *,
    name: str,
    numbers: list[tuple[str, str]],
    now: datetime,
    city: str = "",
    timezone: str = "",
    fields: dict[str, str] | None = None,
    is_new: bool = False,
) -> int:
    """Make a client with its phones, given as (E.164, label)."""
    values: dict[str, Any] = {"name": name, "city": city, "timezone": timezone, "fields": fields or {}}
    client_id = prepared.add(conn, _CREATE, {**values, "is_new": is_new, "created_at": now})
    for e164, label in numbers:
        prepared.add(conn, _ADD_PHONE, {"client_id": client_id, "e164": e164, "label": label})
    return client_id


def rename(conn: Connection, client_id: int, name: str) -> None:
    conn.execute(update(clients).where(clients.c.id == client_id).values(name=name, is_new=False))


def flag_phone(conn: Connection, phone_id: int) -> None:
    """Remember that a number is wrong, so that it is not dialled again."""
    conn.execute(update(phones).where(phones.c.id == phone_id).values(flagged=True))


def is_blocked(conn: Connection, e164: str) -> bool:
    return conn.execute(_BLOCKED, {"e164": e164}).first() is not None


def block_number(conn: Connection, e164: str, *, reason: str, now: datetime) -> None:
    conn.execute(
        sqlite_insert(do_not_call)
        .values(e164=e164, reason=reason, added_at=now)
        .on_conflict_do_nothing(index_elements=["e164"])
    )
