"""What scripts did not bring about, for the operator who spoke: left out of a step, or failed on its way out.

`since` is the last midnight. What came to nothing is told for a week before it too: the tries of a web hook alone
take a day, and an operator has days off.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from dialer.automation.history import in_words
from dialer.automation.tables import actions_done, deliveries
from dialer.clients.tables import clients
from dialer.scripts.actions import WebHook
from dialer.scripts.tables import runs

MOST = 100
TOLD_FOR: Final = timedelta(days=7)


class Undone(Struct, frozen=True, kw_only=True):
    """`what`: the action in words; `state` left_out, waiting (still tried) or failed; `detail`: why."""

    at: datetime
    client: str
    what: str
    state: Literal["left_out", "waiting", "failed"]
    detail: str
    tries: int


def _left_out(operator_id: int, since: datetime) -> tuple[ColumnElement[bool], ...]:
    mine = (actions_done.c.operator_id == operator_id, actions_done.c.at >= since - TOLD_FOR)
    return (*mine, actions_done.c.outcome == "left_out", actions_done.c.seen_at.is_(None))


def _failed(operator_id: int, since: datetime) -> ColumnElement[bool]:
    return and_(
        deliveries.c.operator_id == operator_id,
        deliveries.c.state == "failed",
        deliveries.c.ended_at >= since - TOLD_FOR,
    )


_UNSEEN = actions_done.c.seen_at.is_(None)
_SENT = deliveries.join(actions_done, actions_done.c.delivery_id == deliveries.c.id)


def count(conn: Connection, operator_id: int, since: datetime) -> int:
    """How much of it the operator has not seen yet."""
    number = select(func.count())
    left_out = number.select_from(actions_done).where(*_left_out(operator_id, since))
    failed = number.select_from(_SENT).where(_failed(operator_id, since), _UNSEEN)
    return int(conn.execute(left_out).scalar_one()) + int(conn.execute(failed).scalar_one())


def list_open(conn: Connection, operator_id: int, since: datetime, language: str) -> list[Undone]:
    """What came to nothing and was not seen, and what is still on its way; the newest first."""
    about = actions_done.join(runs, runs.c.id == actions_done.c.run_id).join(
        clients, clients.c.id == runs.c.client_id
    )
    left_out = conn.execute(
        select(actions_done, clients.c.name.label("client"))
        .select_from(about)
        .where(*_left_out(operator_id, since))
        .order_by(actions_done.c.at.desc())
        .limit(MOST)
    )
    waiting = and_(deliveries.c.operator_id == operator_id, deliveries.c.state == "waiting")
    sent = conn.execute(
        select(actions_done.c.at, deliveries, clients.c.name.label("client"))
        .select_from(about.join(deliveries, deliveries.c.id == actions_done.c.delivery_id))
        .where(or_(waiting, and_(_failed(operator_id, since), _UNSEEN)))
        .order_by(deliveries.c.made_at.desc())
        .limit(MOST)
    )
    found = [
        Undone(
            at=row.at,
            client=row.client,
            what=in_words(row.action, language),
            state="left_out",
            detail=row.note,
            tries=0,
        )
        for row in left_out
    ]
    found += [
        Undone(
            at=row.at,
            client=row.client,
            what=in_words(WebHook(hook=row.hook), language),
            state=row.state,
            detail=row.trouble,
            tries=row.tries,
        )
        for row in sent
    ]
    return sorted(found, key=lambda trouble: trouble.at, reverse=True)[:MOST]


def seen(conn: Connection, operator_id: int, since: datetime, now: datetime) -> None:
    """The operator has seen what came to nothing so far."""
    failed = select(deliveries.c.id).where(_failed(operator_id, since))
    for which in (_left_out(operator_id, since), (actions_done.c.delivery_id.in_(failed),)):
        conn.execute(update(actions_done).where(*which).values(seen_at=now))
