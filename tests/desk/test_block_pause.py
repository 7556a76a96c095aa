"""A block on which nothing is to be recorded: paused when it comes, on again when it goes; a hand goes first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.desk.block_pause import due, wanted
from dialer.desk.model import BlockPause, CallRecord
from dialer.desk.room import Room
from dialer.desk.view import DeskView
from dialer.scripts import service as scripts
from dialer.scripts.command import read_script
from dialer.scripts.run import Back, Give, Move
from dialer.telephony.model import CallState, RecordingStarted
from dialer.telephony.port import OrderUnknown, PbxRefused
from tests.desk.conftest import SCRIPT, Office, make_desks
from tests.desk.test_taping import call_of, orders, pause, rows, talking

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MARKED = "stock"  # to where the first answer leads


def call(paused: bool, block_pause: BlockPause, *, recorded: bool = True, ended: bool = False) -> CallRecord:
    return CallRecord(
        id="C",
        leg="C",
        direction="outbound",
        number="+7",
        line="main",
        state=CallState.ENDED if ended else CallState.BRIDGED,
        started_at=NOW,
        recording_at=NOW if recorded else None,
        paused_at=NOW if paused else None,
        block_pause=block_pause,
    )


@given(st.booleans(), st.sampled_from(["", "stands", "over"]), st.booleans(), st.booleans())
def test_away_from_such_a_block_only_its_own_pause_is_ended(
    paused: bool, block_pause: BlockPause, recorded: bool, ended: bool
) -> None:
    found = due(call(paused, block_pause, recorded=recorded, ended=ended), None)
    assert (found == "resume") == (paused and block_pause == "stands" and recorded and not ended)
    assert found != "pause"


@pytest.fixture
async def marked(office: Office) -> Office:
    """The campaign's script, with a block on which nothing is recorded."""
    script, _ = read_script(SCRIPT)
    assert script is not None
    blocks = tuple(
        msgspec.structs.replace(block, pause_recording=block.id == MARKED) for block in script.blocks
    )
    changed = msgspec.structs.replace(script, blocks=blocks)
    await office.store.write(lambda conn: scripts.publish(conn, changed, office.now))
    return office


async def go(office: Office, room: Room, move: Move | None = None) -> DeskView:
    """One step: by the first answer, or as told."""
    view = office.desks.rooms.view(room)
    assert view.work is not None and view.work.run is not None
    step, made = view.work.run.step, move or Give(answer="talk")
    return await office.press(room, lambda r: office.desks.verbs.step(r, step, made))


async def test_the_recording_pauses_on_the_block_and_goes_on_behind_it(marked: Office) -> None:
    room, _ = await talking(marked)
    assert call_of(await go(marked, room)).recording_paused, "before the block is on the page"
    assert wanted(room.loaded)
    assert not call_of(await go(marked, room, Back())).recording_paused
    assert orders(marked) == ["pause", "resume"]
    assert [(row.user_id, row.ended_how) for row in await rows(marked)] == [(room.user.id, "script")]


async def test_a_pause_set_by_hand_is_not_ended_by_the_script(marked: Office) -> None:
    room, _ = await talking(marked)
    await pause(marked, room, True)
    for move in (None, Back()):
        assert call_of(await go(marked, room, move)).recording_paused
    await marked.desks.sweep.run()
    assert orders(marked) == ["pause"]


async def ended_by_hand(office: Office, room: Room) -> None:
    await pause(office, room, False)


async def ended_by_time(office: Office, room: Room) -> None:
    office.pass_time(seconds=121)
    await office.desks.sweep.run()


@pytest.mark.parametrize("end", [ended_by_hand, ended_by_time])
async def test_what_went_on_by_hand_or_by_time_is_not_paused_again(
    marked: Office, end: Callable[[Office, Room], Awaitable[None]]
) -> None:
    room, _ = await talking(marked)
    await go(marked, room)
    await end(marked, room)
    marked.pass_time(seconds=10)
    await marked.desks.sweep.run()
    assert orders(marked) == ["pause", "resume"]
    await pause(marked, room, True)
    assert call_of(await go(marked, room, Back())).recording_paused, "that one was set by hand"
    await pause(marked, room, False)
    assert call_of(await go(marked, room)).recording_paused, (
        "who comes back to the block is not recorded there"
    )


async def test_a_refused_pause_is_told_and_tried_again(marked: Office) -> None:
    room, _ = await talking(marked)
    marked.pbx.failure = PbxRefused("no")
    view = await go(marked, room)
    assert view.refusal is not None and view.refusal.code == "pbx_refused"
    marked.pbx.failure = None
    await marked.desks.sweep.run()
    assert not call_of(marked.desks.rooms.view(room)).recording_paused
    marked.pass_time(seconds=3)
    await marked.desks.sweep.run()
    assert call_of(marked.desks.rooms.view(room)).recording_paused


async def test_a_pause_in_doubt_is_asked_again_and_the_script_ends_it(marked: Office) -> None:
    room, _ = await talking(marked)
    marked.pbx.failure = OrderUnknown("no answer")
    assert call_of(await go(marked, room)).pause_unsure
    for _ in range(2):
        marked.pass_time(seconds=3)
        await marked.desks.sweep.run()
    assert orders(marked) == ["pause"] * 3
    view = await go(marked, room, Back())
    assert call_of(view).pause_unsure and orders(marked)[-1] == "resume"
    assert call_of(await go(marked, room)).pause_unsure and orders(marked)[-1] == "pause"
    marked.pbx.failure = None
    assert not call_of(await go(marked, room, Back())).pause_unsure
    assert [row.ended_how for row in await rows(marked)] == ["script"]


async def test_a_recording_that_begins_anew_on_the_block_is_paused_too(marked: Office) -> None:
    room, call_id = await talking(marked)
    await go(marked, room)
    marked.pass_time(seconds=5)
    marked.pbx.report(RecordingStarted(leg=call_id, at=marked.pbx.clock))
    await marked.settled(room, lambda v: not call_of(v).recording_paused)
    await marked.desks.sweep.run()
    assert call_of(marked.desks.rooms.view(room)).recording_paused


async def test_a_restart_forgets_neither_the_pause_nor_whose_it_is(marked: Office) -> None:
    room, _ = await talking(marked)
    await go(marked, room)
    await marked.desks.stop()
    desks = make_desks(marked)
    await desks.start()
    marked.pbx.connect()
    room = await desks.rooms.of(room.user)
    assert call_of(desks.rooms.view(room)).recording_paused
    assert not call_of(await go(marked, room, Back())).recording_paused
    assert orders(marked) == ["pause", "resume"]
