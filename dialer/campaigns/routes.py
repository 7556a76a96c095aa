"""Campaigns and their pools for the console."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection

from dialer.auth.model import Permission
from dialer.campaigns import service
from dialer.campaigns.overview import CampaignRow, load_rows
from dialer.events import CampaignChanged
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.scripts.shelf import is_in_use
from dialer.store import outbox
from dialer.store.engine import Store
from dialer.telephony.line_control import LineControl, LineUnknown
from dialer.telephony.policy import CallerIds

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


class CallerIdsBody(Struct, frozen=True, kw_only=True):
    """Of the line's numbers, those that the campaign's clients see; none = all."""

    caller_ids: CallerIds


class ScriptBody(Struct, frozen=True, kw_only=True):
    """A published script; null: its operators work without one."""

    script: int | None


def operations(store: Store, lines: LineControl, midnight: Callable[[], datetime]) -> list[Operation]:
    async def list_campaigns(call: ApiCall) -> CampaignList:
        since = midnight()
        return CampaignList(items=await store.read(lambda conn: load_rows(conn, since)))

    async def choose_caller_ids(call: ApiCall) -> CampaignList:
        campaign_id, since = number(call.path("id")), midnight()
        wanted = tuple(dict.fromkeys(call.body.caller_ids))

        def choose(conn: Connection) -> list[CampaignRow]:
            _choose(conn, campaign_id, wanted, lines)
            return load_rows(conn, since)

        return CampaignList(items=await store.write(choose))

    async def choose_script(call: ApiCall) -> CampaignList:
        campaign_id, since = number(call.path("id")), midnight()

        def choose(conn: Connection) -> list[CampaignRow]:
            if service.load(conn, campaign_id) is None:
                raise Problem(404, "not_found")
            if call.body.script is not None and not is_in_use(conn, call.body.script):
                raise Problem(409, "script_not_published")
            service.change(conn, campaign_id, script_id=call.body.script)
            outbox.append(conn, CampaignChanged(campaign_id=campaign_id))
            return load_rows(conn, since)

        return CampaignList(items=await store.write(choose))

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
            method="POST",
            path="/api/v1/campaigns/{id}/caller_ids",
            summary="Choose which of the line's numbers a campaign's clients see",
            permission=Permission.RUN_CAMPAIGNS,
            handler=choose_caller_ids,
            body=CallerIdsBody,
            answers=CampaignList,
        ),
        Operation(
            method="POST",
            path="/api/v1/campaigns/{id}/script",
            summary="Choose the script of a campaign, from its next client on",
            permission=Permission.RUN_CAMPAIGNS,
            handler=choose_script,
            body=ScriptBody,
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


def _choose(conn: Connection, campaign_id: int, wanted: tuple[str, ...], lines: LineControl) -> None:
    campaign = service.load(conn, campaign_id)
    if campaign is None:
        raise Problem(404, "not_found")
    try:
        own = lines.numbers(conn, campaign.line)
    except LineUnknown:
        raise Problem(409, "line_missing", {"line": campaign.line}) from None
    foreign = next((number for number in wanted if number not in own), None)
    if foreign is not None:
        raise Problem(409, "caller_id_foreign", {"number": foreign, "line": campaign.line})
    service.change(conn, campaign_id, caller_ids=wanted)
    outbox.append(conn, CampaignChanged(campaign_id=campaign_id))
