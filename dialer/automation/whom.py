"""Whom an action is for: a colleague by login, everybody of a role, or nobody who is there."""

from __future__ import annotations

from sqlalchemy import Connection, select

from dialer.auth.model import Permission, roles_that
from dialer.auth.tables import users
from dialer.automation.model import Refused
from dialer.scripts.actions import CreateTask, HandOver, Message

_READERS = [role.value for role in roles_that(Permission.OWN_TASKS)]


def find(conn: Connection, action: CreateTask | HandOver | Message) -> int | Refused | None:
    """The id of whom an action names, None where it names a role or nobody."""
    if not action.to:
        return None
    there = (users.c.login == action.to, users.c.active.is_(True))
    row = conn.execute(select(users.c.id).where(*there, users.c.role.in_(_READERS))).first()
    return int(row.id) if row is not None else Refused(code="action_nobody", params={"name": action.to})


def check(conn: Connection, action: CreateTask | HandOver | Message) -> Refused | None:
    found = find(conn, action)
    return found if isinstance(found, Refused) else None
