"""Finished recordings: both sides fetched from where the PBX wrote them, mended, merged and listed.

Listed are only files that are whole and playable (spec T5.3). What the PBX wrote stays where it is.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, Row, select, update

from dialer.events import CallEnded, RecordingReady
from dialer.store import outbox
from dialer.store.engine import Store
from dialer.store.errors import StoreError
from dialer.telephony import wav
from dialer.telephony.model import EndReason
from dialer.telephony.private import private_files, private_folder, settle
from dialer.telephony.tables import calls, recordings

log = logging.getLogger(__name__)

LENGTHS_AGREE_S = 0.2  # beyond it the marks are shown as uncertain (spec T5.2)
SETTLED_S = 0.3  # a PBX closes its files within 20 ms of the hang-up (measured); asked again this much later
UNCHANGED = 4  # looks in a row without a change: a crash left the files as they are
WAIT_FOR_PBX_S = 15.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0
MOST_TRIES = 20  # over an hour; then at the next start
MOST_WAITING = 10_000
AT_ONCE = 4  # a torn file is waited for, and must not hold up those that are whole


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one recording. `state`: ready, repaired, no_audio, missing."""

    state: str
    duration_s: float | None = None
    peaks: bytes = b""  # left then right, equally many


def merge(source: Path, kept: Path, call_id: str) -> Finished:
    """Make one stereo file of a call's two sides: operator left, client right. Blocking; for a thread."""
    left, right = _side(source, call_id, "out"), _side(source, call_id, "in")
    present = [side for side in (left, right) if side is not None]
    if not present:
        return Finished(state="missing")
    if all(described.frames == 0 for described, _ in present):
        return Finished(state="no_audio", duration_s=0.0)
    rate = present[0][0].rate
    both = wav.stereo(_sound(left), _sound(right))
    private_folder(kept)
    wav.write_stereo(kept / f"{call_id}.wav", rate, both)
    settle(kept / f"{call_id}.wav")
    whole = len(present) == 2 and not any(described.repaired for described, _ in present)
    return Finished(
        state="ready" if whole else "repaired",
        duration_s=len(both) / rate,
        peaks=wav.peaks(both[:, 0]) + wav.peaks(both[:, 1]),
    )


def _side(source: Path, call_id: str, side: str) -> tuple[wav.Side, wav.Samples] | None:
    try:
        return wav.read(source / f"{call_id}-{side}.wav")
    except FileNotFoundError:
        return None
    except wav.NotWav as error:
        log.warning("recording %s: side %s: %s", call_id, side, error)
        return None


