"""When a change ends badly: what the store committed is what the desk shows next, and nobody is stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from dialer.campaigns.tables import attempts, entries, holds
from dialer.desk.room import Room
from dialer.desk.view import DeskState, DeskView
from dialer.store.engine import Store
from dialer.store.errors import StoreBusy, StoreUncertain
from dialer.telephony.model import LegOrderFailed
from dialer.telephony.port import OrderUnknown, PbxAway, PbxRefused
from dialer.telephony.tables import calls
from tests.desk.conftest import Office, make_desks


class DoubtfulStore:
    """The real store; once `doubt` is set, the next unit is committed and its answer is lost on the way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.doubt = False
        self.unreadable = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, work: Callable[[Connection], Any]) -> Any:
        if self.unreadable:
            self.unreadable = False
            raise StoreBusy("all readers are taken")
        return await self._store.read(work)

    async def write(self, work: Callable[[Connection], Any], **more: Any) -> Any:
        result = await self._store.write(work, **more)
        if self.doubt:
            self.doubt = False
            raise StoreUncertain("no answer in time")
        return result


@pytest.fixture
def doubtful(office: Office) -> DoubtfulStore:
    store = DoubtfulStore(office.store)
    office.wrap_store(store)
    return store


async def rows(office: Office, table: Any) -> list[Any]:
    found: list[Any] = await office.store.read(lambda conn: conn.execute(select(table)).all())
    return found


async def talking(office: Office, room: Room) -> DeskView:
    await office.press(room, office.desks.verbs.next)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    office.pbx.client_waits(office.pbx.dialled[-1].call)
    return await office.settled(room, lambda view: view.state is DeskState.TALKING)


async def test_next_in_doubt_shows_the_client_that_was_claimed(
    office: Office, doubtful: DoubtfulStore
) -> None:
    await office.add_clients(3)
    room = await office.seated("maria")
    doubtful.doubt = True
    with pytest.raises(StoreUncertain):
        await office.press(room, office.desks.verbs.next)
    view = await office.press(room, office.desks.verbs.next)
    assert view.state is DeskState.PREVIEW
    assert [entry.state for entry in await rows(office, entries)].count("claimed") == 1


async def test_save_in_doubt_is_saved_once(office: Office, doubtful: DoubtfulStore) -> None:
    await office.add_clients(3)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    await office.press(room, verbs.next)
    await office.press(room, lambda r: verbs.draft(r, {"disposition": "refused_no_need"}, None))
    doubtful.doubt = True
    with pytest.raises(StoreUncertain):
        await office.press(room, lambda r: verbs.save(r, False))
    view = await office.press(room, verbs.next)
    assert view.state is DeskState.PREVIEW
    assert [entry.state for entry in await rows(office, entries)] == ["done", "claimed", "waiting"]


async def test_dial_in_doubt_rings_nobody_twice(office: Office, doubtful: DoubtfulStore) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    await office.press(room, verbs.next)
    doubtful.doubt = True
    with pytest.raises(StoreUncertain):
        await office.press(room, lambda r: verbs.dial(r, None))
    view = await office.press(room, lambda r: verbs.dial(r, None))
    assert view.state is DeskState.DIALLING
    assert not office.pbx.dialled, "whether it was sent nobody can tell, so it is not sent again"
    office.pass_time(seconds=51)
    await office.desks.sweep.run()
    view = office.desks.rooms.view(room)
    assert view.state is DeskState.WRAPUP
    assert view.work is not None and view.work.call is not None
    assert view.work.call.outcome == "unknown"


async def test_an_answer_whose_write_is_in_doubt_stays_on_the_page(
    office: Office, doubtful: DoubtfulStore
) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    call = office.pbx.dialled[-1].call
    doubtful.doubt = True
    office.pbx.client_waits(call)
    view = await office.settled(
        room, lambda v: v.work is not None and v.work.call is not None and v.work.call.state == "bridged"
    )
    assert view.state is DeskState.TALKING
    office.pbx.client_hangs_up(call)
    await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    assert [entry.state for entry in await rows(office, entries)] == ["wrapup"]


async def test_the_next_client_is_kept_though_figures_cannot_be_read(
    office: Office, doubtful: DoubtfulStore
) -> None:
    await office.add_clients(2)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    await office.press(room, verbs.next)
    await office.press(room, lambda r: verbs.draft(r, {"disposition": "refused_no_need"}, None))
    doubtful.unreadable = True
    view = await office.press(room, lambda r: verbs.save(r, True))
    assert view.state is DeskState.PREVIEW


async def test_a_mute_ends_with_its_call(office: Office) -> None:
    await office.add_clients(2)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    await talking(office, room)
    view = await office.press(room, lambda r: verbs.mute(r, True))
    assert view.work is not None and view.work.call is not None and view.work.call.muted
    office.pbx.client_hangs_up(office.pbx.dialled[-1].call)
    await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    assert office.pbx.orders[-1][0] == "unmute"
    await office.press(room, lambda r: verbs.draft(r, {"disposition": "refused_no_need"}, None))
    await office.press(room, lambda r: verbs.save(r, False))
    view = await talking(office, room)
    assert view.work is not None and view.work.call is not None and not view.work.call.muted


