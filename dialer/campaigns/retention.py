"""How long recordings are kept: by their campaign in days; one that is held stays. Each deletion is written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Row, func, select, type_coerce, update

from dialer.campaigns.tables import campaigns
from dialer.store.engine import Store
from dialer.store.schema import to_micros
from dialer.telephony.listening import note
from dialer.telephony.naming import MOST_SEGMENTS, stem
from dialer.telephony.sources import Source
from dialer.telephony.tables import calls, recordings, segments

log = logging.getLogger(__name__)

A_DAY_MICROS: Final = 86_400_000_000
AT_A_TIME: Final = 500


def due(conn: Connection, now: datetime, default_days: int) -> list[Row[Any]]:
    """Recordings whose time is over: (id, pbx, days). 0 days = they are kept for ever."""
    days = func.coalesce(campaigns.c.recording_days, default_days)
    over = type_coerce(calls.c.ended_at, BigInteger) + days * A_DAY_MICROS <= to_micros(now)
    return list(
        conn.execute(
            select(calls.c.id, calls.c.pbx, days.label("days"))
            .join(recordings, recordings.c.call_id == calls.c.id)
            .outerjoin(campaigns, campaigns.c.id == calls.c.campaign_id)
            .where(
                recordings.c.state.not_in(("writing", "deleted")),
                recordings.c.held_at.is_(None),
                days > 0,
                over,
            )
            .order_by(calls.c.id)
            .limit(AT_A_TIME)
        )
    )


def strike_out(conn: Connection, call_id: str, days: int, now: datetime) -> bool:
    """Say that a recording is deleted, before its files are; False for one that is held since it was looked at."""
    struck = conn.execute(
        update(recordings)
        .where(recordings.c.call_id == call_id, recordings.c.held_at.is_(None))
        .values(state="deleted")
    )
    if not struck.rowcount:
        return False
    conn.execute(
        update(segments)
        .where(segments.c.call_id == call_id)
        .values(state="deleted", peaks=None, original_until=None)
    )
    note(conn, call_id, "deleted", f"{days} d", at=now)
    return True


def _strike_out(row: Row[Any], now: datetime, conn: Connection) -> bool:
    return strike_out(conn, row.id, row.days, now)


class Retention:
    """`sources` by PBX, with `source` for all others: what a PBX wrote goes too, where it is ours to delete."""

    def __init__(
        self,
        store: Store,
        *,
        kept: Path,
        source: Source,
        sources: Mapping[str, Source],
        days: int,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._kept = kept
        self._source = source
        self._sources = sources
        self._days = days
        self._now = now

    async def run(self) -> int:
        """Delete what is due; how many."""
        deleted = 0
        while rows := await self._store.read(lambda conn: due(conn, self._now(), self._days)):
            struck = 0
            for row in rows:
                if await self._store.write(partial(_strike_out, row, self._now())):
                    struck += 1
                    await self._remove(row.id, row.pbx)
            deleted += struck
            if not struck:
                break
        if deleted:
            log.info("recordings deleted, their time was over: %s", deleted)
        return deleted

    async def _remove(self, call_id: str, pbx: str) -> None:
        """What can't be removed now is found again among the leftovers."""
        try:
            await asyncio.to_thread(_unlink, self._kept, call_id)
            await self._sources.get(pbx, self._source).remove(call_id)
        except OSError as error:
            log.warning("recording %s: a file stays for now: %s", call_id, error)


def _unlink(kept: Path, call_id: str) -> None:
    for number in range(1, MOST_SEGMENTS + 1):
        for codec in ("wav", "opus"):
            (kept / f"{stem(call_id, number)}.{codec}").unlink(missing_ok=True)
