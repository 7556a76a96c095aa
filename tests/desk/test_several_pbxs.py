"""Two PBXs with lines and operators each: nobody is joined across them, one away does not touch the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from dialer.desk.room import Room
from dialer.desk.view import DeskState, DeskView
from dialer.desk.world import AbsentPbx
from dialer.telephony.model import LiveLeg, Snapshot
from dialer.telephony.port import PbxAway
from tests.desk.conftest import LINE, Office, make_desks, office
from tests.desk.fake_pbx import FakePbx

__all__ = ["office"]

FAR = replace(LINE, name="far", pbx="far")


@pytest.fixture
async def far(office: Office) -> AsyncIterator[FakePbx]:
    """The office gets a second PBX with a line of its own; operators of the first are "near"."""
    pbx = FakePbx("far")
    pbx.clock = office.now.timestamp()
    office.further.append(pbx)
    office.lines["far"] = FAR
    await office.desks.stop()
    office.pbx.disconnect()
    make_desks(office)
    await office.desks.start()
    office.pbx.connect()
    pbx.connect()
    yield pbx
    await office.desks.stop()


async def in_call(office: Office, room: Room, pbx: FakePbx) -> str:
    await office.press(room, office.desks.verbs.next)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    call = pbx.dialled[-1].call
    pbx.client_waits(call)
    await office.settled(room, lambda view: _call_is(view, "bridged"))
    return call


def _call_is(view: DeskView, state: str) -> bool:
    return view.work is not None and view.work.call is not None and view.work.call.state == state


async def test_an_operator_works_at_the_pbx_of_the_phone(office: Office, far: FakePbx) -> None:
    room = await office.seated("maria", pbx="far")
    assert [verb for verb, _ in far.orders] == ["session"]
    assert office.pbx.orders == []
    assert room.desk.session_pbx == "far"


async def test_nobody_is_handed_a_client_of_a_line_at_another_pbx(office: Office, far: FakePbx) -> None:
    """Nor does a client who is on the page already get dialled over one."""
    await office.add_clients(2)
    room = await office.seated("maria", pbx="far")
    view = await office.press(room, office.desks.verbs.next)
    assert view.work is None
    assert view.refusal is not None and view.refusal.code == "line_elsewhere"
    assert view.refusal.params == {"line": "main", "there": "fake", "here": "far"}
    await office.set_campaign(line="far")
    view = await office.press(room, office.desks.verbs.next)
    assert view.work is not None
    office.set_line(replace(FAR, pbx="fake"))
    view = await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    assert view.refusal is not None and view.refusal.code == "line_elsewhere"
    assert far.dialled == office.pbx.dialled == []


async def test_saving_does_not_hand_out_a_client_of_another_pbx_either(office: Office, far: FakePbx) -> None:
    await office.add_clients(2)
    room = await office.seated("maria")
    call = await in_call(office, room, office.pbx)
    office.pbx.client_hangs_up(call)
    await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
    await office.set_campaign(line="far")
    await office.press(room, lambda r: office.desks.verbs.draft(r, {"disposition": "no_answer"}, None))
    view = await office.press(room, lambda r: office.desks.verbs.save(r, True))
    assert view.work is None
    assert view.refusal is not None and view.refusal.code == "line_elsewhere"


async def test_one_pbx_away_leaves_calls_sessions_and_desks_of_the_other_alone(
    office: Office, far: FakePbx
) -> None:
    """Killed, and back in another life: its own calls are closed, the other's are not even looked at."""
    await office.add_clients(4)
    near_room = await office.seated("maria")
    near = await in_call(office, near_room, office.pbx)
    await office.set_campaign(line="far")
    far_room = await office.seated("anna", pbx="far")
    lost = await in_call(office, far_room, far)
    seq = near_room.seq
    far.disconnect()
    view = await office.settled(far_room, lambda view: not view.pbx_up)
    assert _call_is(view, "bridged"), "nobody knows anything else yet"
    far.connect(Snapshot(at=far.clock + 5, started="2", legs=()))
    view = await office.settled(far_room, lambda view: _call_is(view, "ended"))
    assert not view.session_up
    assert office.desks.world.switchboard.calls[lost].end_reason == "pbx_restarted"
    assert near_room.seq == seq, "the other desk was not even drawn anew"
    near_view = office.desks.rooms.view(near_room)
    assert near_view.pbx_up and near_view.session_up and _call_is(near_view, "bridged")
    assert near_room.desk.session_leg in office.desks.world.switchboard.sessions
    office.pbx.client_hangs_up(near)
    await office.settled(near_room, lambda view: view.state is DeskState.WRAPUP)


async def test_the_same_id_at_two_pbxs_is_two_legs(office: Office, far: FakePbx) -> None:
    """Ids of calls from outside are made by each PBX for itself."""
    await office.add_clients(2)
    near_room = await office.seated("maria")
    near = await in_call(office, near_room, office.pbx)
    far.client_hangs_up(near)
    far.client_waits(near)
    assert _call_is(office.desks.rooms.view(near_room), "bridged")
    assert office.switchboard.at("far").unknown_legs > 0


async def test_after_a_restart_each_pbx_is_asked_for_its_own(office: Office, far: FakePbx) -> None:
    await office.add_clients(2)
    await office.set_campaign(line="far")
    room = await office.seated("anna", pbx="far")
    call = await in_call(office, room, far)
    session = room.desk.session_leg
    await office.desks.stop()
    office.pbx.up = far.up = False
    make_desks(office)
    await office.desks.start()
    room = office.desks.rooms.all[room.user.id]
    office.pbx.connect()
    assert office.switchboard.calls[call].state != "ended", (
        "the other PBX knows nothing of it, and is not asked"
    )
    legs = [
        LiveLeg(leg=leg, name="", up=True, bridge="b", number="", context="", since=0.0)
        for leg in (call, session)
    ]
    far.connect(Snapshot(at=far.clock, started="1", legs=tuple(legs)))
    view = await office.settled(room, lambda view: view.pbx_up)
    assert view.session_up and _call_is(view, "bridged")


async def test_what_was_left_at_a_pbx_that_is_no_longer_configured_is_lost_sight_of(
    office: Office, far: FakePbx
) -> None:
    await office.add_clients(2)
    await office.set_campaign(line="far")
    room = await office.seated("anna", pbx="far")
    call = await in_call(office, room, far)
    await office.desks.stop()
    office.further.clear()
    make_desks(office)
    await office.desks.start()
    room = office.desks.rooms.all[room.user.id]
    await office.desks.sweep.run()
    view = await office.settled(room, lambda view: _call_is(view, "ended"))
    assert not view.pbx_up
    assert office.switchboard.calls[call].end_reason == "lost_sight"
    await office.press(room, lambda r: office.desks.verbs.draft(r, {"disposition": "no_answer"}, None))
    assert (await office.press(room, lambda r: office.desks.verbs.save(r, False))).work is None


async def test_a_phone_at_a_pbx_that_is_not_configured_cannot_begin(office: Office) -> None:
    room = await office.seated("maria", in_session=False, pbx="gone")
    assert not office.desks.rooms.view(room).pbx_up
    absent = office.desks.world.pbx("gone")
    assert isinstance(absent, AbsentPbx)
    with pytest.raises(PbxAway, match="gone"):
        await absent.hangup(leg="x")