@pytest.mark.parametrize("on", [True, False])
async def test_a_mute_whose_answer_is_lost_is_in_doubt_and_asked_again(office: Office, on: bool) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    await talking(office, room)
    if not on:
        await office.press(room, lambda r: office.desks.verbs.mute(r, True))
    office.pbx.failure = OrderUnknown("no answer")
    view = await office.press(room, lambda r: office.desks.verbs.mute(r, on))
    assert view.refusal is not None and view.refusal.code == "mute_unsure"
    assert mute_of(view) == (on, True)
    await office.desks.sweep.run()
    await office.settled(room, lambda v: len(mutes(office)) >= 3 - on)
    office.pbx.failure = None
    await office.desks.sweep.run()
    view = await office.settled(room, lambda v: mute_of(v) == (on, False))
    assert view.refusal is None
    said = len(mutes(office))
    await office.desks.sweep.run()
    await office.press(room, lambda r: office.desks.control.digits(r, "1"))
    assert len(mutes(office)) == said and mutes(office)[-1] == ("mute" if on else "unmute")


async def test_a_mute_in_doubt_is_not_asked_of_a_pbx_that_is_away(office: Office) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    await talking(office, room)
    office.pbx.failure = OrderUnknown("no answer")
    await office.press(room, lambda r: office.desks.verbs.mute(r, True))
    office.pbx.failure, office.pbx.up = None, False
    room.refusal = None
    await office.desks.following._catch_up(room)
    assert room.refusal is None and room.desk.mute_unsure, "an order that can't be sent is no news"
    office.pbx.up = True
    await office.desks.sweep.run()
    await office.settled(room, lambda v: mute_of(v) == (True, False))


async def test_a_mute_in_doubt_ends_with_its_call_and_before_the_next_client(office: Office) -> None:
    await office.add_clients(2)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    await talking(office, room)
    office.pbx.failure = OrderUnknown("no answer")
    await office.press(room, lambda r: verbs.mute(r, True))
    office.pbx.client_hangs_up(office.pbx.dialled[-1].call)
    await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    assert mutes(office)[-1] == "unmute" and room.desk.mute_unsure
    office.pbx.failure = None
    await office.press(room, lambda r: verbs.draft(r, {"disposition": "refused_no_need"}, None))
    await office.press(room, lambda r: verbs.save(r, False))
    assert mute_of(await talking(office, room)) == (False, False)


async def test_a_mute_that_is_refused_changes_nothing(office: Office) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    await talking(office, room)
    office.pbx.failure = PbxRefused("No such channel")
    view = await office.press(room, lambda r: office.desks.verbs.mute(r, True))
    assert mute_of(view) == (False, False)


def mutes(office: Office) -> list[str]:
    return [verb for verb, _ in office.pbx.orders if verb in ("mute", "unmute")]


def mute_of(view: DeskView) -> tuple[bool, bool]:
    assert view.work is not None and view.work.call is not None
    return view.work.call.muted, view.work.call.mute_unsure


async def test_scenario_04_an_order_that_made_no_channel_costs_no_attempt(office: Office) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    call = office.pbx.dialled[-1].call
    office.pbx.report(LegOrderFailed(leg=call, at=office.pbx.clock, reason=0))
    view = await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    (written,) = await rows(office, calls)
    assert (written.outcome, written.end_reason, written.ended_at) == ("failed", "refused", office.now)
    assert await rows(office, attempts) == []
    assert [entry.attempts for entry in await rows(office, entries)] == [0]
    assert view.work is not None and view.work.suggested == "call_failed"


async def test_an_order_that_was_never_sent_costs_no_attempt(office: Office) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    office.pbx.failure = PbxAway("gone in this moment")
    view = await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    assert view.state is DeskState.WRAPUP
    assert await rows(office, attempts) == []


async def test_two_who_press_together_do_not_both_get_the_last_call_of_a_line(office: Office) -> None:
    await office.add_clients(2)
    maria, anna = await office.seated("maria"), await office.seated("anna")
    office.set_line(replace(office.desks.world.lines["main"], capacity=1))
    dial = office.desks.verbs.dial
    for room in (maria, anna):
        await office.press(room, office.desks.verbs.next)
    await asyncio.gather(*(office.press(room, lambda r: dial(r, None)) for room in (maria, anna)))
    assert len(office.pbx.dialled) == 1
    refusals = [room.refusal.code for room in (maria, anna) if room.refusal is not None]
    assert refusals == ["line_full"]


async def test_a_session_of_which_nothing_is_heard_is_given_up(office: Office) -> None:
    room = await office.seated("maria", in_session=False)
    office.pbx.failure = OrderUnknown("no answer")
    view = await office.press(room, office.desks.verbs.start_session)
    assert view.state is DeskState.CONNECTING
    office.pbx.failure = None
    office.pass_time(seconds=41)
    await office.desks.sweep.run()
    view = await office.settled(room, lambda v: v.state is DeskState.OFFLINE)
    assert view.refusal is not None and view.refusal.code == "phone_no_answer"


async def test_what_is_out_with_nobody_is_freed_at_the_start(office: Office) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    await office.auth.set_active(room.user.id, False)
    await office.desks.stop()
    desks = make_desks(office)
    await desks.start()
    assert [entry.state for entry in await rows(office, entries)] == ["postponed"]
    assert await rows(office, holds) == []
    assert [call.outcome for call in await rows(office, calls)] == ["unknown"]
