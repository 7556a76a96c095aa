"""`create_task`: something to do, for somebody who is named or for the operator who speaks."""

from __future__ import annotations

from sqlalchemy import Connection

from dialer.automation import whom
from dialer.automation.model import Effect, Refused, Subject, moment_of
from dialer.planning import service as planning
from dialer.scripts.actions import CreateTask


def check(conn: Connection, action: CreateTask, subject: Subject) -> Refused | None:
    if not action.text.strip():
        return Refused(code="action_value_empty", params={"field": "text"})
    return whom.check(conn, action)


def carry_out(conn: Connection, action: CreateTask, subject: Subject) -> Effect | Refused:
    found = whom.find(conn, action)
    if isinstance(found, Refused):
        return found
    nobody = found is None and not action.role
    planning.make(
        conn,
        kind="task",
        text=action.text.strip(),
        user_id=subject.operator_id if nobody else found,
        role=action.role,
        client_id=subject.client_id,
        due_at=moment_of(action, subject.timezone, subject.now),
        made_by=subject.operator_id,
        now=subject.now,
    )
    return Effect()
