"""A daemon that dies, or stands still, around an order: nobody is rung twice, nobody late, no client is kept.

Scenarios 30 to 32 of the design's list, as far as one node goes; a real Asterisk sees them in tests/asterisk.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from dialer.desk.room import Room
from dialer.desk.view import DeskState, DeskView
from dialer.store.engine import Store
from dialer.telephony.model import LiveLeg, Snapshot
from tests.desk.conftest import Office, make_desks

T = TypeVar("T")
PREVIEW = timedelta(seconds=120)


async def previewing(office: Office, login: str = "maria") -> Room:
    await office.add_clients(1)
    room = await office.seated(login)
    view = await office.press(room, office.desks.verbs.next)
    assert view.state is DeskState.PREVIEW
    return room


async def dialled(office: Office) -> tuple[Room, str]:
    room = await previewing(office)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    return room, office.pbx.dialled[0].call


def live(office: Office, leg: str, *, up: bool = False, bridge: str = "", context: str = "") -> LiveLeg:
    return LiveLeg(
        leg=leg, name=f"PJSIP/{leg}", up=up, bridge=bridge, number="", context=context, since=office.pbx.clock
    )


async def another_life(office: Office, *legs: LiveLeg, connected: bool = True) -> Room:
    """The daemon is gone at this very moment, and another one starts over the same store."""
    user = next(iter(office.desks.rooms.all.values())).user
    await office.desks.stop()
    office.pbx.up = False
    desks = make_desks(office)
    await desks.start()
    if connected:
        office.pbx.connect(Snapshot(at=office.pbx.clock, started="1", legs=legs))
    return desks.rooms.all[user.id]


def session_leg(office: Office, room: Room) -> LiveLeg:
    return live(office, room.desk.session_leg, up=True, context="callwright-session")


# --- 30: between the claim and the order --------------------------------------------------------------------


async def test_scenario_30_a_client_claimed_before_the_crash_is_on_the_page_again(office: Office) -> None:
    room = await previewing(office)
    was = office.desks.rooms.view(room).work
    room = await another_life(office, session_leg(office, room))
    await office.desks.rooms.watch(room.user)
    now = office.desks.rooms.view(room).work
    assert was is not None and now is not None
    assert (now.id, now.card, now.run) == (was.id, was.card, was.run)
    assert not office.pbx.dialled


async def test_scenario_30_a_client_of_one_who_never_comes_back_is_free_soon(office: Office) -> None:
    room = await previewing(office)
    await another_life(office, session_leg(office, room))
    office.pass_time(seconds=30)
    await office.desks.sweep.run()
    anna = await office.seated("anna")
    view = await office.press(anna, office.desks.verbs.next)
    assert view.work is not None, "half a minute after the crash, not a whole preview"


async def test_scenario_30_an_operator_who_comes_back_has_the_whole_preview(office: Office) -> None:
    room = await previewing(office)
    room = await another_life(office, session_leg(office, room))
    office.pass_time(seconds=20)
    await office.desks.rooms.watch(room.user)
    office.pass_time(seconds=60)
    await office.desks.sweep.run()
    assert office.desks.rooms.view(room).state is DeskState.PREVIEW


# --- 31: after the order ------------------------------------------------------------------------------------


async def test_scenario_31_a_call_ordered_before_the_crash_is_adopted(office: Office) -> None:
    room, call = await dialled(office)
    ringing = live(office, call, context="callwright-client")
    room = await another_life(office, session_leg(office, room), ringing)
    view = await office.settled(room, lambda v: v.pbx_up and v.work is not None)
    assert view.work is not None and view.work.call is not None
    assert view.work.call.id == call
    assert view.state is DeskState.DIALLING
    office.pbx.client_waits(call)
    await office.settled(room, lambda v: v.state is DeskState.TALKING)
    assert ("bridge", call) in office.pbx.orders
    assert len(office.pbx.dialled) == 1


async def test_scenario_31_a_client_who_answered_nobody_is_bridged(office: Office) -> None:
    room, call = await dialled(office)
    waiting = live(office, call, up=True, context="callwright-client")
    room = await another_life(office, session_leg(office, room), waiting)
    view = await office.settled(room, lambda v: v.state is DeskState.TALKING)
    assert office.pbx.orders.count(("bridge", call)) == 1
    assert view.work is not None and view.work.call is not None
    assert view.work.call.recorded, "nobody heard of the recording's start, and there is one"


async def test_scenario_31_a_call_already_bridged_is_left_as_it_is(office: Office) -> None:
    room, call = await dialled(office)
    office.pbx.client_waits(call)
    await office.settled(room, lambda v: v.state is DeskState.TALKING)
    operator = room.desk.session_leg
    legs = [live(office, leg, up=True, bridge="b", context="callwright-client") for leg in (call, operator)]
    room = await another_life(office, *legs)
    await office.settled(room, lambda v: v.pbx_up)
    assert office.desks.rooms.view(room).state is DeskState.TALKING
    assert office.pbx.orders.count(("bridge", call)) == 1


async def test_scenario_31_an_order_of_which_nothing_lives_is_unknown(office: Office) -> None:
    room, _ = await dialled(office)
    room = await another_life(office, session_leg(office, room))
    view = await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    assert view.work is not None and view.work.call is not None
    assert view.work.call.outcome == "unknown"
    view = await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    assert view.refusal is not None and view.refusal.code == "attempt_pause"
    assert len(office.pbx.dialled) == 1


async def test_scenario_31_the_same_press_after_the_crash_rings_nobody_again(office: Office) -> None:
    room = await previewing(office)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None), key="press")
    call = office.pbx.dialled[0].call
    room = await another_life(office, session_leg(office, room), live(office, call))
    await office.press(room, lambda r: office.desks.verbs.dial(r, None), key="press")
    assert len(office.pbx.dialled) == 1


# --- 32: a daemon that stood still --------------------------------------------------------------------------


async def test_scenario_32_a_press_that_waited_past_the_lease_rings_nobody(office: Office) -> None:
    """The press is older than the sweep's look at the clock: it comes first, and is refused all the same."""
    room = await previewing(office)
    office.pass_time(seconds=PREVIEW.total_seconds() + 1)
    view = await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    assert not office.pbx.dialled
    assert view.work is None
    assert view.refusal is not None and view.refusal.code == "claim_lost"
    anna = await office.seated("anna")
    view = await office.press(anna, office.desks.verbs.next)
    assert view.work is not None, "the client is free for another"


