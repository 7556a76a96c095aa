"""How claims end without a result: previews that run out, and entries that are out with nobody.

Only the state `claimed` is left by time: from `calling` on an entry is freed by its result, or by a daemon that
starts and finds nobody holding it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, Executable, bindparam, case, delete, or_, select, update

from dialer.campaigns.claim import stands_in
from dialer.campaigns.model import HELD, Claim, EntryState
from dialer.campaigns.tables import claims, entries, holds

UNKNOWN_PAUSE = timedelta(minutes=10)  # before an entry whose call nobody can tell of is due again


def extend(conn: Connection, claim: Claim, until: datetime) -> None:
    """Move the end of a preview, as when the operator's page goes away or comes back."""
    conn.execute(
        update(entries)
        .where(
            entries.c.id == claim.entry_id,
            entries.c.epoch == claim.epoch,
            stands_in(EntryState.CLAIMED),
        )
        .values(lease_until=until)
    )


_EXPIRE = (
    update(entries)
    .where(stands_in(EntryState.CLAIMED), entries.c.lease_until <= bindparam("now"))
    .values(
        state=case((entries.c.returns_to == "postponed", "postponed"), else_="waiting"),
        holder_id=None,
        lease_until=None,
        epoch=entries.c.epoch + 1,
    )
    .returning(entries.c.id, entries.c.epoch)
)


def expire(conn: Connection, now: datetime) -> list[tuple[int, int]]:
    """Return entries whose preview ran out to the pool, unharmed; gives (entry, the epoch that ended).

    Only the state `claimed` is left by time: from `calling` on an entry is freed by its result alone.
    """
    return _freed(conn, _EXPIRE, now)


def let_go(conn: Connection, claim: Claim, now: datetime) -> None:
    """The same for one claim, if it is not gone already: its desk no longer shows it."""
    _freed(conn, _EXPIRE.where(entries.c.id == claim.entry_id, entries.c.epoch == claim.epoch), now)


def _freed(conn: Connection, expiry: Executable, now: datetime) -> list[tuple[int, int]]:
    gone = [(row.id, row.epoch - 1) for row in conn.execute(expiry, {"now": now})]
    for entry_id, epoch in gone:
        conn.execute(delete(holds).where(holds.c.entry_id == entry_id))
        conn.execute(
            update(claims)
            .where(claims.c.entry_id == entry_id, claims.c.epoch == epoch)
            .values(finished_at=now, how_ended="expired")
        )
    return gone


def is_held(conn: Connection, claim: Claim, operator_id: int, now: datetime) -> bool:
    """Whether this operator still holds the entry by this claim: a preview that is over holds nothing."""
    found = conn.execute(
        select(entries.c.id).where(
            entries.c.id == claim.entry_id,
            entries.c.epoch == claim.epoch,
            entries.c.holder_id == operator_id,
            entries.c.state.in_([state.value for state in HELD]),
            or_(entries.c.state != EntryState.CLAIMED.value, entries.c.lease_until > now),
        )
    )
    return found.first() is not None


def free_unheld(conn: Connection, held: Collection[tuple[int, int]], now: datetime) -> int:
    """Free entries that are out with nobody: no desk knows their claim. How many they were.

    One that was being called comes back later: its attempt was made, and nobody can say what came of it.
    """
    rows = conn.execute(
        select(entries.c.id, entries.c.epoch, entries.c.state, entries.c.returns_to).where(
            entries.c.state.in_([state.value for state in HELD])
        )
    ).all()
    lost = [row for row in rows if (row.id, row.epoch) not in held]
    for row in lost:
        called = row.state != EntryState.CLAIMED.value
        conn.execute(
            update(entries)
            .where(entries.c.id == row.id, entries.c.epoch == row.epoch)
            .values(
                state=EntryState.POSTPONED.value if called else row.returns_to,
                due_at=now + UNKNOWN_PAUSE if called else entries.c.due_at,
                holder_id=None,
                lease_until=None,
                epoch=entries.c.epoch + 1,
            )
        )
        conn.execute(delete(holds).where(holds.c.entry_id == row.id))
    return len(lost)
