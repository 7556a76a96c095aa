"""`do_not_call`: none of the client's numbers is dialled again."""

from __future__ import annotations

from sqlalchemy import Connection

from dialer.automation.model import Effect, Refused, Subject
from dialer.clients import service as clients
from dialer.scripts.actions import DoNotCall

MOST_REASON = 200


def check(conn: Connection, action: DoNotCall, subject: Subject) -> Refused | None:
    return None


def carry_out(conn: Connection, action: DoNotCall, subject: Subject) -> Effect:
    reason = action.reason.strip()[:MOST_REASON] or "asked not to be called"
    for phone in clients.load(conn, subject.client_id).phones:
        clients.block_number(conn, phone.e164, reason=reason, now=subject.now)
    return Effect()
