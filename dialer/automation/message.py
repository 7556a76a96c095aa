"""`message`: words to a colleague, or to everybody of a role; they stand among the tasks until they are read."""

from __future__ import annotations

from sqlalchemy import Connection

from dialer.automation import whom
from dialer.automation.model import Effect, Refused, Subject
from dialer.planning import service as planning
from dialer.scripts.actions import Message


def check(conn: Connection, action: Message, subject: Subject) -> Refused | None:
    if not action.text.strip():
        return Refused(code="action_value_empty", params={"field": "text"})
    return whom.check(conn, action)


def carry_out(conn: Connection, action: Message, subject: Subject) -> Effect | Refused:
    found = whom.find(conn, action)
    if isinstance(found, Refused):
        return found
    planning.make(
        conn,
        kind="message",
        text=action.text.strip(),
        user_id=found,
        role=action.role,
        client_id=subject.client_id,
        made_by=subject.operator_id,
        now=subject.now,
    )
    return Effect()
