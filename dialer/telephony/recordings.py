"""Finished recordings: both sides fetched from where the PBX wrote them, mended, merged and listed.

Listed are only files that are whole and playable (spec T5.3). A call may have several segments: each is a file.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, Row, insert, select, update

from dialer.events import CallEnded, RecordingReady
from dialer.health.figures import Figure, count, gauge
from dialer.store import outbox
from dialer.store.engine import Store
from dialer.store.errors import StoreError
from dialer.telephony import wav
from dialer.telephony.model import EndReason
from dialer.telephony.naming import side_name, stem
from dialer.telephony.placing import place_all
from dialer.telephony.private import private_files, private_folder, settle
from dialer.telephony.sources import SharedFolder, Source
from dialer.telephony.tables import calls, recordings, segments

log = logging.getLogger(__name__)

SETTLED_S = 0.3  # a PBX closes its files within 20 ms of the hang-up (measured); asked again this much later
UNCHANGED = 4  # looks in a row without a change: a crash left the files as they are
WAIT_FOR_PBX_S = 15.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0
MOST_TRIES = 20  # over an hour; then at the next start
MOST_WAITING = 10_000
AT_ONCE = 4  # a torn file is waited for, and must not hold up those that are whole
PLAYABLE = ("ready", "repaired")


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one segment. `state`: ready, repaired, no_audio, missing."""

    state: str
    duration_s: float | None = None
    peaks: bytes = b""  # left then right, equally many


def merge(source: Path, kept: Path, call_id: str, number: int = 1) -> Finished:
    """Make one stereo file of a segment's two sides: operator left, client right. Blocking; for a thread."""
    left, right = _side(source, call_id, number, "out"), _side(source, call_id, number, "in")
    present = [side for side in (left, right) if side is not None]
    if not present:
        return Finished(state="missing")
    if all(described.frames == 0 for described, _ in present):
        return Finished(state="no_audio", duration_s=0.0)
    rate = present[0][0].rate
    both = wav.stereo(_sound(left), _sound(right))
    private_folder(kept)
    file = kept / f"{stem(call_id, number)}.wav"
    wav.write_stereo(file, rate, both)
    settle(file)
    whole = len(present) == 2 and not any(described.repaired for described, _ in present)
    return Finished(
        state="ready" if whole else "repaired",
        duration_s=len(both) / rate,
        peaks=wav.peaks(both[:, 0]) + wav.peaks(both[:, 1]),
    )


def _side(source: Path, call_id: str, number: int, side: str) -> tuple[wav.Side, wav.Samples] | None:
    try:
        return wav.read(source / side_name(call_id, number, side))
    except FileNotFoundError:
        return None
    except wav.NotWav as error:
        log.warning("recording %s: side %s: %s", stem(call_id, number), side, error)
        return None


def _sound(side: tuple[wav.Side, wav.Samples] | None) -> wav.Samples:
    return side[1] if side is not None else np.zeros(0, dtype=np.int16)


def whole_state(states: list[str]) -> str:
    """One word for all segments of a call: `partial` = some sound is there and some is not."""
    playable = [state for state in states if state in PLAYABLE]
    if not playable:
        return "no_audio" if "no_audio" in states else "missing"
    if len(playable) < len(states):
        return "partial"
    return "repaired" if "repaired" in playable else "ready"


