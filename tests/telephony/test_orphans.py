"""Files and rows held against each other: none is left without the other, and nothing is thrown away by mistake."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from dialer.telephony.naming import parse, side_name, stem
from dialer.telephony.orphans import BATCH, NAMED, Orphans, SegmentRow, look, of_kept, survey, survey_in
from dialer.telephony.sources import SharedFolder
from dialer.telephony.tables import calls, recordings, segments
from tests.telephony.studio import NOW, Shelf, mono

STATES = ["writing", "ready", "repaired", "no_audio", "missing", "deleted"]
IDS = st.tuples(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=1, max_size=26), st.integers(1, 99))
ROWS = st.dictionaries(
    IDS,
    st.builds(
        SegmentRow,
        state=st.sampled_from(STATES),
        codec=st.sampled_from(["wav", "opus"]),
        original_until=st.none() | st.just(NOW),
    ),
    max_size=6,
)


@given(IDS, st.sampled_from(["in", "out"]))
def test_a_name_says_what_it_was_made_of(identity: tuple[str, int], side: str) -> None:
    call_id, number = identity
    assert parse(side_name(call_id, number, side)) == (call_id, number, side, "wav")
    for codec in ("wav", "opus"):
        assert parse(f"{stem(call_id, number)}.{codec}") == (call_id, number, "", codec)


@given(st.text(max_size=40))
def test_no_other_name_is_ours(name: str) -> None:
    named = parse(name)
    if named is not None:
        end = f"-{named.side}" if named.side else ""
        assert name == f"{stem(named.call_id, named.number)}{end}.{named.codec}"


def test_scenario_39_hostile_names_are_none_of_ours() -> None:
    for name in (
        "A;2-in.wav",
        "../A.wav",
        "A-1-in.wav",
        "A-02.wav",
        "A-100.wav",
        "a.wav",
        "A-in.opus",
        "A.wav\n",
    ):
        assert parse(name) is None, name


@given(ROWS, st.data())
def test_no_file_that_can_be_played_is_ever_a_leftover(
    rows: dict[tuple[str, int], SegmentRow], data: st.DataObject
) -> None:
    every = [f"{stem(*key)}.{codec}" for key in rows for codec in ("wav", "opus")]
    names = data.draw(st.lists(st.sampled_from([*every, "STRANGER.wav", "notes.txt"]), unique=True))
    strangers, leftovers = of_kept(names, rows)
    for (call_id, number), row in rows.items():
        file = f"{stem(call_id, number)}.{row.codec}"
        playable = row.state in ("ready", "repaired")
        assert not (playable and file in leftovers)
    assert set(strangers) == {name for name in names if name in ("STRANGER.wav", "notes.txt")}


async def test_what_a_crash_left_is_found_mended_and_told(shelf: Shelf) -> None:
    await shelf.add("GOOD")
    await shelf.add("GONE")
    (shelf.kept / "GONE.wav").unlink()
    await shelf.add("DELETED", state="deleted")
    await shelf.add("NOROW")
    (shelf.kept / "NOROW.wav").unlink()
    shelf.pbx_writes("NOROW")
    shelf.pbx_writes("UNKNOWN")
    shelf.write("STRANGER")

    def forget(conn: Connection) -> None:
        conn.execute(delete(segments).where(segments.c.call_id == "NOROW"))
        conn.execute(delete(recordings).where(recordings.c.call_id == "NOROW"))

    await shelf.store.write(forget)
    found, ready = await look(shelf.store, kept=shelf.kept, sources=[SharedFolder(shelf.source)], now=NOW)
    assert found.dangling.names == ["GONE.wav"]
    assert found.leftovers.names == ["DELETED.wav"]
    assert found.strangers.names == ["STRANGER.wav", "UNKNOWN-in.wav", "UNKNOWN-out.wav"]
    assert list(found.adopted) == ready == ["NOROW"]
    assert shelf.names() == ["GOOD.wav", "STRANGER.wav"], "what nobody knows is left to people"
    state = await shelf.store.read(
        lambda conn: conn.execute(select(recordings.c.state).where(recordings.c.call_id == "NOROW")).scalar()
    )
    assert state == "writing", "the recorder finishes it"


async def test_a_copy_that_the_store_never_named_goes(shelf: Shelf) -> None:
    await shelf.add("A")
    (shelf.kept / "A.opus").write_bytes(b"half a copy")
    await shelf.add("B")
    (shelf.kept / "B.opus").write_bytes(b"a copy")

    def named(conn: Connection) -> None:
        until: datetime = NOW + timedelta(days=1)
        conn.execute(
            update(segments).where(segments.c.call_id == "B").values(codec="opus", original_until=until)
        )

    await shelf.store.write(named)
    found, _ = await look(shelf.store, kept=shelf.kept, sources=[], now=NOW)
    assert found.leftovers.names == ["A.opus"]
    assert shelf.names() == ["A.wav", "B.opus", "B.wav"]


async def test_a_recording_that_is_finished_during_the_look_is_not_gone(shelf: Shelf) -> None:
    loop = asyncio.get_running_loop()

    class Slow(SharedFolder):
        def list_names(self) -> Iterator[str]:
            asyncio.run_coroutine_threadsafe(shelf.add("NEW"), loop).result(5)
            yield from super().list_names()

    await shelf.add("OLD")
    found, _ = await look(shelf.store, kept=shelf.kept, sources=[Slow(shelf.source)], now=NOW)
    assert found.dangling.names == []
    assert shelf.names() == ["NEW.wav", "OLD.wav"]


async def test_neither_a_folder_nor_a_table_is_ever_held_as_a_whole(shelf: Shelf) -> None:
    """However many there are: some hundred at a time, and of what is told a number and the first twenty."""
    many = 2 * BATCH + 7
    ids = [f"{number:026d}" for number in range(many)]

    def fill(conn: Connection) -> None:
        call = {"direction": "outbound", "leg": "x", "line": "main", "number": "+7", "started_at": NOW}
        conn.execute(insert(calls), [{"id": one, **call} for one in ids])
        conn.execute(insert(recordings), [{"call_id": one, "state": "ready"} for one in ids])
        conn.execute(insert(segments), [{"call_id": one, "number": 1, "state": "ready"} for one in ids])

    await shelf.store.write(fill)
    shelf.kept.mkdir(exist_ok=True)
    for one in ids[BATCH:]:
        (shelf.kept / f"{one}.wav").touch()
        (shelf.kept / f"S{one[1:]}.wav").touch()

    def walk(conn: Connection) -> tuple[Orphans, list[int]]:
        steps, sizes = survey(kept=shelf.kept, folders=[]), [0]
        answer: Any = None
        while True:
            try:
                work = steps.send(answer)
            except StopIteration as end:
                return end.value, sizes
            answer = work(conn)
            sizes.append(len(answer))

    found, sizes = await shelf.store.read(walk)
    assert max(sizes) <= BATCH
    assert found.strangers.count == many - BATCH
    assert found.dangling.count == BATCH
    assert found.dangling.names == [f"{one}.wav" for one in ids[:NAMED]]
    assert len(found.strangers.names) == NAMED
    assert await survey_in(shelf.store, survey(kept=shelf.kept, folders=[])) == found


async def test_a_copy_that_took_its_originals_place_during_the_look_is_not_gone(shelf: Shelf) -> None:
    await shelf.add("A")
    steps = survey(kept=shelf.kept, folders=[])
    page = await shelf.store.read(steps.send(None))  # of the folder
    work = steps.send(page)  # of what can be played
    page = await shelf.store.read(work)
    (shelf.kept / "A.wav").rename(shelf.kept / "A.opus")

    def name_the_copy(conn: Connection) -> None:
        conn.execute(update(segments).values(codec="opus"))

    await shelf.store.write(name_the_copy)
    again = await shelf.store.read(steps.send(page))
    end = await shelf.store.read(steps.send(again))
    with pytest.raises(StopIteration) as ended:
        steps.send(end)
    assert ended.value.value.dangling.count == 0


class Stubborn(SharedFolder):
    """A folder in which we may read and not delete."""

    async def remove(self, call_id: str) -> None:
        raise PermissionError(13, "Permission denied")


async def test_what_a_pbx_still_holds_of_a_deleted_recording_goes(shelf: Shelf) -> None:
    await shelf.add("DELETED", state="deleted", numbers=2)
    await shelf.add("GOOD")
    for call_id, number in (("DELETED", 1), ("DELETED", 2), ("GOOD", 1)):
        shelf.pbx_writes(call_id, number)
    (shelf.kept / "DELETED.wav").unlink()

    found, _ = await look(shelf.store, kept=shelf.kept, sources=[Stubborn(shelf.source)], now=NOW)
    held = [f"DELETED{part}-{side}.wav" for part in ("", "-2") for side in ("in", "out")]
    assert sorted(found.stuck.names) == sorted(held), "it is said that they are there still"

    found, _ = await look(shelf.store, kept=shelf.kept, sources=[SharedFolder(shelf.source)], now=NOW)
    assert found.stuck.names == []
    assert sorted(path.name for path in shelf.source.iterdir()) == ["GOOD-in.wav", "GOOD-out.wav"]


async def test_the_doctors_trial_is_nobodys_orphan(shelf: Shelf) -> None:
    shelf.pbx_writes("CHECK")
    found, _ = await look(shelf.store, kept=shelf.kept, sources=[SharedFolder(shelf.source)], now=NOW)
    assert found.strangers.names == []


async def test_how_much_and_how_old_is_what_nobody_knows(shelf: Shelf) -> None:
    shelf.pbx_writes("UNKNOWN")
    old = NOW - timedelta(days=9)
    os.utime(shelf.source / "UNKNOWN-in.wav", (old.timestamp(), old.timestamp()))
    found, _ = await look(shelf.store, kept=shelf.kept, sources=[SharedFolder(shelf.source)], now=NOW)
    assert found.bytes == 2 * len(mono())
    assert found.oldest == old
    seen = await survey_in(shelf.store, survey(kept=shelf.kept, folders=[shelf.source]))
    assert seen == found, "the same is seen from outside"
    assert len(list(shelf.source.iterdir())) == 2
