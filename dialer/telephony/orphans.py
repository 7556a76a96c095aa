"""Files without rows, rows without files: what a crash, a hand or a full disk left of recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from dialer.store.engine import Store
from dialer.telephony import service
from dialer.telephony.naming import Named, parse, stem
from dialer.telephony.recordings import PLAYABLE
from dialer.telephony.sources import SharedFolder
from dialer.telephony.tables import calls, recordings, segments


class Orphans(Struct, frozen=True, kw_only=True):
    """`strangers`: files of calls that the store does not know. `dangling`: segments whose file is gone.

    `adopted`: calls whose sound lay there and that had no row. `leftovers`: files of recordings that were deleted,
    and originals whose copy is in their place; they are removed.
    """

    strangers: list[str]
    dangling: list[str]
    adopted: list[str]
    leftovers: list[str]


class SegmentRow(Struct, frozen=True, kw_only=True):
    state: str
    codec: str
    original_until: datetime | None


def of_kept(
    names: Collection[str], rows: Mapping[tuple[str, int], SegmentRow]
) -> tuple[list[str], list[str], list[str]]:
    """(strangers, dangling, leftovers) of the folder in which we keep files."""
    strangers, leftovers = [], []
    for name in sorted(names):
        named = parse(name)
        if named is not None and named.side:
            continue  # a PBX's own, where it writes into the folder in which we keep
        row = rows.get((named.call_id, named.number)) if named is not None else None
        if named is None or row is None:
            strangers.append(name)
        elif row.state == "deleted" or _is_old(named, row):
            leftovers.append(name)
    there = set(names)
    dangling = [
        f"{stem(call_id, number)}.{row.codec}"
        for (call_id, number), row in sorted(rows.items())
        if row.state in PLAYABLE and f"{stem(call_id, number)}.{row.codec}" not in there
    ]
    return strangers, dangling, leftovers


def _is_old(named: Named, row: SegmentRow) -> bool:
    """Whether it is an original beside its copy for which no time is left, or a copy that the store never named."""
    return named.codec != row.codec and (row.codec == "wav" or row.original_until is None)


async def look(
    store: Store, *, kept: Path, sources: Collection[SharedFolder], now: datetime
) -> tuple[Orphans, list[str]]:
    """What there is, mended where that is safe; and the calls whose recording can be finished now."""
    rows, known = await store.read(_rows)
    names = await asyncio.to_thread(_kept_names, kept)
    strangers, dangling, leftovers = of_kept(names, rows)
    for name in leftovers:
        await asyncio.to_thread((kept / name).unlink, missing_ok=True)
    adopted: dict[str, datetime] = {}
    for source in sources:
        for name in await asyncio.to_thread(source.list_names):
            named = parse(name)
            if named is None or (named.call_id, named.number) in rows:
                continue
            call = known.get(named.call_id)
            if call is None:
                strangers.append(name)
            elif call.ended_at is not None and call.recording is None and call.answered_at is not None:
                adopted[named.call_id] = call.answered_at
    for call_id, began in adopted.items():
        await store.write(partial(service.start_recording, call_id=call_id, started_at=began))
    found = Orphans(strangers=strangers, dangling=dangling, adopted=sorted(adopted), leftovers=leftovers)
    return found, sorted(adopted)


def _kept_names(kept: Path) -> list[str]:
    if not kept.is_dir():
        return []
    return [path.name for path in kept.iterdir() if path.suffix in (".wav", ".opus") and path.is_file()]


def _rows(conn: Connection) -> tuple[dict[tuple[str, int], SegmentRow], dict[str, Any]]:
    found = conn.execute(
        select(
            segments.c.call_id,
            segments.c.number,
            segments.c.state,
            segments.c.codec,
            segments.c.original_until,
        )
    )
    rows = {
        (row.call_id, row.number): SegmentRow(
            state=row.state, codec=row.codec, original_until=row.original_until
        )
        for row in found
    }
    known = conn.execute(
        select(
            calls.c.id, calls.c.ended_at, calls.c.answered_at, recordings.c.state.label("recording")
        ).outerjoin(recordings, recordings.c.call_id == calls.c.id)
    )
    return rows, {row.id: row for row in known}
