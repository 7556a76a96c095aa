"""The campaigns that an operator may choose from, looked up once for all operators."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection

from dialer.auth.model import User
from dialer.campaigns import service
from dialer.campaigns.model import Campaign
from dialer.desk.view import CampaignChoice


class KnownCampaigns(Struct, frozen=True, kw_only=True):
    """`members` and `pools` by campaign, as the campaigns' service gives them."""

    campaigns: list[Campaign]
    members: dict[int, set[int]]
    pools: dict[int, dict[str, int]]


def look_up(conn: Connection) -> KnownCampaigns:
    """All campaigns, by name, with what a choice shows of them."""
    return KnownCampaigns(
        campaigns=service.every(conn), members=service.members(conn), pools=service.pools(conn)
    )


def choices_of(known: KnownCampaigns, user: User) -> list[CampaignChoice]:
    """The running outbound campaigns that a user may work in; those in the user's language come first."""
    mine = [
        campaign
        for campaign in known.campaigns
        if campaign.status == "running"
        and campaign.kind == "outbound"
        and user.id in known.members.get(campaign.id, {user.id})
    ]
    mine.sort(key=lambda campaign: campaign.language != user.language)
    return [
        CampaignChoice(id=c.id, name=c.name, waiting=known.pools.get(c.id, {}).get("waiting", 0))
        for c in mine
    ]
