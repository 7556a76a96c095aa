"""`deal_stage`: moves the client's open deal to a stage, and perhaps ends it there."""

from __future__ import annotations

from sqlalchemy import Connection

from dialer.automation.model import Effect, Refused, Subject
from dialer.clients import deals
from dialer.scripts.actions import DealStage

MOST_STAGE = 200


def check(conn: Connection, action: DealStage, subject: Subject) -> Refused | None:
    if not action.stage.strip():
        return Refused(code="action_value_empty", params={"field": "deal.stage"})
    if len(action.stage) > MOST_STAGE:
        return Refused(code="action_value_long", params={"field": "deal.stage", "limit": MOST_STAGE})
    return None


def carry_out(conn: Connection, action: DealStage, subject: Subject) -> Effect:
    deal = deals.take_open(conn, subject.client_id, subject.now)
    closed = {"closed_at": subject.now} if action.close else {}
    deals.change(conn, deal.id, subject.now, stage=action.stage.strip(), **closed)
    return Effect()
