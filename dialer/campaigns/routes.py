"""Campaigns and their pools for the console."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection

from dialer.auth.model import Permission
from dialer.campaigns import service
from dialer.campaigns.overview import CampaignRow, load_rows
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.store.engine import Store

PAGE = 100


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
