"""What a step of the script does besides: its actions, in its transaction, and what of them concerns the desk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from dialer.automation.model import Effect, Hook, Subject
from dialer.automation.service import carry_out, changes_card
from dialer.campaigns.model import Campaign
from dialer.clients import deals
from dialer.clients import service as clients
from dialer.desk.kept import Loaded
from dialer.desk.model import Work
from dialer.scripts.service import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Presser:
    """Who makes a step. `without`: the actions that they go on without, by number, and why."""

    operator_id: int
    name: str
    hooks: Mapping[str, Hook]
    without: Collection[int] = ()
    why: str = ""


def do(
    conn: Connection, work: Work, loaded: Loaded, run: Run, by: Presser, now: datetime
) -> tuple[Work, Loaded]:
    """Carry out what the run's last step asks for. Raises `ActionRefused`: then nothing may be stored."""
    loaded = msgspec.structs.replace(loaded, run=msgspec.structs.replace(run, due=()))
    if not run.due or loaded.version is None:
        return work, loaded
    subject = Subject(
        run_id=run.id,
        seq=run.state.step - 1,
        script=loaded.version.script.name,
        version=loaded.version.number,
        client_id=work.client_id,
        timezone=loaded.client.timezone,
        operator_id=by.operator_id,
        campaign_id=work.campaign_id,
        call_id=work.call.id if work.call is not None else None,
        held=work.claim is not None,
        now=now,
        hooks=by.hooks,
    )
    effect = carry_out(conn, subject, run.due, without=by.without, note=by.why)
    if changes_card(run.due):
        loaded = msgspec.structs.replace(
            loaded,
            client=clients.load(conn, work.client_id),
            deal=deals.find_open(conn, work.client_id),
        )
    return _affected(work, loaded.campaign, effect), loaded


def _affected(work: Work, campaign: Campaign, effect: Effect) -> Work:
    """The work with what the script asked of its result: the moment to call back, and to call no more."""
    if effect.callback_at is not None:
        draft = work.draft
        chosen = campaign.disposition(draft.disposition)
        if chosen is None or not chosen.callback:
            later = next((each.id for each in campaign.dispositions if each.callback), draft.disposition)
            draft = msgspec.structs.replace(draft, disposition=later)
        work = msgspec.structs.replace(
            work, draft=msgspec.structs.replace(draft, callback_at=effect.callback_at)
        )
    return msgspec.structs.replace(work, exclude=True) if effect.exclude else work
