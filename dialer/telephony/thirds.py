"""Units of work about whoever is brought into a call: a row from before the order until the leg's end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from dialer.auth.tables import users
from dialer.telephony import dialling
from dialer.telephony.tables import calls, pauses, segments, third_legs


def start(conn: Connection, **values: object) -> None:
    """Required: id, leg, call_id, goal, by_id, started_at; line and number, or user_id."""
    conn.execute(insert(third_legs), values)


def joined(conn: Connection, row: str, leg: str, at: datetime) -> None:
    """They are with somebody: answered, and paid for where it is a number over a line."""
    conn.execute(
        update(third_legs)
        .where(third_legs.c.id == row, third_legs.c.joined_at.is_(None))
        .values(joined_at=at)
    )
    dialling.answered(conn, leg, at)


def end(conn: Connection, row: str, leg: str, at: datetime, outcome: str = "") -> None:
    """Its end, written once; the line has room again."""
    ended = conn.execute(
        update(third_legs)
        .where(third_legs.c.id == row, third_legs.c.ended_at.is_(None))
        .values(ended_at=at, outcome=outcome)
    )
    if ended.rowcount:
        dialling.ended(conn, leg, at)


def end_unknown(conn: Connection, known: Collection[str], at: datetime) -> None:
    """After a start: close every leg that neither a desk nor a call that goes on knows of."""
    open_ = conn.execute(
        select(third_legs.c.id, third_legs.c.leg).where(third_legs.c.ended_at.is_(None))
    ).all()
    for row in open_:
        if row.id not in known:
            end(conn, row.id, row.leg, at)


def handed_on(conn: Connection) -> list[Row[Any]]:
    """Calls that go on without their operator, each with the third who has the client, if it is one of ours."""
    third, open_ = third_legs.c, and_(third_legs.c.call_id == calls.c.id, third_legs.c.ended_at.is_(None))
    return list(
        conn.execute(
            select(
                calls,
                third.id.label("third_row"),
                third.leg.label("third_leg"),
                third.number.label("third_number"),
                users.c.name.label("has_it"),
                segments.c.started_at.label("recording_at"),
                pauses.c.from_at.label("paused_at"),
            )
            .select_from(calls)
            .outerjoin(third_legs, open_)
            .outerjoin(users, users.c.id == third.user_id)
            .outerjoin(segments, and_(segments.c.call_id == calls.c.id, segments.c.number == 1))
            .outerjoin(pauses, and_(pauses.c.call_id == calls.c.id, pauses.c.to_at.is_(None)))
            .where(calls.c.ended_at.is_(None), calls.c.transferred_at.is_not(None))
        )
    )
