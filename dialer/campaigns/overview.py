"""What the console shows of the campaigns: their pools by state, and what was done in them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, func, select

from dialer.campaigns import service
from dialer.campaigns.model import EntryState
from dialer.scripts.tables import scripts
from dialer.telephony.tables import calls


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
    caller_ids: tuple[str, ...]  # of the line's, those that its clients see; empty = all
    script_id: int | None
    script: str
    pool: dict[str, int]
    today: CampaignToday


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
            caller_ids=campaign.caller_ids,
            script_id=campaign.script_id,
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
