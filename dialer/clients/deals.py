"""Units of work about deals: the one that is open with a client, its stage, its fields, whose it is."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from dialer.clients.tables import deals
from dialer.store import prepared


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    title: str = ""
    stage: str = ""
    fields: dict[str, str] = {}
    owner_id: int | None = None


_OPEN = select(deals.c.id, deals.c.title, deals.c.stage, deals.c.fields, deals.c.owner_id).where(
    deals.c.client_id == bindparam("client"), deals.c.closed_at.is_(None)
)
_BEGIN = insert(deals)


def find_open(conn: Connection, client_id: int) -> Deal | None:
    """The deal that is open with a client."""
    row = prepared.first(conn, _OPEN, {"client": client_id})
    return None if row is None else Deal(**row._asdict())


def take_open(conn: Connection, client_id: int, now: datetime) -> Deal:
    """The open deal of a client; a new one where none is open."""
    found = find_open(conn, client_id)
    if found is not None:
        return found
    begun = {"client_id": client_id, "fields": {}, "begun_at": now, "changed_at": now}
    return Deal(id=prepared.add(conn, _BEGIN, begun))


def change(conn: Connection, deal_id: int, now: datetime, **values: object) -> None:
    """Change a deal: title, stage, fields, owner_id, closed_at."""
    conn.execute(update(deals).where(deals.c.id == deal_id).values(**values, changed_at=now))