async def test_scenario_32_a_result_that_waited_past_the_lease_is_not_written(office: Office) -> None:
    room = await previewing(office)
    await office.press(room, lambda r: office.desks.verbs.draft(r, {"disposition": "sale"}, None))
    office.pass_time(seconds=PREVIEW.total_seconds() + 1)
    view = await office.press(room, lambda r: office.desks.verbs.save(r, False))
    assert view.refusal is not None and view.refusal.code == "claim_lost"
    assert view.today.successes == 0


async def test_dialling_again_needs_no_preview(office: Office) -> None:
    """A lease is of a preview alone: after a first attempt the client is the operator's until the result."""
    await office.set_campaign(attempt_pause_s=0)
    room, call = await dialled(office)
    office.pbx.client_hangs_up(call, cause=17)
    await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    office.pass_time(seconds=PREVIEW.total_seconds() + 1)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    assert len(office.pbx.dialled) == 2


class SlowStore:
    """The store itself; but the daemon is stopped for a while right after the commit of one unit."""

    def __init__(self, office: Office) -> None:
        self._office, self._store = office, office.store
        self.stop_s = 0.0

    async def write(self, unit: Callable[[Connection], T], **more: float) -> T:
        done = await self._store.write(unit, **more)
        if self.stop_s:
            self._office.pass_time(seconds=self.stop_s)
            self.stop_s = 0.0
        return done

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


@pytest.fixture
def slow(office: Office) -> SlowStore:
    store: Store = office.store
    slow = SlowStore(office)
    office.store = slow  # type: ignore[assignment]
    make_desks(office)
    office.pbx.connect()
    office.store = store
    return slow


async def test_scenario_32_an_order_that_stood_still_behind_its_commit_is_not_sent(
    office: Office, slow: SlowStore
) -> None:
    room = await previewing(office)
    slow.stop_s = 60
    view: DeskView = await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    assert not office.pbx.dialled, "whoever pressed it a minute ago is no longer there"
    assert view.state is DeskState.WRAPUP
    assert view.work is not None and view.work.call is not None
    assert view.work.call.outcome == "failed"
    assert view.refusal is not None and view.refusal.code == "order_stale"


async def test_an_order_that_took_a_moment_is_sent(office: Office, slow: SlowStore) -> None:
    room = await previewing(office)
    slow.stop_s = 3
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    assert len(office.pbx.dialled) == 1
