"""Claims: one statement in the store decides who gets which entry; an epoch proves who holds it.

All functions are units of work, or parts of one: they take a connection inside a transaction and never commit.
They may read other rooms' tables (do-not-call), because a claim is one statement.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from dialer.campaigns.model import Campaign, Claim, EntryState, Refusal, sources
from dialer.campaigns.rules import may_take_next, may_try_again
from dialer.campaigns.tables import attempts, claims, entries, holds
from dialer.clients.tables import do_not_call, phones
from dialer.store import prepared


class StaleClaim(Exception):
    """The hold is gone: expired, or given to somebody else. Nothing was changed."""


def stands_in(state: EntryState) -> ColumnElement[bool]:
    """The entry's state, as a word of the statement: SQLite plans a statement anew at each execution when a bound
    value might decide whether a partial index serves it, and the claim's plan costs ten times the claim.
    """
    return entries.c.state == literal_column(f"'{state.value}'", String)


def _phone_is_free() -> ColumnElement[bool]:
    """The client has a phone that may be dialled now."""
    tried = attempts.alias("tried")
    in_campaign = and_(tried.c.e164 == phones.c.e164, tried.c.campaign_id == bindparam("campaign"))
    today = (
        select(func.count()).where(in_campaign, tried.c.at > bindparam("day_ago")).correlate(phones)
    ).scalar_subquery()
    return exists().where(
        phones.c.client_id == entries.c.client_id,
        phones.c.flagged.is_(False),
        ~exists().where(do_not_call.c.e164 == phones.c.e164),
        ~exists().where(in_campaign, tried.c.at > bindparam("pause_ago")),
        today < bindparam("per_day"),
    )


def _nothing_held() -> ColumnElement[bool]:
    """Neither the client nor any of its phones is out with another operator, in any campaign."""
    sibling = phones.alias("sibling")
    return and_(
        ~exists().where(holds.c.kind == "client", holds.c.key == cast(entries.c.client_id, String)),
        ~exists().where(
            sibling.c.client_id == entries.c.client_id, holds.c.kind == "phone", holds.c.key == sibling.c.e164
        ),
    )


def _candidate(
    *conditions: ColumnElement[bool], order: tuple[ColumnElement[object], ...]
) -> Select[tuple[int]]:
    return (
        select(entries.c.id)
        .where(
            entries.c.campaign_id == bindparam("campaign"),
            *conditions,
            _phone_is_free(),
            _nothing_held(),
        )
        .order_by(*order)
        .limit(1)
    )


_POSTPONED = stands_in(EntryState.POSTPONED)
# The limit stops machines' retries; a callback that was promised to a client is made, whatever was tried before.
_ATTEMPTS_LEFT = entries.c.attempts < bindparam("max_attempts")
_OWN_CALLBACK = _candidate(
    _POSTPONED,
    entries.c.owner_id == bindparam("operator"),
    entries.c.due_at <= bindparam("now"),
    order=(entries.c.due_at, entries.c.id),
)
_ANYBODYS_CALLBACK = _candidate(
    _POSTPONED,
    entries.c.due_at <= bindparam("now"),
    or_(
        and_(entries.c.owner_id.is_(None), _ATTEMPTS_LEFT),
        and_(entries.c.owner_id.is_not(None), entries.c.due_at <= bindparam("patience_ago")),
    ),
    order=(entries.c.due_at, entries.c.id),
)
_WAITING = _candidate(stands_in(EntryState.WAITING), _ATTEMPTS_LEFT, order=(entries.c.rank, entries.c.id))

# Own due callbacks first, then anybody's, then the pool in its order.
_CLAIM = (
    update(entries)
    .where(
        entries.c.id
        == func.coalesce(
            _OWN_CALLBACK.scalar_subquery(), _ANYBODYS_CALLBACK.scalar_subquery(), _WAITING.scalar_subquery()
        )
    )
    .values(
        state=EntryState.CLAIMED.value,
        returns_to=entries.c.state,
        holder_id=bindparam("operator"),
        epoch=entries.c.epoch + 1,
        lease_until=bindparam("lease"),
    )
    .returning(entries.c.id, entries.c.client_id, entries.c.epoch, entries.c.attempts)
)
_NUMBERS = select(phones.c.e164).where(phones.c.client_id == bindparam("client")).distinct()
_OPERATORS = (claims.c.operator_id == bindparam("operator"), claims.c.campaign_id == bindparam("campaign"))
# What the rules ask of an operator's claims: the one that stands so far back, and the last that was finished.
_PAST = select(
    select(claims.c.at)
    .where(*_OPERATORS)
    .order_by(claims.c.at.desc())
    .limit(1)
    .offset(bindparam("newer"))
    .scalar_subquery()
    .label("counted_from"),
    select(func.max(claims.c.finished_at)).where(*_OPERATORS).scalar_subquery().label("finished_at"),
)
# The client, and each number it has: whoever holds one of them already makes the claim fail.
_HOLD = insert(holds).from_select(
    ["kind", "key", "entry_id"],
    union_all(
        select(literal("client"), cast(bindparam("client"), String), bindparam("entry", type_=Integer)),
        select(literal("phone"), _NUMBERS.subquery().c.e164, bindparam("entry", type_=Integer)),
    ),
)
_LOG = insert(claims)


def next_entry(conn: Connection, campaign: Campaign, operator_id: int, now: datetime) -> Claim | Refusal:
    """Hand this operator the next free entry of the campaign, or say which rule refuses and until when."""
    if campaign.status != "running":
        return Refusal(code="campaign_not_running")
    refusal = _ask_rules(conn, campaign, operator_id, now)
    if refusal is not None:
        return refusal
    lease_until = now + timedelta(seconds=campaign.preview_s)
    row = prepared.first(conn, _CLAIM, _claim_values(campaign, operator_id, now, lease_until))
    if row is None:
        return Refusal(code="pool_empty")
    return _claimed(conn, row, campaign, operator_id, now, lease_until)


def of_client(
    conn: Connection, campaign: Campaign, client_id: int, operator_id: int, now: datetime
) -> Claim | Refusal | None:
    """Hand this operator the entry of one client, whenever it is due; None where none waits to be called.

    The same rules hold as for the next one; whether the number may be dialled is asked as it is.
    """
    waits = or_(_POSTPONED, stands_in(EntryState.WAITING))
    mine = (entries.c.campaign_id == campaign.id, entries.c.client_id == client_id, waits)
    if campaign.status != "running" or conn.execute(select(entries.c.id).where(*mine)).first() is None:
        return None
    refusal = _ask_rules(conn, campaign, operator_id, now)
    if refusal is not None:
        return refusal
    lease_until = now + timedelta(seconds=campaign.preview_s)
    row = conn.execute(
        update(entries)
        .where(*mine, _nothing_held())
        .values(
            state=EntryState.CLAIMED.value,
            returns_to=entries.c.state,
            holder_id=operator_id,
            epoch=entries.c.epoch + 1,
            lease_until=lease_until,
        )
        .returning(entries.c.id, entries.c.client_id, entries.c.epoch, entries.c.attempts)
    ).first()
    if row is None:
        return Refusal(code="client_held")
    return _claimed(conn, row, campaign, operator_id, now, lease_until)


def _claimed(
    conn: Connection, row: Any, campaign: Campaign, operator_id: int, now: datetime, lease_until: datetime
) -> Claim:
    """Keep what goes with a claim: the holds, the log that the rules count."""
    prepared.run(conn, _HOLD, {"client": row.client_id, "entry": row.id})
    prepared.add(
        conn,
        _LOG,
        {
            "entry_id": row.id,
            "campaign_id": campaign.id,
            "operator_id": operator_id,
            "epoch": row.epoch,
            "at": now,
        },
    )
    return Claim(
        entry_id=row.id,
        client_id=row.client_id,
        epoch=row.epoch,
        attempts=row.attempts,
        lease_until=lease_until,
    )


def _ask_rules(conn: Connection, campaign: Campaign, operator_id: int, now: datetime) -> Refusal | None:
    rules = campaign.rules
    if rules.entries_per_window is None and rules.cooldown_s is None:
        return None
    asked = {
        "operator": operator_id,
        "campaign": campaign.id,
        "newer": max((rules.entries_per_window or 1) - 1, 0),
    }
    (past,) = prepared.rows(conn, _PAST, asked)
    return may_take_next(rules, counted_from=past.counted_from, finished_at=past.finished_at, now=now)


def _claim_values(campaign: Campaign, operator_id: int, now: datetime, lease: datetime) -> dict[str, object]:
    return {
        "campaign": campaign.id,
        "operator": operator_id,
        "now": now,
        "lease": lease,
        "max_attempts": campaign.max_attempts,
        "per_day": campaign.attempts_per_day,
        "day_ago": now - timedelta(days=1),
        "pause_ago": now - timedelta(seconds=campaign.attempt_pause_s),
        "patience_ago": now - timedelta(seconds=campaign.patience_s),
    }


_BLOCKED = select(do_not_call.c.e164).where(do_not_call.c.e164 == bindparam("e164"))
_TRIED = (
    select(attempts.c.at)
    .where(attempts.c.e164 == bindparam("e164"), attempts.c.campaign_id == bindparam("campaign"))
    .order_by(attempts.c.at.desc())
    .limit(bindparam("most"))
)


def start_attempt(
    conn: Connection, campaign: Campaign, claim: Claim, *, e164: str, call_id: str, now: datetime
) -> Refusal | None:
    """Write one attempt down before the wire is touched; None = it may be dialled now.

    The do-not-call list and the limits are asked in the same transaction. Raises `StaleClaim`.
    """
    if conn.execute(_BLOCKED, {"e164": e164}).first() is not None:
        return Refusal(code="do_not_call")
    who = {"e164": e164, "campaign": campaign.id, "most": max(campaign.attempts_per_day, 1)}
    refusal = may_try_again(campaign, tried=list(conn.execute(_TRIED, who).scalars()), now=now)
    if refusal is not None:
        return refusal
    move(conn, claim, EntryState.CALLING, now=now, attempts=entries.c.attempts + 1)
    conn.execute(
        insert(attempts),
        {
            "call_id": call_id,
            "entry_id": claim.entry_id,
            "campaign_id": campaign.id,
            "e164": e164,
            "at": now,
        },
    )
    return None


def move(
    conn: Connection, claim: Claim, target: EntryState, *, now: datetime | None = None, **values: object
) -> None:
    """Move a held entry on. Raises `StaleClaim` where the epoch is not ours or the table has no such move.

    With `now`, a preview that is over counts as gone, though nobody has swept it away yet: a process that stood
    still comes back to presses older than its own clock.
    """
    in_time = [or_(~stands_in(EntryState.CLAIMED), entries.c.lease_until > now)] if now is not None else []
    done = conn.execute(
        update(entries)
        .where(
            entries.c.id == claim.entry_id,
            entries.c.epoch == claim.epoch,
            or_(*(stands_in(state) for state in sources(target))),
            *in_time,
        )
        .values(state=target.value, **values)
        .returning(entries.c.id)
    ).first()
    if done is None:
        raise StaleClaim(claim.entry_id)


def release(conn: Connection, claim: Claim, target: EntryState, *, now: datetime, **values: object) -> None:
    """End a claim with its result: the entry moves on, its client and phones are free again. Raises `StaleClaim`.

    The epoch ends with it, so that the same claim, used again by a process that was stopped, proves nothing.
    """
    over = {"holder_id": None, "lease_until": None, "worked_at": now, "epoch": entries.c.epoch + 1}
    move(conn, claim, target, now=now, **over, **values)
    conn.execute(delete(holds).where(holds.c.entry_id == claim.entry_id))
    conn.execute(
        update(claims)
        .where(claims.c.entry_id == claim.entry_id, claims.c.epoch == claim.epoch)
        .values(finished_at=now, how_ended="saved")
    )


def count_postponed(conn: Connection, operator_id: int) -> int:
    """How many entries this operator has left waiting for themselves."""
    counted = conn.execute(
        select(func.count()).where(entries.c.owner_id == operator_id, stands_in(EntryState.POSTPONED))
    )
    return int(counted.scalar_one())


def give_back_attempt(conn: Connection, claim: Claim, call_id: str) -> int:
    """Take an attempt back that never reached a network: no phone rang. Gives the attempts that are left."""
    taken = conn.execute(delete(attempts).where(attempts.c.call_id == call_id)).rowcount
    row = conn.execute(
        update(entries)
        .where(entries.c.id == claim.entry_id, entries.c.epoch == claim.epoch)
        .values(attempts=entries.c.attempts - taken)
        .returning(entries.c.attempts)
    ).first()
    return int(row.attempts) if row is not None else claim.attempts


__all__ = [
    "StaleClaim",
    "count_postponed",
    "move",
    "next_entry",
    "of_client",
    "release",
    "start_attempt",
]
