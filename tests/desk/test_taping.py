"""The pause of a recording: said to be there only when it is, ended by the operator, by time, or with the call."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Row, select

from dialer.desk.room import Room
from dialer.desk.view import CallView, DeskState, DeskView
from dialer.desk.world import DeskRefused
from dialer.telephony.model import LegHeld, RecordingPaused, RecordingStarted
from dialer.telephony.port import OrderUnknown, PbxRefused
from dialer.telephony.tables import pauses, segments
from tests.desk.conftest import Office


async def talking(office: Office) -> tuple[Room, str]:
    await office.add_clients(1)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    await office.press(room, verbs.next)
    await office.press(room, lambda r: verbs.dial(r, None))
    call_id = office.pbx.dialled[0].call
    office.pbx.client_waits(call_id)
    await office.settled(room, lambda v: v.state is DeskState.TALKING)
    return room, call_id


def call_of(view: DeskView) -> CallView:
    assert view.work is not None and view.work.call is not None
    return view.work.call


async def pause(office: Office, room: Room, on: bool) -> DeskView:
    return await office.press(room, lambda r: office.desks.taping.pause(r, on))


async def rows(office: Office) -> list[Row[Any]]:
    return await office.store.read(lambda conn: list(conn.execute(select(pauses).order_by(pauses.c.id))))


def orders(office: Office) -> list[str]:
    return [verb for verb, _ in office.pbx.orders if verb in ("pause", "resume")]


async def test_a_pause_is_ordered_shown_and_written_down(office: Office) -> None:
    room, call_id = await talking(office)
    office.pass_time(seconds=5)
    began = office.now
    assert call_of(await pause(office, room, True)).recording_paused
    office.pass_time(seconds=8)
    assert not call_of(await pause(office, room, False)).recording_paused
    (row,) = await rows(office)
    assert (row.call_id, row.user_id, row.ended_how) == (call_id, room.user.id, "operator")
    assert (row.from_at, row.to_at) == (began, office.now)
    assert orders(office) == ["pause", "resume"]


async def test_pressed_twice_it_is_ordered_once(office: Office) -> None:
    room, _ = await talking(office)
    for on in (True, True, False, False):
        await pause(office, room, on)
    assert orders(office) == ["pause", "resume"]
    assert len(await rows(office)) == 1


async def test_a_pause_that_the_pbx_refused_is_none(office: Office) -> None:
    room, _ = await talking(office)
    office.pbx.failure = PbxRefused("no")
    view = await pause(office, room, True)
    assert not call_of(view).recording_paused
    assert view.refusal is not None and view.refusal.code == "pbx_refused"
    assert await rows(office) == []


async def test_a_pause_of_which_nobody_knows_ends_by_itself_all_the_same(office: Office) -> None:
    room, _ = await talking(office)
    office.pbx.failure = OrderUnknown("no answer")
    view = await pause(office, room, True)
    assert view.refusal is not None and view.refusal.code == "pause_unknown"
    office.pbx.failure = None
    office.pass_time(seconds=121)
    await office.desks.sweep.run()
    assert orders(office)[-1] == "resume"


async def beat(office: Office) -> None:
    office.pass_time(seconds=3)
    await office.desks.sweep.run()


async def test_a_pause_in_doubt_is_shown_and_asked_again_until_it_is_answered(office: Office) -> None:
    room, _ = await talking(office)
    office.pbx.failure = OrderUnknown("no answer")
    view = await pause(office, room, True)
    assert (call_of(view).recording_paused, call_of(view).pause_unsure) == (False, True)
    await beat(office)
    view = await pause(office, room, True)
    assert call_of(view).pause_unsure and orders(office) == ["pause"] * 3, (
        "pressed again, it is asked at once"
    )
    office.pbx.failure = None
    await beat(office)
    view = office.desks.rooms.view(room)
    assert (call_of(view).recording_paused, call_of(view).pause_unsure) == (True, False)
    assert view.refusal is None
    await beat(office)
    assert orders(office) == ["pause"] * 4
    assert [row.to_at for row in await rows(office)] == [None]


async def test_the_end_of_a_pause_is_asked_again_too(office: Office) -> None:
    room, _ = await talking(office)
    await pause(office, room, True)
    office.pbx.failure = OrderUnknown("no answer")
    view = await pause(office, room, False)
    assert (call_of(view).recording_paused, call_of(view).pause_unsure) == (False, True)
    office.pbx.failure = None
    await beat(office)
    assert not call_of(office.desks.rooms.view(room)).pause_unsure
    assert orders(office) == ["pause", "resume", "resume"]
    assert [row.ended_how for row in await rows(office)] == ["operator"]


@pytest.mark.parametrize("on", [True, False])
async def test_what_the_pbx_says_of_a_recording_ends_the_doubt(office: Office, on: bool) -> None:
    room, call_id = await talking(office)
    if not on:
        await pause(office, room, True)
        office.pass_time(seconds=2)
    office.pbx.failure = OrderUnknown("no answer")
    await pause(office, room, on)
    office.pass_time(seconds=1)
    office.pbx.report(RecordingPaused(leg=call_id, at=office.pbx.clock, paused=on))
    view = await office.settled(room, lambda v: not call_of(v).pause_unsure)
    assert call_of(view).recording_paused is on and view.refusal is None


async def test_a_forgotten_pause_ends_by_itself_and_the_operator_is_told(office: Office) -> None:
    room, _ = await talking(office)
    await pause(office, room, True)
    office.pass_time(seconds=119)
    await office.desks.sweep.run()
    assert orders(office) == ["pause"]
    office.pass_time(seconds=1)
    await office.desks.sweep.run()
    view = office.desks.rooms.view(room)
    assert not call_of(view).recording_paused
    assert view.refusal is not None and view.refusal.code == "pause_forgotten"
    assert [row.ended_how for row in await rows(office)] == ["time"]


async def test_a_forgotten_pause_waits_for_a_pbx_that_is_away(office: Office) -> None:
    room, _ = await talking(office)
    await pause(office, room, True)
    office.pbx.up = False
    office.pass_time(seconds=200)
    await office.desks.sweep.run()
    assert orders(office) == ["pause"]
    office.pbx.up = True
    await office.desks.sweep.run()
    assert orders(office) == ["pause", "resume"]


async def test_the_word_of_a_pause_that_has_ended_does_not_begin_it_again(office: Office) -> None:
    room, call_id = await talking(office)
    await pause(office, room, True)
    office.pbx.late = []
    for held in (True, False):
        office.pass_time(seconds=61)
        await office.desks.sweep.run()
        office.pbx.report(LegHeld(leg=call_id, at=office.pbx.clock, held=held))
        await office.desks.following._catch_up(room)
    assert orders(office) == ["pause", "resume"], "it was forgotten once"
    assert not call_of(office.desks.rooms.view(room)).recording_paused
    office.pbx.tell_late()
    await office.desks.following._catch_up(room)
    assert not call_of(office.desks.rooms.view(room)).recording_paused
    office.pass_time(seconds=1)
    office.pbx.report(RecordingPaused(leg=call_id, at=office.pbx.clock, paused=True))
    await office.settled(room, lambda v: call_of(v).recording_paused)


async def test_a_pause_ends_with_its_call(office: Office) -> None:
    room, call_id = await talking(office)
    await pause(office, room, True)
    office.pass_time(seconds=3)
    office.pbx.client_hangs_up(call_id)
    view = await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    assert not call_of(view).recording_paused
    (row,) = await rows(office)
    assert (row.ended_how, row.to_at) == ("call", office.now)


async def test_a_pause_that_somebody_else_ended_is_shown_as_ended(office: Office) -> None:
    room, call_id = await talking(office)
    await pause(office, room, True)
    office.pass_time(seconds=3)
    office.pbx.report(RecordingPaused(leg=call_id, at=office.pbx.clock, paused=False))
    await office.settled(room, lambda v: not call_of(v).recording_paused)
    assert [row.ended_how for row in await rows(office)] == ["pbx"]


async def test_what_is_not_recorded_cannot_be_paused(office: Office) -> None:
    room = await office.seated("maria")
    with pytest.raises(DeskRefused, match="no_call"):
        await pause(office, room, True)


async def test_a_recording_begun_anew_is_another_segment(office: Office) -> None:
    room, call_id = await talking(office)
    office.pass_time(seconds=30)
    office.pbx.report(RecordingStarted(leg=call_id, at=office.pbx.clock))
    office.pass_time(seconds=5)
    office.pbx.client_hangs_up(call_id)
    await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    found = await office.store.read(
        lambda conn: list(conn.execute(select(segments).order_by(segments.c.number)))
    )
    assert [row.number for row in found] == [1, 2]
    assert (found[1].started_at - found[0].started_at).total_seconds() == 30
