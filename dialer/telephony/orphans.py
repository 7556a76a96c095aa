"""Files without rows, rows without files: what a crash, a hand or a full disk left of recordings.

Folders and tables may be large, so that neither is ever held as a whole: names go by in batches, each against the
rows of its own calls; then rows in pages, each against its files. Files are looked at between the store's reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct, field
from sqlalchemy import Connection, select, tuple_

from dialer.store.engine import Store
from dialer.telephony import service
from dialer.telephony.naming import TRIAL, Named, parse, stem
from dialer.telephony.recordings import PLAYABLE
from dialer.telephony.sources import SharedFolder
from dialer.telephony.tables import calls, recordings, segments

BATCH: Final = 500
NAMED: Final = 20
MOST_MENDED: Final = 1000  # calls in one look; the next one goes on

T = TypeVar("T")
Key = tuple[str, int]
# Asks for what a unit of work reads, is sent it, and so on: whoever drives it has the connection.
Walk = Generator[Callable[[Connection], Any], Any, T]


class Tally(Struct, kw_only=True):
    """How many, and the first of them."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, names: Collection[str]) -> None:
        self.count += len(names)
        self.names.extend(islice(names, NAMED - len(self.names)))


class Orphans(Struct, kw_only=True):
    """`strangers`: files of calls that the store does not know. `dangling`: segments whose file is gone.

    `adopted`: calls whose sound lay there and that had no row, with the moment since which they talked. `leftovers`:
    files of recordings that were deleted, and originals whose copy is in their place; they are removed, but for those
    that are `stuck`. `bytes` and `oldest` are the strangers'.
    """

    strangers: Tally = field(default_factory=Tally)
    dangling: Tally = field(default_factory=Tally)
    leftovers: Tally = field(default_factory=Tally)
    stuck: Tally = field(default_factory=Tally)
    adopted: dict[str, datetime] = field(default_factory=dict)
    bytes: int = 0
    oldest: datetime | None = None

    def add_strangers(self, folder: Path, names: Collection[str]) -> None:
        """Count and weigh them. Blocking."""
        self.strangers.add(names)
        for name in names:
            with contextlib.suppress(OSError):
                seen = (folder / name).stat()
                written = datetime.fromtimestamp(seen.st_mtime, UTC)
                self.bytes += seen.st_size
                self.oldest = written if self.oldest is None else min(self.oldest, written)


class _Doomed(Struct, frozen=True, kw_only=True):
    """What a folder still holds of calls whose recording was deleted."""

    source: SharedFolder
    files: dict[str, list[str]]


class SegmentRow(Struct, frozen=True, kw_only=True):
    state: str
    codec: str
    original_until: datetime | None


def of_kept(names: Collection[str], rows: Mapping[Key, SegmentRow]) -> tuple[list[str], list[str]]:
    """(strangers, leftovers) of the folder in which we keep files; `rows` are those of the calls they name."""
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
    return strangers, leftovers


def _is_old(named: Named, row: SegmentRow) -> bool:
    """Whether it is an original beside its copy for which no time is left, or a copy that the store never named."""
    return named.codec != row.codec and (row.codec == "wav" or row.original_until is None)


async def look(
    store: Store, *, kept: Path, sources: Collection[SharedFolder], now: datetime
) -> tuple[Orphans, list[str]]:
    """What there is, mended where that is safe; and the calls whose recording can be finished now."""
    found, doomed = await survey_in(store, _walk(kept, sources))
    for one in doomed:
        for call_id, files in one.files.items():
            found.stuck.add(await _remove(one.source, call_id, files))
    for call_id, began in found.adopted.items():
        await store.write(partial(service.start_recording, call_id=call_id, started_at=began))
    return found, sorted(found.adopted)


def survey(*, kept: Path, folders: Iterable[Path]) -> Walk[Orphans]:
    """The same, and nothing is mended: what should have been removed counts as stuck."""
    found, doomed = yield from _walk(kept, [SharedFolder(folder) for folder in folders], mend=False)
    for one in doomed:
        for files in one.files.values():
            found.stuck.add(files)
    return found


def survey_over(conn: Connection, walk: Walk[T]) -> T:
    """Walk over a connection of one's own. Blocking. Raises OSError where a folder can't be read."""
    answer = None
    while True:
        try:
            work = walk.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        answer = work(conn)


async def survey_in(store: Store, walk: Walk[T]) -> T:
    """Walk over the store of this process, in many short reads. Raises OSError where a folder can't be read."""
    answer: Any = None
    while True:
        work, ended = await asyncio.to_thread(_step, walk, answer)
        if work is None:
            return ended  # type: ignore[return-value]
        answer = await store.read(work)


def _step(walk: Walk[T], answer: Any) -> tuple[Callable[[Connection], Any] | None, T | None]:
    """The next question, or None and what came of it all. Blocking. (No StopIteration passes through a future.)"""
    try:
        return walk.send(answer), None
    except StopIteration as end:
        return None, end.value


