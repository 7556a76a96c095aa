"""Finished recordings: whole, in their right place of time, each once, and none left behind by another's fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Row, select, update

from dialer.events import CallEnded, RecordingReady
from dialer.store.engine import Store
from dialer.store.outbox import Envelope
from dialer.telephony import service as calls
from dialer.telephony import wav
from dialer.telephony.placing import LENGTHS_AGREE_S, place
from dialer.telephony.recordings import AT_ONCE, SETTLED_S, UNCHANGED, Recorder, merge, whole_state
from dialer.telephony.tables import calls as calls_table
from dialer.telephony.tables import recordings, segments
from tests.fresh_store import fresh_store

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RATE = 8000
SECONDS = st.floats(0, 4000)


# --- where a recording stands in time -----------------------------------------------------------------------


def placed_of(
    lasted: float, sound: float, end_reason: str = "hangup", *, heard: bool = True
) -> tuple[float, bool]:
    """How much the beginning was moved (s), and whether the marks are uncertain."""
    ended = START + timedelta(seconds=lasted)
    found = place(START, ended, end_reason=end_reason, duration_s=sound, heard=heard)
    return (found.started_at - START).total_seconds(), found.uncertain


@given(SECONDS, st.floats(-LENGTHS_AGREE_S + 0.001, LENGTHS_AGREE_S - 0.001))
def test_lengths_that_agree_move_nothing(lasted: float, more: float) -> None:
    assert placed_of(lasted, max(lasted + more, 0)) == (0, False)


@given(SECONDS, st.floats(LENGTHS_AGREE_S + 0.001, 100))
def test_a_recording_longer_than_what_was_seen_began_before(lasted: float, more: float) -> None:
    moved, uncertain = placed_of(lasted, lasted + more, heard=False)
    assert moved == pytest.approx(-more, abs=1e-5)
    assert not uncertain


@given(SECONDS, st.floats(LENGTHS_AGREE_S + 0.001, 100))
def test_one_that_was_heard_to_begin_and_is_longer_has_silence_in_it_nobody_knows_where(
    lasted: float, more: float
) -> None:
    assert placed_of(lasted, lasted + more) == (0, True)


@given(st.floats(1, 4000), st.floats(LENGTHS_AGREE_S + 0.001, 1))
def test_sound_that_is_missing_makes_marks_uncertain(lasted: float, less: float) -> None:
    assert placed_of(lasted, lasted - less) == (0, True)


@pytest.mark.parametrize("end_reason", ["pbx_restarted", "lost_sight"])
def test_a_tail_lost_in_a_crash_moves_no_mark(end_reason: str) -> None:
    assert placed_of(30, 28, end_reason) == (0, False)
    assert placed_of(30, 31, end_reason) == (0, True), "nobody saw its beginning, nor its end"


def test_no_sound_is_no_question() -> None:
    assert not place(START, START, end_reason="hangup", duration_s=None).uncertain


# --- both sides ---------------------------------------------------------------------------------------------


def side(seconds: float, level: int, *, torn: bool = False) -> bytes:
    sound = np.full(round(seconds * RATE), level, dtype="<i2").tobytes()
    return wav.header(RATE, 1, 0 if torn else len(sound)) + sound


def test_the_operator_is_left_and_the_client_right_even_if_one_is_missing(tmp_path: Path) -> None:
    (tmp_path / "A-in.wav").write_bytes(side(1, 100))
    assert merge(tmp_path, tmp_path, "A").state == "repaired"
    sound = np.frombuffer((tmp_path / "A.wav").read_bytes()[wav.HEADER :], dtype="<i2").reshape(-1, 2)
    assert not sound[:, 0].any()
    assert (sound[:, 1] == 100).all()


# --- the recorder -------------------------------------------------------------------------------------------


@dataclass
class Studio:
    """A recorder over a store, and the folders between which it works."""

    store: Store
    source: Path
    kept: Path
    told: list[RecordingReady] = field(default_factory=list)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def recorder(self) -> Recorder:
        return Recorder(self.store, source=self.source, kept=self.kept, now=lambda: START)

    def hear(self, envelopes: Sequence[Envelope]) -> None:
        self.told += [e.event for e in envelopes if isinstance(e.event, RecordingReady)]
        self.woken.set()

    async def call(
        self, call_id: str, *, seconds: float = 2.0, end_reason: str = "hangup", heard: bool = True
    ) -> CallEnded:
        """A call of which the store knows, recorded from its beginning (`heard`, or taken to be the answer)."""
        answered = START - timedelta(milliseconds=3 if heard else 0)

        def write(conn: Connection) -> None:
            calls.start(
                conn,
                now=START,
                id=call_id,
                direction="outbound",
                pbx="t",
                leg=call_id,
                line="main",
                number="+7",
            )
            calls.start_recording(conn, call_id, START)
            end = START + timedelta(seconds=seconds)
            conn.execute(
                update(calls_table)
                .where(calls_table.c.id == call_id)
                .values(answered_at=answered, ended_at=end, end_reason=end_reason)
            )

        await self.store.write(write)
        return CallEnded(call_id=call_id, recorded=True)

    def pbx_writes(self, call_id: str, *, seconds: float = 2.0, torn: bool = False) -> None:
        for name in ("in", "out"):
            (self.source / f"{call_id}-{name}.wav").write_bytes(side(seconds, 7, torn=torn))

    async def row(self, call_id: str, number: int = 1) -> Row[Any]:
        return await self.store.read(
            lambda conn: conn.execute(
                select(recordings.c.uncertain, segments)
                .join(segments, segments.c.call_id == recordings.c.call_id)
                .where(recordings.c.call_id == call_id, segments.c.number == number)
            ).one()
        )

    async def until(self, wanted: Callable[[], bool], deadline_s: float = 20) -> None:
        async with asyncio.timeout(deadline_s):
            while not wanted():
                self.woken.clear()
                await self.woken.wait()


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    store = await fresh_store(tmp_path / "store.db")
    studio = Studio(store=store, source=tmp_path / "monitor", kept=tmp_path / "kept")
    studio.source.mkdir()
    store.listen(studio.hear)
    yield studio
    await store.close()


async def test_a_recording_is_finished_once_though_told_thrice(studio: Studio) -> None:
    recorder = studio.recorder()
    await recorder.start()
    ended = await studio.call("A")
    studio.pbx_writes("A")
    for _ in range(3):
        await recorder.call_ended(ended)
    await studio.call("B")
    studio.pbx_writes("B")
    await recorder.call_ended(CallEnded(call_id="B", recorded=True))
    await studio.until(lambda: len(studio.told) == 2)
    await recorder.stop()
    assert sorted(event.call_id for event in studio.told) == ["A", "B"]
    row = await studio.row("A")
    assert (row.state, row.duration_s, row.uncertain) == ("ready", 2.0, False)
    assert len(row.peaks) % 2 == 0


async def test_scenario_39_what_a_crash_left_unfinished_is_finished_at_the_start(studio: Studio) -> None:
    for call_id in ("A", "B"):
        await studio.call(call_id, end_reason="pbx_restarted")
        studio.pbx_writes(call_id, torn=True, seconds=1.5)
    recorder = studio.recorder()
    await recorder.start()
    await studio.until(lambda: len(studio.told) == 2)
    await recorder.stop()
    row = await studio.row("A")
    assert (row.state, row.duration_s, row.uncertain, row.started_at) == ("repaired", 1.5, False, START)


async def test_what_many_calls_left_when_the_pbx_died_is_not_waited_for(studio: Studio) -> None:
    for number in range(20):
        await studio.call(f"C{number}", end_reason="pbx_restarted")
        studio.pbx_writes(f"C{number}", torn=True, seconds=0.5)
    recorder, began = studio.recorder(), time.monotonic()
    await recorder.start()
    await studio.until(lambda: len(studio.told) == 20)
    await recorder.stop()
    assert time.monotonic() - began < 20 / AT_ONCE * UNCHANGED * SETTLED_S / 2
    assert {(await studio.row(f"C{number}")).state for number in range(20)} == {"repaired"}


async def test_a_beginning_that_nobody_saw_is_told_by_the_length(studio: Studio) -> None:
    ended = await studio.call("A", seconds=2.0, heard=False)
    studio.pbx_writes("A", seconds=3.25)
    recorder = studio.recorder()
    await recorder.start()
    await recorder.call_ended(ended)
    await studio.until(lambda: bool(studio.told))
    await recorder.stop()
    row = await studio.row("A")
    assert row.started_at == START - timedelta(seconds=1.25)
    assert not row.uncertain


async def test_one_bad_file_holds_up_nobody(studio: Studio) -> None:
    recorder = studio.recorder()
    await recorder.start()
    for call_id in ("A", "B", "C"):
        await studio.call(call_id)
    (studio.source / "A-in.wav").mkdir()  # can't be read at all
    studio.pbx_writes("C")
    for call_id in ("A", "B", "C"):
        await recorder.call_ended(CallEnded(call_id=call_id, recorded=True))
    await studio.until(lambda: any(event.call_id == "C" for event in studio.told), 3)
    await recorder.stop()
    assert (await studio.row("C")).state == "ready"


async def test_a_full_disk_is_tried_again_at_the_next_start(studio: Studio) -> None:
    ended = await studio.call("A")
    studio.pbx_writes("A")
    studio.kept.write_text("in the way")  # where the folder should be
    recorder = studio.recorder()
    await recorder.start()
    await recorder.call_ended(ended)
    await recorder.call_ended(CallEnded(call_id="no such call", recorded=True))
    await recorder.stop()
    assert (await studio.row("A")).state == "writing"
    studio.kept.unlink()
    recorder = studio.recorder()
    await recorder.start()
    await studio.until(lambda: bool(studio.told))
    await recorder.stop()
    assert (await studio.row("A")).state == "ready"


# --- several segments ----------------------------------------------------------------------------------------


def pbx_writes_again(studio: Studio, call_id: str, number: int, seconds: float) -> None:
    for name in ("in", "out"):
        (studio.source / f"{call_id}-{number}-{name}.wav").write_bytes(side(seconds, 7))


async def finished(studio: Studio, ended: CallEnded) -> str:
    """The word for the whole recording, after the recorder had it."""
    recorder = studio.recorder()
    await recorder.start()
    await recorder.call_ended(ended)
    await studio.until(lambda: bool(studio.told))
    await recorder.stop()
    return studio.told[-1].state


async def test_scenario_39_two_files_of_one_call_are_two_segments_in_their_order(studio: Studio) -> None:
    ended = await studio.call("A", seconds=9.0)
    await studio.store.write(lambda conn: calls.start_recording(conn, "A", START + timedelta(seconds=5), 2))
    studio.pbx_writes("A", seconds=3.0)
    pbx_writes_again(studio, "A", 2, 4.0)
    assert await finished(studio, ended) == "ready"
    first, second = [await studio.row("A", number) for number in (1, 2)]
    assert (first.duration_s, second.duration_s) == (3.0, 4.0)
    assert second.started_at - first.started_at == timedelta(seconds=5)
    assert not first.uncertain
    assert sorted(path.name for path in studio.kept.iterdir()) == ["A-2.wav", "A.wav"]


async def test_a_segment_of_which_nobody_heard_is_found_and_placed_by_its_length(studio: Studio) -> None:
    ended = await studio.call("A", seconds=9.0)
    studio.pbx_writes("A", seconds=3.0)
    pbx_writes_again(studio, "A", 2, 4.0)
    assert await finished(studio, ended) == "ready"
    assert (await studio.row("A", 2)).started_at == START + timedelta(seconds=5)


async def test_scenario_39_a_segment_without_its_file_leaves_a_part_of_the_recording(studio: Studio) -> None:
    ended = await studio.call("A", seconds=9.0)
    await studio.store.write(lambda conn: calls.start_recording(conn, "A", START + timedelta(seconds=5), 2))
    studio.pbx_writes("A", seconds=3.0)
    assert await finished(studio, ended) == "partial"
    assert [(await studio.row("A", number)).state for number in (1, 2)] == ["ready", "missing"]


@pytest.mark.parametrize(
    ("states", "word"),
    [
        (["ready"], "ready"),
        (["ready", "repaired"], "repaired"),
        (["repaired", "missing"], "partial"),
        (["no_audio"], "no_audio"),
        (["missing", "no_audio"], "no_audio"),
        (["missing"], "missing"),
        ([], "missing"),
    ],
)
def test_one_word_for_all_segments(states: list[str], word: str) -> None:
    assert whole_state(states) == word
