"""`exclude`: the client leaves the campaign's pool, or all; the entry that is out is settled so with the result."""

from __future__ import annotations

from sqlalchemy import Connection

from dialer.automation.model import Effect, Refused, Subject
from dialer.campaigns import excluding
from dialer.scripts.actions import Exclude


def check(conn: Connection, action: Exclude, subject: Subject) -> Refused | None:
    return None


def carry_out(conn: Connection, action: Exclude, subject: Subject) -> Effect:
    if action.everywhere or subject.campaign_id is not None:
        excluding.exclude(conn, subject.client_id, None if action.everywhere else subject.campaign_id)
    return Effect(exclude=subject.held)