class Recorder:
    """Finishes the recordings of calls that ended, a few at once, and those a crash left unfinished."""

    def __init__(
        self,
        store: Store,
        *,
        source: Path | Source,
        kept: Path,
        now: Callable[[], datetime],
        first_pause_s: float = FIRST_PAUSE_S,
        sources: Mapping[str, Source] | None = None,
    ) -> None:
        """`sources` by PBX; `source` serves those that are not among them."""
        self._store = store
        self._source: Source = SharedFolder(source) if isinstance(source, Path) else source
        self._sources = dict(sources or {})
        self._kept = kept
        self._now = now
        self._first_pause_s = first_pause_s
        self._queue: asyncio.Queue[tuple[str, int]] = asyncio.Queue(maxsize=MOST_WAITING)
        # A heap: when (the loop's clock), what, after which try.
        self._later: list[tuple[float, str, int]] = []
        self._at_work: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self.given_up = 0  # left to the next start

    async def start(self) -> None:
        await self._close_folder()
        self._tasks = [asyncio.create_task(self._run(), name=f"recorder {n}") for n in range(AT_ONCE)]
        for row in await self._store.read(_unfinished):
            await self._queue.put((row.call_id, 0))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def held_up(self) -> int:
        """Recordings that could not be finished at the first try, and are tried again."""
        return len(self._later)

    def figures(self) -> Iterator[Figure]:
        yield gauge("recordings_waiting", "Recordings to be finished.", self._queue.qsize())
        yield gauge("recordings_at_work", "Recordings being finished.", len(self._at_work))
        yield gauge("recordings_held_up", "Recordings that are tried again later.", self.held_up)
        yield count("recordings_given_up", "Recordings left to the next start.", self.given_up)

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
            self.given_up += 1
            log.error("recording %s not finished: %s; tried again at the next start", call_id, error)
            return
        pause_s = min(LONGEST_PAUSE_S, self._first_pause_s * 2.0 ** (tries - 1))
        log.warning("recording %s not finished: %s; tried again in %g s", call_id, error, pause_s)
        heapq.heappush(self._later, (asyncio.get_running_loop().time() + pause_s, call_id, tries))

    async def _finish(self, call_id: str) -> None:
        row, starts = await self._store.read(lambda conn: (_one(conn, call_id), _starts(conn, call_id)))
        if row is None or row.state != "writing" or row.ended_at is None:
            return
        source = self._sources.get(row.pbx, self._source)
        numbers = sorted({*starts, *await source.numbers(call_id)})
        finished: dict[int, Finished] = {}
        for number in numbers:
            if (
                row.end_reason != EndReason.PBX_RESTARTED.value
            ):  # what wrote it is dead: nothing grows any more
                await self._settled(source, call_id, number)
            folder = await source.bring(call_id, number)
            finished[number] = await asyncio.to_thread(merge, folder, self._kept, call_id, number)
        placed = place_all(
            {number: starts.get(number) for number in numbers},
            {number: finished[number].duration_s for number in numbers},
            row.ended_at,
            end_reason=row.end_reason,
            answered_at=row.answered_at,
        )
        state = whole_state([each.state for each in finished.values()])
        now = self._now()

        def keep(conn: Connection) -> None:
            for number in numbers:
                values = {
                    "state": finished[number].state,
                    "duration_s": finished[number].duration_s,
                    "peaks": finished[number].peaks,
                    "started_at": placed[number].started_at,
                }
                _keep_segment(conn, call_id, number, values, known=number in starts)
            uncertain = any(each.uncertain for each in placed.values())
            conn.execute(
                update(recordings)
                .where(recordings.c.call_id == call_id)
                .values(state=state, uncertain=uncertain)
            )
            outbox.append(conn, RecordingReady(call_id=call_id, state=state), now)

        await self._store.write(keep)
        await source.done(call_id)

    async def _settled(self, source: Source, call_id: str, number: int) -> None:
        """Wait until the PBX has closed its files: their headers agree with their sizes, or nothing grows."""
        before, unchanged = -1, 0
        for _ in range(int(WAIT_FOR_PBX_S / SETTLED_S)):
            size, whole = await source.measure(call_id, number)
            unchanged = unchanged + 1 if size == before else 0
            if whole or unchanged >= UNCHANGED:
                return
            before = size
            await asyncio.sleep(SETTLED_S)


def _keep_segment(
    conn: Connection, call_id: str, number: int, values: dict[str, Any], *, known: bool
) -> None:
    if not known:
        conn.execute(insert(segments), {"call_id": call_id, "number": number, **values})
        return
    conn.execute(
        update(segments).where(segments.c.call_id == call_id, segments.c.number == number).values(values)
    )


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
        select(recordings.c.state, calls.c.pbx, calls.c.answered_at, calls.c.ended_at, calls.c.end_reason)
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(recordings.c.call_id == call_id)
    )
    return found.first()


def _starts(conn: Connection, call_id: str) -> dict[int, datetime | None]:
    found = conn.execute(
        select(segments.c.number, segments.c.started_at).where(segments.c.call_id == call_id)
    )
    return {row.number: row.started_at for row in found}
