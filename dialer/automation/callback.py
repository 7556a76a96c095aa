"""`callback`: the moment to call back, which the desk puts into the result; the operator may still change it."""

from __future__ import annotations

from sqlalchemy import Connection

from dialer.automation.model import Effect, Refused, Subject, moment_of
from dialer.scripts.actions import Callback


def check(conn: Connection, action: Callback, subject: Subject) -> Refused | None:
    at = moment_of(action, subject.timezone, subject.now)
    if at is None:
        return Refused(code="action_moment_missing")
    return Refused(code="action_moment_past") if at <= subject.now else None


def carry_out(conn: Connection, action: Callback, subject: Subject) -> Effect:
    return Effect(callback_at=moment_of(action, subject.timezone, subject.now))
