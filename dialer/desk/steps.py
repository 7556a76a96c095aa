"""The script's part of the work on a desk: moves, words typed, its end; parts of units of work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from dialer.campaigns.model import Campaign
from dialer.clients.deals import Deal
from dialer.clients.naming import first_name
from dialer.clients.service import Client
from dialer.desk.doing import Presser, do
from dialer.desk.kept import Loaded
from dialer.desk.model import Work
from dialer.scripts import aside
from dialer.scripts import service as scripts
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Give, Go, Move, NoneFits
from dialer.scripts.run import Refusal as ScriptRefusal
from dialer.scripts.standing import at_end, current
from dialer.scripts.values import Typed


def context_of(loaded: Loaded, operator_name: str, number: str = "") -> Context:
    """What placeholders and conditions of the script may speak of."""
    return context_with(
        loaded.client, loaded.campaign, operator_name=operator_name, deal=loaded.deal, number=number
    )


def context_with(
    client: Client, campaign: Campaign, *, operator_name: str, deal: Deal | None = None, number: str = ""
) -> Context:
    deal = deal or Deal(id=0)
    return Context(
        client_name=client.name,
        client_first_name=first_name(client.name, campaign.language),
        client_city=client.city,
        client_number=number or next((phone.e164 for phone in client.phones), ""),
        client_fields=client.fields,
        deal_stage=deal.stage,
        deal_title=deal.title,
        deal_fields=deal.fields,
        operator_name=operator_name,
        campaign_name=campaign.name,
    )


def begin_run(
    conn: Connection,
    loaded: Loaded,
    work: Work,
    script_id: int,
    *,
    operator_id: int,
    now: datetime,
    new_id: Callable[[], str],
    aside_run: str | None = None,
) -> Loaded:
    """A run of the script with the client of this work: one that was set aside with them, or a new one.

    `aside_run` says which; otherwise it is the latest of this script, if there is any.
    """
    waiting = aside_run or aside.of_client(conn, work.client_id, script_id)
    run = aside.take_up(conn, waiting, operator_id=operator_id, now=now) if waiting is not None else None
    if run is not None:
        version = scripts.load_version(conn, run.version_id)
    else:
        run_id = new_id()
        drawn, trial = scripts.drawn(conn, script_id, run_id)
        if drawn is None:
            return loaded
        version = drawn
        run = scripts.start_run(
            conn,
            run_id=run_id,
            version=version,
            context=context_of(loaded, ""),
            client_id=work.client_id,
            operator_id=operator_id,
            campaign_id=loaded.campaign.id,
            trial_id=trial,
            now=now,
        )
    if work.call is not None:
        scripts.tie_to_call(conn, run.id, work.call.id)
    return msgspec.structs.replace(loaded, version=version, run=run)


def make_move(
    conn: Connection, work: Work, loaded: Loaded, step: int, move: Move, *, by: Presser, now: datetime
) -> tuple[Work, Loaded] | ScriptRefusal:
    """One move in the script, saved with its second in the call, and what it does besides.

    Raises `ActionRefused`: one of its actions can't be done, and so nothing may be stored.
    """
    if loaded.run is None or loaded.version is None:
        return ScriptRefusal(code="no_script")
    spoken = work.call is not None and work.call.answered_at is not None
    if loaded.version.script.call_needed and not spoken and isinstance(move, Give | NoneFits | Go):
        return ScriptRefusal(code="call_needed")
    run = scripts.make_move(
        conn,
        loaded.version,
        loaded.run,
        step,
        move,
        call_id=work.call.id if work.call else None,
        context=context_of(loaded, by.name, number_of(work)),
        now=now,
    )
    if isinstance(run, ScriptRefusal):
        return run
    return do(conn, work, loaded, run, by, now)


def number_of(work: Work) -> str:
    """The number that is spoken with, "" where there was no call."""
    return work.call.number if work.call is not None else ""


def fill_fields(
    conn: Connection, loaded: Loaded, step: int, fields: dict[str, Typed]
) -> Loaded | ScriptRefusal:
    if loaded.run is None or loaded.version is None:
        return ScriptRefusal(code="no_script")
    run = scripts.fill_fields(conn, loaded.version, loaded.run, step, fields)
    return run if isinstance(run, ScriptRefusal) else msgspec.structs.replace(loaded, run=run)


def tick_task(conn: Connection, loaded: Loaded, task: str, on: bool) -> Loaded | ScriptRefusal:
    if loaded.run is None or loaded.version is None:
        return ScriptRefusal(code="no_script")
    run = scripts.tick_task(conn, loaded.version, loaded.run, task, on)
    return run if isinstance(run, ScriptRefusal) else msgspec.structs.replace(loaded, run=run)


def close_run(
    conn: Connection, work: Work, loaded: Loaded, *, later: bool, by: Presser, now: datetime
) -> Work | ScriptRefusal:
    """The conversation is over: the run ends, or waits where the client asked to be called `later`.

    Gives the work as the script's last actions leave it. Raises `ActionRefused`, as `make_move` does.
    """
    if loaded.run is None or loaded.version is None or loaded.run.state.ended is not None:
        return work
    call_id = work.call.id if work.call else None
    context = context_of(loaded, by.name, number_of(work))
    state = loaded.run.state
    if later and state.step > 1 and not at_end(current(loaded.version.script, state)):
        done = aside.put_aside(conn, loaded.version, loaded.run, call_id=call_id, context=context, now=now)
        return done if isinstance(done, ScriptRefusal) else work
    hung_up = work.call is not None and work.call.ended_by == "client"
    reason = work.draft.reason or ("hung_up" if hung_up else "call_later" if later else "saved")
    done = scripts.finish_run(
        conn, loaded.version, loaded.run, call_id=call_id, context=context, now=now, reason=reason
    )
    if isinstance(done, ScriptRefusal):
        return done
    return do(conn, work, loaded, done, by, now)[0]