def _walk(
    kept: Path, sources: Iterable[SharedFolder], *, mend: bool = True
) -> Walk[tuple[Orphans, list[_Doomed]]]:
    """Files are listed before their rows are read: what is recorded meanwhile would be taken for nobody's."""
    found, doomed = Orphans(), []
    for names in _batches(_kept_names(kept)):
        rows = yield partial(_rows_of, _ids(names))
        strangers, leftovers = of_kept(names, rows)
        found.add_strangers(kept, strangers)
        found.leftovers.add(leftovers)
        found.stuck.add(_unlink(kept, leftovers) if mend else leftovers)
    for source in sources:
        doomed.append(_Doomed(source=source, files={}))
        for names in _batches(source.list_names()):
            rows = yield partial(_rows_of, _ids(names))
            known = yield partial(_calls_of, _ids(names))
            _hold(found, doomed[-1], sorted(names), rows, known)
    yield from _dangling(kept, found)
    return found, doomed


def _hold(
    found: Orphans,
    doomed: _Doomed,
    names: Iterable[str],
    rows: Mapping[Key, SegmentRow],
    known: Mapping[str, Any],
) -> None:
    """A PBX's files against rows; it writes sides, and what we keep may stand in the same folder."""
    strangers = []
    for name in names:
        named = parse(name)
        if named is None or not named.side or named.call_id == TRIAL:
            continue
        call = known.get(named.call_id)
        if call is None:
            strangers.append(name)
        elif call.recording == "deleted":
            if named.call_id in doomed.files or len(doomed.files) < MOST_MENDED:
                doomed.files.setdefault(named.call_id, []).append(name)
        elif (
            (named.call_id, named.number) not in rows and _unlisted(call) and len(found.adopted) < MOST_MENDED
        ):
            found.adopted[named.call_id] = call.answered_at
    found.add_strangers(doomed.source.folder, strangers)


def _unlisted(call: Any) -> bool:
    return call.ended_at is not None and call.recording is None and call.answered_at is not None


def _dangling(kept: Path, found: Orphans) -> Walk[None]:
    """A file that is not there is looked for by its row once more: it may be compressed or deleted by now."""
    after: Key = ("", 0)
    while rows := (yield partial(_playable, after)):
        after = max(rows)
        missing = _missing(kept, rows)
        if missing:
            again = yield partial(_rows_of, {call_id for call_id, _ in missing})
            missing = _missing(kept, {key: again[key] for key in missing if key in again})
        found.dangling.add([_file(key, row) for key, row in missing.items()])


def _missing(kept: Path, rows: Mapping[Key, SegmentRow]) -> dict[Key, SegmentRow]:
    return {
        key: row
        for key, row in rows.items()
        if row.state in PLAYABLE and not (kept / _file(key, row)).exists()
    }


def _file(key: Key, row: SegmentRow) -> str:
    return f"{stem(*key)}.{row.codec}"


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


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    going = iter(names)
    while batch := list(islice(going, BATCH)):
        yield batch


def _ids(names: Iterable[str]) -> set[str]:
    return {named.call_id for named in map(parse, names) if named is not None}


def _kept_names(kept: Path) -> Iterator[str]:
    if not kept.is_dir():
        return
    with os.scandir(kept) as entries:
        for entry in entries:
            if entry.name.endswith((".wav", ".opus")) and entry.is_file():
                yield entry.name


_ROW = select(
    segments.c.call_id, segments.c.number, segments.c.state, segments.c.codec, segments.c.original_until
)


def _rows_of(call_ids: Collection[str], conn: Connection) -> dict[Key, SegmentRow]:
    return _rows(conn.execute(_ROW.where(segments.c.call_id.in_(call_ids))))


def _playable(after: Key, conn: Connection) -> dict[Key, SegmentRow]:
    """The next page of what can be played."""
    key = tuple_(segments.c.call_id, segments.c.number)
    page = _ROW.where(segments.c.state.in_(PLAYABLE), key > tuple_(*after))
    return _rows(conn.execute(page.order_by(segments.c.call_id, segments.c.number).limit(BATCH)))


def _rows(found: Iterable[Any]) -> dict[Key, SegmentRow]:
    return {
        (row.call_id, row.number): SegmentRow(
            state=row.state, codec=row.codec, original_until=row.original_until
        )
        for row in found
    }


def _calls_of(call_ids: Collection[str], conn: Connection) -> dict[str, Any]:
    known = conn.execute(
        select(calls.c.id, calls.c.ended_at, calls.c.answered_at, recordings.c.state.label("recording"))
        .outerjoin(recordings, recordings.c.call_id == calls.c.id)
        .where(calls.c.id.in_(call_ids))
    )
    return {row.id: row for row in known}
