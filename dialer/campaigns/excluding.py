"""Clients taken out of pools by something else than a result: parts of units of work."""

from __future__ import annotations

from sqlalchemy import Connection, update

from dialer.campaigns.model import HELD, EntryState, sources
from dialer.campaigns.tables import entries


def exclude(conn: Connection, client_id: int, campaign_id: int | None) -> int:
    """Take a client out of one pool, or of all (None); gives of how many.

    An entry that is out with an operator stays: who holds it settles it.
    """
    movable = [state for state in sources(EntryState.EXCLUDED) if state not in HELD]
    taken = update(entries).where(entries.c.client_id == client_id, entries.c.state.in_(movable))
    if campaign_id is not None:
        taken = taken.where(entries.c.campaign_id == campaign_id)
    return conn.execute(taken.values(state=EntryState.EXCLUDED.value, owner_id=None)).rowcount
