"""Units of work about operators' tasks: made, listed, done."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from dialer.auth.tables import users
from dialer.clients.tables import clients
from dialer.events import TaskMade
from dialer.planning.tables import tasks
from dialer.store import outbox

Kind = Literal["task", "hand_over", "message"]
MOST = 200  # of a list


class OwnTask(Struct, frozen=True, kw_only=True):
    """`mine`: given to this person by name; else to everybody of the role."""

    id: int
    kind: Kind
    text: str
    client_id: int | None
    client: str
    due_at: datetime | None
    made_by: str
    made_at: datetime
    mine: bool


def make(
    conn: Connection,
    *,
    kind: Kind,
    text: str,
    made_by: int,
    now: datetime,
    user_id: int | None = None,
    role: str = "",
    client_id: int | None = None,
    due_at: datetime | None = None,
) -> int:
    """Give somebody, or everybody of a role, something to do or to read."""
    task_id: int = conn.execute(
        insert(tasks)
        .values(
            kind=kind,
            user_id=user_id,
            role=role,
            client_id=client_id,
            text=text,
            due_at=due_at,
            made_by=made_by,
            made_at=now,
        )
        .returning(tasks.c.id)
    ).scalar_one()
    outbox.append(conn, TaskMade(task_id=task_id, user_id=user_id), now)
    return task_id


def _open_for(user_id: int, role: str) -> tuple[ColumnElement[bool], ...]:
    mine = or_(tasks.c.user_id == user_id, tasks.c.role == role)
    return tasks.c.done_at.is_(None), mine


def list_open(conn: Connection, user_id: int, role: str) -> list[OwnTask]:
    """What somebody has to do, what is due first, first; at most two hundred."""
    found = conn.execute(
        select(tasks, clients.c.name.label("client"), users.c.name.label("maker"))
        .outerjoin(clients, clients.c.id == tasks.c.client_id)
        .join(users, users.c.id == tasks.c.made_by)
        .where(*_open_for(user_id, role))
        .order_by(func.coalesce(tasks.c.due_at, tasks.c.made_at), tasks.c.id)
        .limit(MOST)
    )
    return [
        OwnTask(
            id=row.id,
            kind=row.kind,
            text=row.text,
            client_id=row.client_id,
            client=row.client or "",
            due_at=row.due_at,
            made_by=row.maker,
            made_at=row.made_at,
            mine=row.user_id == user_id,
        )
        for row in found
    ]


def count_open(conn: Connection, user_id: int, role: str) -> int:
    return int(
        conn.execute(select(func.count()).select_from(tasks).where(*_open_for(user_id, role))).scalar_one()
    )


def finish(conn: Connection, task_id: int, user_id: int, role: str, now: datetime) -> bool:
    """Tick a task off; False where it is none of theirs, or done already: by a colleague, perhaps."""
    ended = conn.execute(
        update(tasks)
        .where(tasks.c.id == task_id, *_open_for(user_id, role))
        .values(done_by=user_id, done_at=now)
    )
    return ended.rowcount == 1
