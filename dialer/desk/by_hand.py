"""Scripts that an operator starts, puts aside and takes up by hand (spec S3.1, S3.5): units of work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from dialer.campaigns import claim as claims_of
from dialer.campaigns import holds
from dialer.campaigns import service as campaigns
from dialer.campaigns.model import Campaign, Refusal
from dialer.clients import service as clients
from dialer.desk import work as units
from dialer.desk.kept import Loaded
from dialer.desk.model import Desk, Work, evolve
from dialer.desk.steps import begin_run, context_of
from dialer.scripts import aside, rights
from dialer.scripts import service as scripts
from dialer.scripts.run import Refusal as ScriptRefusal

NewId = Callable[[], str]


def start(
    conn: Connection,
    desk: Desk,
    loaded: Loaded | None,
    *,
    script_id: int,
    client_id: int | None,
    language: str,
    now: datetime,
    new_id: NewId,
) -> tuple[Desk, Loaded] | Refusal:
    """Start a script for the client on the page, or for one that is named, without a call."""
    if not units.may_run(conn, script_id, desk.operator_id):
        return Refusal(code="script_not_yours")
    if scripts.latest(conn, script_id) is None:
        return Refusal(code="script_unknown")
    if desk.work is not None and loaded is not None:
        return _for_this_one(conn, desk, desk.work, loaded, script_id, now, new_id)
    if client_id is None or not clients.exists(conn, client_id):
        return Refusal(code="client_unknown")
    campaign = campaigns.load(conn, desk.campaign_id) if desk.campaign_id is not None else None
    if campaign is None:
        return Refusal(code="no_campaign")
    if not holds.hold_for(conn, desk.operator_id, client_id):
        return Refusal(code="client_held")
    work = _work(new_id(), campaign, client_id, now)
    return _put(conn, desk, work, campaign, script_id, language=language, now=now, new_id=new_id)


def _for_this_one(
    conn: Connection,
    desk: Desk,
    work: Work,
    loaded: Loaded,
    script_id: int,
    now: datetime,
    new_id: NewId,
) -> tuple[Desk, Loaded] | Refusal:
    """A client who is on the page without a script, as where the campaign has none."""
    if work.run_id:
        return Refusal(code="run_under_way")
    loaded = begin_run(conn, loaded, work, script_id, operator_id=desk.operator_id, now=now, new_id=new_id)
    run_id = loaded.run.id if loaded.run is not None else ""
    return units.keep(conn, evolve(desk, now, work=msgspec.structs.replace(work, run_id=run_id))), loaded


def put_aside(
    conn: Connection, desk: Desk, work: Work, loaded: Loaded, *, operator_name: str, now: datetime
) -> Desk | Refusal | ScriptRefusal:
    """Put work without a call away; who is to be called is put away by a result that says when."""
    if work.direction != "by_hand" or loaded.run is None or loaded.version is None:
        return Refusal(code="aside_by_result")
    done = aside.put_aside(
        conn,
        loaded.version,
        loaded.run,
        call_id=None,
        context=context_of(loaded, operator_name),
        now=now,
    )
    if isinstance(done, ScriptRefusal):
        return done
    return units.keep(conn, evolve(desk, now, work=None, last_saved=work.id))


def take_up(
    conn: Connection,
    desk: Desk,
    *,
    run_id: str,
    refuses: Callable[[Campaign], Refusal | None],
    language: str,
    now: datetime,
    new_id: NewId,
) -> tuple[Desk, Loaded] | Refusal:
    """Put a run that was set aside on the desk, at the block where it was left.

    A client who waits to be called in an outbound campaign is claimed with it, so that they can be rung at once.
    """
    found = aside.load(conn, run_id)
    campaign = campaigns.load(conn, found.campaign_id) if found and found.campaign_id is not None else None
    if found is None or campaign is None:
        return Refusal(code="run_taken")
    refusal = why_not(conn, found, campaign, desk.operator_id)
    if refusal is not None:
        return refusal
    work = _work(new_id(), campaign, found.client_id, now)
    claim = None
    if campaign.kind == "outbound" and refuses(campaign) is None:
        claim = claims_of.of_client(conn, campaign, found.client_id, desk.operator_id, now)
    if isinstance(claim, Refusal):
        return claim
    if claim is not None:
        work = msgspec.structs.replace(work, direction="outbound", claim=claim)
    elif not holds.hold_for(conn, desk.operator_id, found.client_id):
        return Refusal(code="client_held")
    return _put(
        conn,
        desk,
        work,
        campaign,
        found.script_id,
        language=language,
        now=now,
        new_id=new_id,
        aside_run=found.run,
    )


def why_not(conn: Connection, found: aside.Aside, campaign: Campaign, operator_id: int) -> Refusal | None:
    """What keeps an operator from taking a run up."""
    if operator_id not in campaigns.members(conn).get(campaign.id, {operator_id}):
        return Refusal(code="campaign_not_yours")
    if not units.may_run(conn, found.script_id, operator_id):
        return Refusal(code="script_not_yours")
    return None


def waiting(conn: Connection, operator_id: int) -> list[aside.Aside]:
    """What an operator may take up: his own first, then the latest. Of campaigns that are over nothing is."""
    closed = rights.closed(conn, "start", user_id=operator_id, role=units.OPERATOR)
    return aside.within(conn, campaigns.open_to(conn, operator_id), closed, operator_id=operator_id)


def _work(work_id: str, campaign: Campaign, client_id: int, now: datetime) -> Work:
    return Work(id=work_id, direction="by_hand", campaign_id=campaign.id, client_id=client_id, began_at=now)


def _put(
    conn: Connection,
    desk: Desk,
    work: Work,
    campaign: Campaign,
    script_id: int,
    *,
    language: str,
    now: datetime,
    new_id: NewId,
    aside_run: str | None = None,
) -> tuple[Desk, Loaded]:
    of_this_script = msgspec.structs.replace(campaign, script_id=script_id)
    begun, loaded = units.begin(
        conn, desk, work, of_this_script, language=language, now=now, new_id=new_id, aside_run=aside_run
    )
    return begun, msgspec.structs.replace(loaded, campaign=campaign)
