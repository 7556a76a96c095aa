"""Callbacks promised to clients who called in: they become entries of an outbound campaign.

Units of work, or parts of one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, insert, select, update

from dialer.campaigns import claim as claims_of
from dialer.campaigns.model import HELD, Campaign, EntryState, Refusal
from dialer.campaigns.rules import may_postpone
from dialer.campaigns.tables import entries
from dialer.clients.tables import do_not_call, phones


def may_promise(
    conn: Connection, campaign: Campaign | None, *, client_id: int, operator_id: int
) -> Refusal | None:
    """Why this campaign can't call a client back; None = it can. Without a campaign nobody would."""
    if campaign is None or campaign.kind != "outbound" or campaign.status != "running":
        return Refusal(code="callback_no_campaign")
    callable_number = select(phones.c.id).where(
        phones.c.client_id == client_id,
        phones.c.flagged.is_(False),
        ~exists().where(do_not_call.c.e164 == phones.c.e164),
    )
    if conn.execute(callable_number.limit(1)).first() is None:
        return Refusal(code="callback_no_number")
    state = conn.execute(select(entries.c.state).where(*_entry(campaign, client_id))).scalar()
    if state in HELD:
        return Refusal(code="callback_held")
    if state == EntryState.EXCLUDED:
        return Refusal(code="callback_excluded")
    return may_postpone(campaign.rules, postponed=claims_of.count_postponed(conn, operator_id))


def promise(conn: Connection, campaign: Campaign, *, client_id: int, operator_id: int, at: datetime) -> None:
    """Make the callback, which is this operator's own; `may_promise` was asked in the same transaction."""
    promised = {"state": EntryState.POSTPONED.value, "due_at": at, "owner_id": operator_id}
    known = conn.execute(
        update(entries).where(*_entry(campaign, client_id)).values(**promised).returning(entries.c.id)
    ).first()
    if known is None:
        conn.execute(insert(entries), {"campaign_id": campaign.id, "client_id": client_id, **promised})


def _entry(campaign: Campaign, client_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return entries.c.campaign_id == campaign.id, entries.c.client_id == client_id
