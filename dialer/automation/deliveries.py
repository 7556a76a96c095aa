"""Units of work about what leaves the house: written down with the step, due, settled, listed, sent again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, or_, select, update

from dialer.automation.tables import deliveries
from dialer.events import DeliveryFailed, DeliveryQueued
from dialer.store import outbox, prepared

MOST_WAITING = 10_000
PAGE = 100

State = Literal["waiting", "delivered", "failed"]


class Delivery(Struct, frozen=True, kw_only=True):
    id: str
    hook: str
    body: str
    tries: int


class DeliveryRow(Struct, frozen=True, kw_only=True):
    """One delivery, as a list shows it; `status` is that of the last answer."""

    id: str
    hook: str
    state: State
    tries: int
    status: int | None
    trouble: str
    made_at: datetime
    due_at: datetime
    ended_at: datetime | None


_QUEUE = insert(deliveries)
_WAITING = deliveries.c.state == "waiting"
_FULL = select(deliveries.c.id).where(_WAITING).limit(1).offset(MOST_WAITING - 1)
_DUE = (
    select(deliveries.c.id, deliveries.c.hook, deliveries.c.body, deliveries.c.tries)
    .where(_WAITING, deliveries.c.due_at <= bindparam("now"))
    .order_by(deliveries.c.due_at)
    .limit(bindparam("limit"))
)


def is_full(conn: Connection) -> bool:
    """Whether too much waits already; the receivers have been away for long."""
    return conn.execute(_FULL).first() is not None


def queue(conn: Connection, delivery: str, *, hook: str, body: str, operator_id: int, now: datetime) -> None:
    values = {"id": delivery, "hook": hook, "body": body, "state": "waiting", "due_at": now}
    prepared.add(conn, _QUEUE, {**values, "operator_id": operator_id, "made_at": now})
    outbox.append(conn, DeliveryQueued(delivery=delivery), now)


def due(conn: Connection, now: datetime, limit: int, *, but: Collection[str] = ()) -> list[Delivery]:
    """What is to be tried now, the oldest first; `but` are hooks that are left in peace."""
    asked = _DUE.where(deliveries.c.hook.not_in(list(but))) if but else _DUE
    rows = conn.execute(asked, {"now": now, "limit": limit})
    return [Delivery(id=row.id, hook=row.hook, body=row.body, tries=row.tries) for row in rows]


def next_due(conn: Connection) -> datetime | None:
    """When the next try is due."""
    found: datetime | None = conn.execute(
        select(deliveries.c.due_at).where(_WAITING).order_by(deliveries.c.due_at).limit(1)
    ).scalar()
    return found


def settle(
    conn: Connection,
    delivery: str,
    now: datetime,
    *,
    again_at: datetime | None,
    delivered: bool,
    status: int | None,
    trouble: str,
) -> None:
    """Write one try down: delivered, to be tried again at a moment, or failed for good."""
    state: State = "delivered" if delivered else "waiting" if again_at is not None else "failed"
    settled = conn.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery, _WAITING)
        .values(
            state=state,
            tries=deliveries.c.tries + 1,
            due_at=again_at or now,
            status=status,
            trouble=trouble[:200],
            ended_at=None if state == "waiting" else now,
        )
        .returning(deliveries.c.operator_id)
    ).first()
    if settled is not None and state == "failed":
        outbox.append(conn, DeliveryFailed(delivery=delivery, operator_id=settled.operator_id), now)


def resend(conn: Connection, delivery: str, now: datetime) -> bool:
    """Try once more, by hand: what failed, or waits for its next try, or was delivered. The key stays."""
    again = {"state": "waiting", "due_at": now, "tries": 0, "ended_at": None, "status": None, "trouble": ""}
    found = conn.execute(update(deliveries).where(deliveries.c.id == delivery).values(**again)).rowcount == 1
    if found:
        outbox.append(conn, DeliveryQueued(delivery=delivery), now)
    return found


def list_page(conn: Connection, *, before: tuple[datetime, str] | None, state: str = "") -> list[DeliveryRow]:
    """The newest deliveries, a hundred at a time; `before` are moment and id of the last one known.

    The moment alone says nothing: all that one step sends has the same.
    """
    query = select(deliveries).order_by(deliveries.c.made_at.desc(), deliveries.c.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(_older(*before))
    if state:
        query = query.where(deliveries.c.state == state)
    names = DeliveryRow.__struct_fields__
    return [DeliveryRow(**{name: row._mapping[name] for name in names}) for row in conn.execute(query)]


def _older(made_at: datetime, delivery: str) -> ColumnElement[bool]:
    same = and_(deliveries.c.made_at == made_at, deliveries.c.id < delivery)
    return and_(deliveries.c.made_at <= made_at, or_(deliveries.c.made_at < made_at, same))


def counts(conn: Connection) -> dict[tuple[str, str], int]:
    """How many there are by hook and state."""
    rows = conn.execute(
        select(deliveries.c.hook, deliveries.c.state, func.count()).group_by(
            deliveries.c.hook, deliveries.c.state
        )
    )
    return {(hook, state): number for hook, state, number in rows}
