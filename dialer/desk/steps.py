"""The script's part of the work on a desk: moves, words typed, its end; parts of units of work."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection

from dialer.campaigns.model import Campaign
from dialer.clients.naming import first_name
from dialer.clients.service import Client
from dialer.desk.kept import Loaded
from dialer.desk.model import Work
from dialer.scripts import service as scripts
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Move
from dialer.scripts.run import Refusal as ScriptRefusal
from dialer.scripts.values import Typed


def context_of(loaded: Loaded, operator_name: str) -> Context:
    """What placeholders and conditions of the script may speak of."""
    return context_with(loaded.client, loaded.campaign, operator_name=operator_name)


def context_with(client: Client, campaign: Campaign, *, operator_name: str) -> Context:
    return Context(
        client_name=client.name,
        client_first_name=first_name(client.name, campaign.language),
        client_city=client.city,
        client_fields=client.fields,
        operator_name=operator_name,
        campaign_name=campaign.name,
    )


def make_move(
    conn: Connection, work: Work, loaded: Loaded, step: int, move: Move, *, operator_name: str, now: datetime
) -> Loaded | ScriptRefusal:
    """One move in the script, saved with its second in the call."""
    if loaded.run is None or loaded.version is None:
        return ScriptRefusal(code="no_script")
    run = scripts.make_move(
        conn,
        loaded.version,
        loaded.run,
        step,
        move,
        call_id=work.call.id if work.call else None,
        context=context_of(loaded, operator_name),
        now=now,
    )
    return run if isinstance(run, ScriptRefusal) else msgspec.structs.replace(loaded, run=run)


def fill_fields(
    conn: Connection, loaded: Loaded, step: int, fields: dict[str, Typed]
) -> Loaded | ScriptRefusal:
    if loaded.run is None or loaded.version is None:
        return ScriptRefusal(code="no_script")
    run = scripts.fill_fields(conn, loaded.version, loaded.run, step, fields)
    return run if isinstance(run, ScriptRefusal) else msgspec.structs.replace(loaded, run=run)


def finish_run(
    conn: Connection, work: Work, loaded: Loaded, *, operator_name: str, now: datetime
) -> ScriptRefusal | None:
    if loaded.run is None or loaded.version is None or loaded.run.state.ended is not None:
        return None
    done = scripts.finish_run(
        conn,
        loaded.version,
        loaded.run,
        call_id=work.call.id if work.call else None,
        context=context_of(loaded, operator_name),
        now=now,
        reason="hung_up" if work.call and work.call.ended_by == "client" else "saved",
    )
    return done if isinstance(done, ScriptRefusal) else None
