"""Units of work about campaigns: made, read, listed with their pools; results and what was said before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, case, func, insert, select, update

from dialer.auth.tables import users
from dialer.campaigns import claim as claims_of
from dialer.campaigns.dispositions import EntryChange
from dialer.campaigns.model import OVER, Campaign, Claim, Disposition, EntryState
from dialer.campaigns.tables import campaign_members, campaigns, entries, results
from dialer.clients.tables import clients
from dialer.store import prepared


class PastResult(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    campaign: str
    disposition: str
    comment: str
    operator: str


_ONE = select(campaigns).where(campaigns.c.id == bindparam("id"))
_INBOUND = (
    select(campaigns)
    .where(
        campaigns.c.status == "running",
        campaigns.c.kind == "inbound",
        campaigns.c.line == bindparam("line"),
    )
    .order_by(campaigns.c.id)
    .limit(1)
)
_HISTORY = (
    select(results.c.at, results.c.disposition, results.c.comment, campaigns.c.name, campaigns.c.dispositions)
    .add_columns(users.c.name.label("operator"))
    .join(campaigns, campaigns.c.id == results.c.campaign_id)
    .join(users, users.c.id == results.c.operator_id)
    .where(results.c.client_id == bindparam("client"))
    .order_by(results.c.at.desc())
    .limit(20)
)


def _campaign(row: Row[Any]) -> Campaign:
    values = row._asdict()
    del values["created_at"]
    return Campaign(**values)


def load(conn: Connection, campaign_id: int) -> Campaign | None:
    row = prepared.first(conn, _ONE, {"id": campaign_id})
    return _campaign(row) if row else None


def find(conn: Connection, name: str) -> Campaign | None:
    row = conn.execute(select(campaigns).where(campaigns.c.name == name)).first()
    return _campaign(row) if row else None


def create(conn: Connection, campaign: Campaign, now: datetime) -> int:
    """Store a new campaign; its `id` is ignored and the given one returned."""
    values = {**msgspec.structs.asdict(campaign), "created_at": now}
    del values["id"]
    made: int = conn.execute(insert(campaigns).values(values).returning(campaigns.c.id)).scalar_one()
    return made


def change(conn: Connection, campaign_id: int, **values: object) -> None:
    """Change what a campaign's row holds: status, script, rules, ..."""
    conn.execute(update(campaigns).where(campaigns.c.id == campaign_id).values(**values))


def members(conn: Connection) -> dict[int, set[int]]:
    """Who may work in each campaign that is not open to every operator."""
    found: dict[int, set[int]] = {}
    for campaign_id, user_id in conn.execute(
        select(campaign_members.c.campaign_id, campaign_members.c.user_id)
    ):
        found.setdefault(campaign_id, set()).add(user_id)
    return found


def open_to(conn: Connection, operator_id: int) -> list[int]:
    """The campaigns, but for those that are over, in which an operator may work."""
    named = members(conn)
    going_on = conn.execute(select(campaigns.c.id).where(campaigns.c.status.not_in(OVER))).scalars()
    return [one for one in going_on if operator_id in named.get(one, {operator_id})]


def inbound_of(conn: Connection, line: str) -> Campaign | None:
    """The campaign that answers calls from outside on this line."""
    row = prepared.first(conn, _INBOUND, {"line": line})
    return _campaign(row) if row else None


def every(conn: Connection) -> list[Campaign]:
    return [_campaign(row) for row in conn.execute(select(campaigns).order_by(campaigns.c.name))]


def pools(conn: Connection) -> dict[int, dict[str, int]]:
    """Entries by campaign and state."""
    counted: dict[int, dict[str, int]] = {}
    for campaign_id, state, count in conn.execute(
        select(entries.c.campaign_id, entries.c.state, func.count()).group_by(
            entries.c.campaign_id, entries.c.state
        )
    ):
        counted.setdefault(campaign_id, {})[state] = count
    return counted


def results_since(conn: Connection, since: datetime) -> dict[int, tuple[int, int]]:
    """By campaign: results given and successes among them since a moment."""
    success = func.sum(case((results.c.group == "success", 1), else_=0))
    rows = conn.execute(
        select(results.c.campaign_id, func.count(), success)
        .where(results.c.at >= since)
        .group_by(results.c.campaign_id)
    )
    return {campaign_id: (given, int(successes or 0)) for campaign_id, given, successes in rows}


def add_entry(
    conn: Connection, *, campaign_id: int, client_id: int, now: datetime, priority: int = 0
) -> None:
    conn.execute(
        insert(entries),
        {
            "campaign_id": campaign_id,
            "client_id": client_id,
            "state": EntryState.WAITING.value,
            "rank": -priority,
            "due_at": now,
        },
    )


def list_entries(
    conn: Connection, campaign_id: int, *, after: int, state: str | None, limit: int
) -> list[Row[Any]]:
    """A page of a pool, by entry id."""
    query = (
        select(entries, clients.c.name.label("client"), clients.c.city, users.c.name.label("operator"))
        .join(clients, clients.c.id == entries.c.client_id)
        .outerjoin(users, users.c.id == func.coalesce(entries.c.holder_id, entries.c.owner_id))
        .where(entries.c.campaign_id == campaign_id, entries.c.id > after)
        .order_by(entries.c.id)
        .limit(limit)
    )
    if state:
        query = query.where(entries.c.state == state)
    return list(conn.execute(query))


def history(conn: Connection, client_id: int, language: str) -> list[PastResult]:
    """What was said with this client before, the newest first, at most twenty."""
    past = []
    for row in prepared.rows(conn, _HISTORY, {"client": client_id}):
        known = {disposition.id: disposition.title(language) for disposition in row.dispositions}
        past.append(
            PastResult(
                at=row.at,
                campaign=row.name,
                disposition=known.get(row.disposition, row.disposition),
                comment=row.comment,
                operator=row.operator,
            )
        )
    return past


def save_result(
    conn: Connection,
    *,
    work_id: str,
    campaign: Campaign,
    client_id: int,
    call_id: str | None,
    operator_id: int,
    disposition: Disposition,
    comment: str,
    callback_at: datetime | None,
    now: datetime,
) -> None:
    """Write down what an operator says came of the work."""
    conn.execute(
        insert(results),
        {
            "work_id": work_id,
            "campaign_id": campaign.id,
            "client_id": client_id,
            "call_id": call_id,
            "operator_id": operator_id,
            "disposition": disposition.id,
            "group": disposition.group,
            "comment": comment,
            "callback_at": callback_at,
            "at": now,
        },
    )


def settle_entry(
    conn: Connection, claim: Claim, change: EntryChange, disposition: str, now: datetime
) -> None:
    """End a claim by its result. Raises `StaleClaim`."""
    claims_of.release(
        conn,
        claim,
        change.state,
        now=now,
        due_at=change.due_at,
        owner_id=change.owner_id,
        disposition=disposition,
    )
