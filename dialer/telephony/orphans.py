"""Files without rows, rows without files: what a crash, a hand or a full disk left of recordings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from dialer.store.engine import Store
from dialer.telephony import service
from dialer.telephony.naming import TRIAL, Named, parse, stem
from dialer.telephony.recordings import PLAYABLE
from dialer.telephony.sources import SharedFolder
from dialer.telephony.tables import calls, recordings, segments


class Orphans(Struct, frozen=True, kw_only=True):
    """`strangers`: files of calls that the store does not know. `dangling`: segments whose file is gone.

    `adopted`: calls whose sound lay there and that had no row. `leftovers`: files of recordings that were deleted,
    and originals whose copy is in their place; they are removed, but for those that are `stuck`. `bytes` and `oldest`
    are the strangers'.
    """

    strangers: list[str]
    dangling: list[str]
    adopted: list[str]
    leftovers: list[str]
    stuck: list[str]
    bytes: int = 0
    oldest: datetime | None = None


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


_Lying = Sequence[tuple[SharedFolder, list[str]]]


class _Seen(Struct, frozen=True, kw_only=True):
    """`doomed`: what a folder still holds of a call whose recording was deleted; `adopted`: since when it talked."""

    strangers: list[Path]
    dangling: list[str]
    leftovers: list[str]
    doomed: list[tuple[SharedFolder, str, list[str]]]
    adopted: dict[str, datetime]


def _hold(kept: Path, names: Collection[str], lying: _Lying, conn: Connection) -> _Seen:
    """Files against rows. The files were listed before: what is recorded meanwhile would be taken for nobody's."""
    rows, known = _rows(conn)
    strangers, dangling, leftovers = of_kept(names, rows)
    seen = _Seen(
        strangers=[kept / name for name in strangers],
        dangling=dangling,
        leftovers=leftovers,
        doomed=[],
        adopted={},
    )
    for source, theirs in lying:
        doomed: dict[str, list[str]] = {}
        for name in theirs:
            named = parse(name)
            if named is None or not named.side or named.call_id == TRIAL:
                continue  # a PBX writes sides; what we keep may stand in the same folder
            call = known.get(named.call_id)
            if call is None:
                seen.strangers.append(source.folder / name)
            elif call.recording == "deleted":
                doomed.setdefault(named.call_id, []).append(name)
            elif (named.call_id, named.number) not in rows and _unlisted(call):
                seen.adopted[named.call_id] = call.answered_at
        seen.doomed.extend((source, call_id, files) for call_id, files in doomed.items())
    return seen


def _unlisted(call: Any) -> bool:
    return call.ended_at is not None and call.recording is None and call.answered_at is not None


async def look(
    store: Store, *, kept: Path, sources: Collection[SharedFolder], now: datetime
) -> tuple[Orphans, list[str]]:
    """What there is, mended where that is safe; and the calls whose recording can be finished now."""
    names = await asyncio.to_thread(_kept_names, kept)
    lying = [(source, await asyncio.to_thread(source.list_names)) for source in sources]
    seen = await store.read(partial(_hold, kept, names, lying))
    stuck = await asyncio.to_thread(_unlink, kept, seen.leftovers)
    for source, call_id, files in seen.doomed:
        stuck += await _remove(source, call_id, files)
    for call_id, began in seen.adopted.items():
        await store.write(partial(service.start_recording, call_id=call_id, started_at=began))
    return await asyncio.to_thread(_told, kept, seen, stuck), sorted(seen.adopted)


def survey(conn: Connection, *, kept: Path, folders: Iterable[Path]) -> Orphans:
    """The same, and nothing is mended: what should have been removed counts as stuck. Blocking."""
    names = _kept_names(kept)
    lying = [(source, source.list_names()) for source in map(SharedFolder, folders)]
    seen = _hold(kept, names, lying, conn)
    return _told(kept, seen, [*seen.leftovers, *(name for _, _, files in seen.doomed for name in files)])


def _told(kept: Path, seen: _Seen, stuck: list[str]) -> Orphans:
    """What was finished between the listing and the reading has a row and no name: it is looked for once more."""
    size, oldest = _weighed(seen.strangers)
    return Orphans(
        strangers=[path.name for path in seen.strangers],
        dangling=[name for name in seen.dangling if not (kept / name).exists()],
        adopted=sorted(seen.adopted),
        leftovers=seen.leftovers,
        stuck=stuck,
        bytes=size,
        oldest=oldest,
    )


async def _remove(source: SharedFolder, call_id: str, files: list[str]) -> list[str]:
    """Those that stay for now."""
    try:
        await source.remove(call_id)
    except OSError:
        return files
    return []


def _unlink(folder: Path, names: Iterable[str]) -> list[str]:
    """Those that stay for now. Blocking."""
    stuck = []
    for name in names:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError:
            stuck.append(name)
    return stuck


def _weighed(paths: Iterable[Path]) -> tuple[int, datetime | None]:
    """How many bytes, and when the oldest was written last. Blocking."""
    size, oldest = 0, None
    for path in paths:
        with contextlib.suppress(OSError):
            seen = path.stat()
            size += seen.st_size
            oldest = seen.st_mtime if oldest is None else min(oldest, seen.st_mtime)
    return size, None if oldest is None else datetime.fromtimestamp(oldest, UTC)


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
