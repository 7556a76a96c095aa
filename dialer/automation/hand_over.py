"""`hand_over`: the open deal is somebody else's from now on, and they find a task that says why."""

from __future__ import annotations

from sqlalchemy import Connection

from dialer.automation import whom
from dialer.automation.model import Effect, Refused, Subject
from dialer.clients import deals
from dialer.planning import service as planning
from dialer.scripts.actions import HandOver


def check(conn: Connection, action: HandOver, subject: Subject) -> Refused | None:
    if not action.text.strip():
        return Refused(code="action_value_empty", params={"field": "text"})
    return whom.check(conn, action)


def carry_out(conn: Connection, action: HandOver, subject: Subject) -> Effect | Refused:
    found = whom.find(conn, action)
    if isinstance(found, Refused):
        return found
    deal = deals.find_open(conn, subject.client_id)
    if deal is not None:
        deals.change(conn, deal.id, subject.now, owner_id=found)
    planning.make(
        conn,
        kind="hand_over",
        text=action.text.strip(),
        user_id=found,
        role=action.role,
        client_id=subject.client_id,
        made_by=subject.operator_id,
        now=subject.now,
    )
    return Effect()
