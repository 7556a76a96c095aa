"""Campaigns and their pools for the console."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, func, select

from dialer.auth.model import Permission
from dialer.campaigns import service
from dialer.campaigns.model import EntryState
from dialer.http.api import ApiCall, Operation
from dialer.http.problems import Problem
from dialer.scripts.tables import scripts
from dialer.store.engine import Store
from dialer.telephony.tables import calls

PAGE = 100


class CampaignToday(Struct, frozen=True, kw_only=True):
    attempts: int
    answered: int
    successes: int


class CampaignRow(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    kind: str
    language: str
    status: str
    line: str
    script: str
    pool: dict[str, int]
    today: CampaignToday


class CampaignList(Struct, frozen=True, kw_only=True):
    items: list[CampaignRow]


class EntryRow(Struct, frozen=True, kw_only=True):
    id: int
    client: str
    city: str
    state: str
    attempts: int
    due_at: datetime
    last_disposition: str
    operator: str


class EntryList(Struct, frozen=True, kw_only=True):
    items: list[EntryRow]
    next: str | None


def load_rows(conn: Connection, since: datetime) -> list[CampaignRow]:
    """All campaigns with their pools by state, and what was done in them since a moment."""
    pools = service.pools(conn)
    results = service.results_since(conn, since)
    titles = dict(conn.execute(select(scripts.c.id, scripts.c.name)).all())
    counted = {
        campaign_id: (attempts, answered)
        for campaign_id, attempts, answered in conn.execute(
            select(calls.c.campaign_id, func.count(), func.count(calls.c.answered_at))
            .where(calls.c.started_at >= since)
            .group_by(calls.c.campaign_id)
        )
    }
    return [
        CampaignRow(
            id=campaign.id,
            name=campaign.name,
            kind=campaign.kind,
            language=campaign.language,
            status=campaign.status,
            line=campaign.line,
            script=titles.get(campaign.script_id or 0, ""),
            pool={state.value: pools.get(campaign.id, {}).get(state.value, 0) for state in EntryState},
            today=CampaignToday(
                attempts=counted.get(campaign.id, (0, 0))[0],
                answered=counted.get(campaign.id, (0, 0))[1],
                successes=results.get(campaign.id, (0, 0))[1],
            ),
        )
        for campaign in service.every(conn)
    ]


def operations(store: Store, midnight: Callable[[], datetime]) -> list[Operation]:
    async def list_campaigns(call: ApiCall) -> CampaignList:
        since = midnight()
        return CampaignList(items=await store.read(lambda conn: load_rows(conn, since)))

    async def list_entries(call: ApiCall) -> EntryList:
        campaign_id, after = number(call.path("id")), number(call.query("cursor") or "0")
        state = call.query("state") or None
        language = call.user.language

        def load(conn: Connection) -> EntryList:
            campaign = service.load(conn, campaign_id)
            if campaign is None:
                raise Problem(404, "not_found")
            rows = service.list_entries(conn, campaign_id, after=after, state=state, limit=PAGE)
            titles = {d.id: d.title(language) for d in campaign.dispositions}
            return EntryList(
                items=[
                    EntryRow(
                        id=row.id,
                        client=row.client,
                        city=row.city,
                        state=row.state,
                        attempts=row.attempts,
                        due_at=row.due_at,
                        last_disposition=titles.get(row.disposition, row.disposition),
                        operator=row.operator or "",
                    )
                    for row in rows
                ],
                next=str(rows[-1].id) if len(rows) == PAGE else None,
            )

        return await store.read(load)

    return [
        Operation(
            method="GET",
            path="/api/v1/campaigns",
            summary="Campaigns with their pools",
            permission=Permission.SEE_CONSOLE,
            handler=list_campaigns,
            answers=CampaignList,
        ),
        Operation(
            method="GET",
            path="/api/v1/campaigns/{id}/entries",
            summary="A page of a campaign's pool",
            permission=Permission.SEE_CONSOLE,
            handler=list_entries,
            answers=EntryList,
        ),
    ]


def number(text: str) -> int:
    """A number from outside. Raises `Problem`."""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Problem(404, "not_found")
    return int(text)
