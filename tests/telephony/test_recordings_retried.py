"""Finishing recordings: for nobody else's eyes, and not given up for a disk that was away for a moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, insert, select

from dialer.events import CallEnded
from dialer.store import Store
from dialer.telephony import wav
from dialer.telephony.recordings import Recorder, merge
from dialer.telephony.tables import calls, recordings, segments
from tests.fresh_store import fresh_store

CALL = "01JCW0000000000000000C0001"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DEADLINE_S = 10.0


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "monitor"
    folder.mkdir()
    sound = np.ones(8000, dtype="<i2").tobytes()
    for side in ("in", "out"):
        (folder / f"{CALL}-{side}.wav").write_bytes(wav.header(8000, 1, len(sound)) + sound)
    return folder


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fresh_store(tmp_path / "store.db")
    await opened.write(_one_call)
    yield opened
    await opened.close()


def _one_call(conn: Connection) -> None:
    given: dict[str, object] = {
        "id": CALL,
        "direction": "outbound",
        "leg": CALL,
        "line": "main",
        "number": "+79161234567",
        "started_at": AT,
        "ended_at": AT + timedelta(seconds=1),
        "end_reason": "hangup",
    }
    conn.execute(insert(calls), given)
    conn.execute(insert(recordings), {"call_id": CALL, "state": "writing"})
    conn.execute(insert(segments), {"call_id": CALL, "number": 1, "state": "writing", "started_at": AT})


async def state(store: Store) -> str:
    return await store.read(lambda c: str(c.execute(select(recordings.c.state)).scalar_one()))


def test_a_kept_recording_is_for_us_alone(source: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o755)
    merge(source, kept, CALL)
    assert kept.stat().st_mode & 0o777 == 0o700
    assert (kept / f"{CALL}.wav").stat().st_mode & 0o777 == 0o600


class Said(logging.Handler):
    """Wakes who waits for a word in the log."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word, self.heard = word, asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self.word in record.getMessage():
            self.heard.set()


async def heard(word: str) -> None:
    said = Said(word)
    logger = logging.getLogger("dialer.telephony.recordings")
    logger.addHandler(said)
    try:
        async with asyncio.timeout(DEADLINE_S):
            await said.heard.wait()
    finally:
        logger.removeHandler(said)


async def test_a_folder_that_was_away_for_a_moment_costs_no_recording(
    store: Store, source: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.write_text("in the way: no folder can be made here")
    ready = asyncio.Event()
    store.listen(lambda envelopes: ready.set())
    recorder = Recorder(store, source=source, kept=kept, now=lambda: AT, first_pause_s=0.05)
    trouble = asyncio.create_task(heard("tried again in"))
    await asyncio.sleep(0)
    await recorder.start()
    await trouble
    assert await state(store) == "writing"
    kept.unlink()
    async with asyncio.timeout(DEADLINE_S):
        await ready.wait()
    assert await state(store) == "ready"
    await recorder.stop()


async def test_a_folder_that_stays_away_is_given_up_until_the_next_start(
    store: Store, source: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.write_text("in the way")
    given_up = asyncio.create_task(heard("at the next start"))
    await asyncio.sleep(0)
    recorder = Recorder(store, source=source, kept=kept, now=lambda: AT, first_pause_s=1e-7)
    await recorder.start()
    await given_up
    kept.unlink()
    ready = asyncio.Event()
    store.listen(lambda envelopes: ready.set())
    await recorder.call_ended(CallEnded(call_id=CALL, recorded=True))  # as a start would ask
    async with asyncio.timeout(DEADLINE_S):
        await ready.wait()
    await recorder.stop()