def _sound(side: tuple[wav.Side, wav.Samples] | None) -> wav.Samples:
    return side[1] if side is not None else np.zeros(0, dtype=np.int16)


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where a recording stands in time: its marks are counted from `started_at`; `uncertain` = they may be off."""

    started_at: datetime
    uncertain: bool


def place(started_at: datetime, ended_at: datetime, *, end_reason: str, duration_s: float | None) -> Placed:
    """Hold the sound's length against the time in which it was made.

    A recording ends with its call. One that is longer than the time we know of began before we heard of it (the
    daemon was away): its end is seen, so its beginning is known. Where the end was not seen (a crash, a gap) a
    shorter one is no surprise: it lost its tail, its marks are right.
    """
    if duration_s is None:
        return Placed(started_at=started_at, uncertain=False)
    longer = duration_s - (ended_at - started_at).total_seconds()
    seen = end_reason == EndReason.HANGUP.value
    if seen and longer > LENGTHS_AGREE_S:
        return Placed(started_at=ended_at - timedelta(seconds=duration_s), uncertain=False)
    return Placed(
        started_at=started_at, uncertain=longer > LENGTHS_AGREE_S or (seen and longer < -LENGTHS_AGREE_S)
    )


class Recorder:
    """Finishes the recordings of calls that ended, a few at once, and those a crash left unfinished."""

    def __init__(
        self,
        store: Store,
        *,
        source: Path,
        sources: Mapping[str, Path] | None = None,
        kept: Path,
        now: Callable[[], datetime],
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._store = store
        self._source = source
        self._sources = sources or {}  # by PBX, where one writes elsewhere
        self._kept = kept
        self._now = now
        self._first_pause_s = first_pause_s
        self._queue: asyncio.Queue[tuple[str, int]] = asyncio.Queue(maxsize=MOST_WAITING)
        # A heap: when (the loop's clock), what, after which try.
        self._later: list[tuple[float, str, int]] = []
        self._at_work: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self._close_folder()
        self._tasks = [asyncio.create_task(self._run(), name=f"recorder {n}") for n in range(AT_ONCE)]
        for row in await self._store.read(_unfinished):
            await self._queue.put((row.call_id, 0))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def call_ended(self, event: CallEnded) -> None:
        """A committed end of a call; told twice, it is finished once."""
        if event.recorded:
            await self._queue.put((event.call_id, 0))

    async def _run(self) -> None:
        while True:
            call_id, tries = await self._next()
            if call_id in self._at_work:
                continue  # told twice
            self._at_work.add(call_id)
            try:
                await self._finish(call_id)
            except (OSError, StoreError) as error:
                self._put_off(call_id, tries + 1, error)
            except Exception:
                # One file's fault must not leave all that come after it unfinished.
                log.exception("recording %s not finished", call_id)
            finally:
                self._at_work.discard(call_id)

    async def _close_folder(self) -> None:
        """What earlier releases kept was readable for all."""
        try:
            if self._kept.is_dir():
                await asyncio.to_thread(private_folder, self._kept)
                await asyncio.to_thread(private_files, self._kept)
        except OSError as error:
            log.warning("others may be able to read %s: %s", self._kept, error)

    async def _next(self) -> tuple[str, int]:
        """What is due to be tried again, else what ended."""
        clock = asyncio.get_running_loop().time
        while True:
            due = self._later[0][0] if self._later else None
            if due is not None and due <= clock():
                _, call_id, tries = heapq.heappop(self._later)
                return call_id, tries
            try:
                async with asyncio.timeout_at(due):
                    return await self._queue.get()
            except TimeoutError:
                continue

    def _put_off(self, call_id: str, tries: int, error: Exception) -> None:
        """A full or absent disk passes: until then the pauses grow, and all others are finished in between."""
        if tries >= MOST_TRIES or len(self._later) >= MOST_WAITING:
            log.error("recording %s not finished: %s; tried again at the next start", call_id, error)
            return
        pause_s = min(LONGEST_PAUSE_S, self._first_pause_s * 2.0 ** (tries - 1))
        log.warning("recording %s not finished: %s; tried again in %g s", call_id, error, pause_s)
        heapq.heappush(self._later, (asyncio.get_running_loop().time() + pause_s, call_id, tries))

    async def _finish(self, call_id: str) -> None:
        row = await self._store.read(lambda conn: _one(conn, call_id))
        if row is None or row.state != "writing" or row.ended_at is None:
            return
        source = self._sources.get(row.pbx, self._source)
        await self._settled(source, call_id)
        finished = await asyncio.to_thread(merge, source, self._kept, call_id)
        placed = place(
            row.started_at, row.ended_at, end_reason=row.end_reason, duration_s=finished.duration_s
        )
        now = self._now()

        def keep(conn: Connection) -> None:
            conn.execute(
                update(recordings)
                .where(recordings.c.call_id == call_id)
                .values(
                    state=finished.state,
                    duration_s=finished.duration_s,
                    peaks=finished.peaks,
                    started_at=placed.started_at,
                    uncertain=placed.uncertain,
                )
            )
            outbox.append(conn, RecordingReady(call_id=call_id, state=finished.state), now)

        await self._store.write(keep)

    async def _settled(self, source: Path, call_id: str) -> None:
        """Wait until the PBX has closed its files: their headers agree with their sizes, or nothing grows."""
        before, unchanged = -1, 0
        for _ in range(int(WAIT_FOR_PBX_S / SETTLED_S)):
            size, whole = await asyncio.to_thread(_measure, source, call_id)
            unchanged = unchanged + 1 if size == before else 0
            if whole or unchanged >= UNCHANGED:
                return
            before = size
            await asyncio.sleep(SETTLED_S)


def _measure(source: Path, call_id: str) -> tuple[int, bool]:
    """The size of both files together, and whether both say themselves that they are whole."""
    total, whole = 0, True
    for side in ("in", "out"):
        path = source / f"{call_id}-{side}.wav"
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                side_now = wav.inspect(file.read(wav.HEADER), size)
            # An empty file says "0 bytes" while it is being written, too: its silence proves nothing.
            whole = whole and side_now.frames > 0 and not side_now.repaired
        except (OSError, wav.NotWav):
            whole = False
            continue
        total += size
    return total, whole


def _unfinished(conn: Connection) -> list[Row[Any]]:
    return list(
        conn.execute(
            select(recordings.c.call_id)
            .join(calls, calls.c.id == recordings.c.call_id)
            .where(recordings.c.state == "writing", calls.c.ended_at.is_not(None))
        )
    )


def _one(conn: Connection, call_id: str) -> Any:
    found = conn.execute(
        select(recordings.c.state, recordings.c.started_at, calls.c.ended_at, calls.c.end_reason, calls.c.pbx)
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(recordings.c.call_id == call_id)
    )
    return found.first()
