"""Lines at the desk: a stolen login is cut off at its cap, and nothing is dialled after a stop was committed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from dialer.desk.control import Target
from dialer.desk.room import Room
from dialer.desk.talk import Goal
from dialer.desk.view import DeskState
from dialer.desk.world import DeskRefused
from dialer.events import LineAlarm
from dialer.store.outbox import Envelope
from dialer.telephony import alarms, policies
from dialer.telephony.line_control import LineControl
from dialer.telephony.policies import Person
from dialer.telephony.policy import DEFAULT, Cap, Scope
from dialer.telephony.port import DialOrder, OrderUnknown, PbxRefused
from dialer.telephony.ranges import Range
from dialer.telephony.tables import dials
from tests.desk.conftest import Office, make_desks

HEAD = Person(id=None, name="head")
PER_MINUTE = DEFAULT.caps[0].calls_per_minute or 0


def control(office: Office) -> LineControl:
    world = office.desks.world
    return LineControl(office.store, world.lines, world.stops, office.clock, office.desks.hang_up_line)


async def with_client(office: Office, login: str = "maria") -> Room:
    room = await office.seated(login)
    await office.press(room, office.desks.verbs.next)
    return room


async def dial(office: Office, room: Room) -> str:
    """Why nothing was dialled, "" if it was."""
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    return room.refusal.code if room.refusal is not None else ""


async def test_a_stolen_session_of_200_dials_in_a_minute_is_cut_at_the_cap(office: Office) -> None:
    await office.add_clients(250)
    told: list[float] = []
    begun = office.now

    def listen(envelopes: Sequence[Envelope]) -> None:
        if any(isinstance(envelope.event, LineAlarm) for envelope in envelopes):
            told.append((office.now - begun).total_seconds())

    room = await with_client(office)
    office.store.listen(listen)
    refused: list[float] = []
    for _ in range(200):
        if await dial(office, room):
            refused.append((office.now - begun).total_seconds())
        else:
            call = office.pbx.dialled[-1].call
            office.pbx.rings(call)
            office.pbx.client_hangs_up(call, 17)
            await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
            await office.press(
                room, lambda r: office.desks.verbs.draft(r, {"disposition": "refused_no_time"}, None)
            )
            await office.press(room, lambda r: office.desks.verbs.save(r, then_next=True))
        office.pass_time(seconds=0.25)
    assert len(office.pbx.dialled) == PER_MINUTE
    assert told[0] - refused[0] <= 5
    (alarm,) = await office.store.read(lambda conn: alarms.recent(conn, office.now))
    assert (alarm.code, alarm.operator, alarm.times) == ("cap_calls_per_minute", "Maria", len(refused))
    office.pass_time(seconds=60)
    assert await dial(office, room) == "", "who waits may go on"


async def test_a_stop_between_the_commit_and_the_order_is_in_time(office: Office) -> None:
    """The dial is written down; before its order goes out, somebody stops everything."""
    await office.add_clients(1)
    room = await with_client(office)
    lines = control(office)
    write, stopped = office.store.write, []

    class Gap:
        """The store, but between a dial's commit and the next step a supervisor is quick."""

        async def write(self, work: object, **more: object) -> object:
            result = await write(work, **more)  # type: ignore[arg-type]
            if not stopped and await count_dials(office):
                stopped.append(await lines.stop("", HEAD, hang_up=False))
            return result

        def __getattr__(self, name: str) -> object:
            return getattr(office.store, name)

    office.wrap_store(Gap())
    assert await dial(office, room) == "line_stopped"
    assert stopped == [0]
    assert office.pbx.dialled == []
    rows = await office.store.read(lambda conn: list(conn.execute(select(dials))))
    assert [row.ended_at for row in rows] == [office.now], "what never went out holds no place on the line"


async def count_dials(office: Office) -> int:
    return await office.store.read(lambda conn: len(list(conn.execute(select(dials.c.id)))))


async def test_a_stop_during_a_claim_keeps_the_client_and_dials_nothing(office: Office) -> None:
    await office.add_clients(1)
    room = await with_client(office)
    await control(office).stop("main", HEAD, hang_up=False)
    assert await dial(office, room) == "line_stopped"
    assert office.desks.rooms.view(room).state is DeskState.PREVIEW
    await control(office).resume("main", HEAD)
    assert await dial(office, room) == ""


async def test_a_stop_leaves_the_calls_that_are_on_or_ends_them(office: Office) -> None:
    await office.add_clients(2)
    rooms = [await with_client(office, login) for login in ("maria", "olga")]
    for room in rooms:
        assert await dial(office, room) == ""
        office.pbx.client_waits(office.pbx.dialled[-1].call)
        await office.settled(room, lambda view: view.state is DeskState.TALKING)
    lines = control(office)
    assert await lines.stop("", HEAD, hang_up=False) == 0
    assert [office.desks.rooms.view(room).state for room in rooms] == [DeskState.TALKING] * 2
    assert await lines.stop("", HEAD, hang_up=True) == 2
    for room in rooms:
        await office.settled(room, lambda view: view.state is DeskState.WRAPUP)


async def test_a_stop_outlives_the_daemon(office: Office) -> None:
    await control(office).stop("main", HEAD, hang_up=False)
    office.desks.world.stops.let_go("main")  # a new process knows nothing yet
    await control(office).start()
    assert office.desks.world.stops.stands("main")
    assert not office.desks.world.stops.stands("another")


async def test_the_client_sees_the_number_that_was_chosen(office: Office) -> None:
    await office.add_clients(1)

    def give(conn: Connection) -> None:
        policies.change(conn, "main", {"caller_ids": ("+74950000001", "+74950000002")}, HEAD, office.now)

    await office.store.write(give)
    await office.set_campaign(caller_ids=("+74950000002",))
    room = await with_client(office)
    assert await dial(office, room) == ""
    order: DialOrder = office.pbx.dialled[-1]
    assert order.caller_id == "+74950000002"


async def test_an_attempt_that_its_campaign_refuses_is_no_dial(office: Office) -> None:
    await office.add_clients(1)
    await office.set_campaign(attempts_per_day=1)
    room = await with_client(office)
    assert await dial(office, room) == ""
    call = office.pbx.dialled[-1].call
    office.pbx.rings(call)
    office.pbx.client_hangs_up(call, 17)
    await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
    office.pass_time(minutes=2)
    assert await dial(office, room) == "attempts_per_day"
    assert await count_dials(office) == 1


# --- the day's limits abroad ------------------------------------------------------------------------------------


async def test_what_is_dialled_abroad_is_bounded_and_nobody_at_home_is(office: Office) -> None:
    def open_abroad(conn: Connection) -> None:
        alike = Range(prefix="+7840")
        policies.change_range(conn, "main", alike, remove=False, abroad=False, by=HEAD, now=office.now)
        caps = (Cap(scope=Scope.ABROAD, minutes_per_day=20),)
        policies.change(conn, "", {"caps": caps}, HEAD, office.now)

    await office.store.write(open_abroad)
    room = await talking(office)
    assert office.pbx.dialled[-1].most_s is None, "a client at home may talk"
    office.pass_time(seconds=7200)
    await office.desks.sweep.run()
    assert office.desks.rooms.view(room).state is DeskState.TALKING
    await third(office, room, "+7 840 123-45-67")
    assert office.pbx.dialled[-1].most_s == 600, "the PBX ends it, though we die"


async def test_a_call_whose_limit_is_reached_is_ended_and_the_operator_told_why(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    line = office.desks.world.lines["main"]
    office.set_line(replace(line, region="KZ", ranges=(Range(prefix="+7900"),)))  # Russia is abroad

    def cap(conn: Connection) -> None:
        policies.change(conn, "", {"caps": (Cap(scope=Scope.ABROAD, minutes_per_day=20),)}, HEAD, office.now)

    await office.store.write(cap)
    room = await talking(office)
    order: DialOrder = office.pbx.dialled[-1]
    assert order.most_s == 600
    office.pass_time(seconds=597)
    await office.desks.sweep.run()
    assert office.desks.rooms.view(room).state is DeskState.TALKING
    office.pass_time(seconds=1)  # a moment before the PBX does it: then it can be told
    office.pbx.up = False
    await office.desks.sweep.run()
    office.pbx.up, office.pbx.failure = True, PbxRefused("no")
    await office.desks.sweep.run()
    assert room.refusal is None and "limit abroad" not in caplog.text, "nothing was ended yet"
    office.pbx.failure = None
    await office.desks.sweep.run()
    await office.desks.sweep.run()
    assert caplog.text.count("limit abroad") == 1
    view = await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
    assert view.refusal is not None and view.refusal.code == "call_limit"
    assert ("hangup", order.call) in office.pbx.orders


async def third_abroad(office: Office) -> Room:
    """A client at home, and a third abroad whom the day has 600 s for."""

    def open_abroad(conn: Connection) -> None:
        alike = Range(prefix="+7840")
        policies.change_range(conn, "main", alike, remove=False, abroad=False, by=HEAD, now=office.now)
        caps = (Cap(scope=Scope.ABROAD, minutes_per_day=20),)
        policies.change(conn, "", {"caps": caps}, HEAD, office.now)

    await office.store.write(open_abroad)
    room = await talking(office)
    await third(office, room, "+7 840 123-45-67")
    assert office.pbx.dialled[-1].most_s == 600
    return room


async def test_a_third_abroad_is_ended_by_us_whoever_has_the_client(office: Office) -> None:
    room = await third_abroad(office)
    leg = office.pbx.dialled[-1].call
    office.pbx.third_answers(leg)
    await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
    office.pass_time(seconds=597)
    await office.desks.bounds.run()
    assert ("hangup", leg) not in office.pbx.orders
    office.pass_time(seconds=1)
    await office.desks.bounds.run()
    assert office.pbx.orders.count(("hangup", leg)) == 1
    assert ("hangup", office.pbx.dialled[0].call) not in office.pbx.orders, "the call at home is not bounded"
    office.pbx.client_hangs_up(office.pbx.dialled[0].call, 16)
    async with asyncio.timeout(5):
        while any(row.ended_at is None for row in await all_dials(office)):
            continue
    office.pass_time(seconds=10)
    await office.desks.bounds.run()
    assert office.pbx.orders.count(("hangup", leg)) == 1, "what is over is let be"


async def test_after_a_daemons_restart_the_pbx_is_told_its_bounds_anew(office: Office) -> None:
    await third_abroad(office)
    leg = office.pbx.dialled[-1].call
    office.pass_time(seconds=60)
    office.pbx.disconnect()
    desks = make_desks(office)
    await desks.bounds.run()
    office.pbx.connect()
    office.pass_time(seconds=1)
    await desks.bounds.run()
    assert [told for verb, told in office.pbx.orders if verb == "bind"] == [f"{leg} 539"]
    office.pass_time(seconds=1)
    await desks.bounds.run()
    assert sum(verb == "bind" for verb, _ in office.pbx.orders) == 1, "once for each time that it comes"
    office.pbx.failure = OrderUnknown("no answer")
    desks.pbx_changed("fake")
    office.pass_time(seconds=1)
    await desks.bounds.run()
    office.pbx.failure = None
    office.pass_time(seconds=1)
    await desks.bounds.run()
    assert office.pbx.orders[-1] == ("bind", f"{leg} 536"), "an answer that was lost is asked for again"


# --- a third person, dialled over the same line ----------------------------------------------------------------


async def talking(office: Office) -> Room:
    await office.add_clients(1)
    room = await with_client(office)
    assert await dial(office, room) == ""
    office.pbx.client_waits(office.pbx.dialled[-1].call)
    await office.settled(room, lambda view: view.state is DeskState.TALKING)
    return room


async def test_a_third_person_is_dialled_by_the_same_rules(office: Office) -> None:
    room = await talking(office)
    for written, code in (
        ("+44 20 7946 0018", "number_not_allowed"),
        ("+7 809 501-23-45", "number_forbidden"),
        ("+881612345678", "number_forbidden"),
    ):
        with pytest.raises(DeskRefused) as refused:
            await third(office, room, written)
        assert refused.value.code == code
    assert len(office.pbx.dialled) == 1
    await third(office, room, "8 900 555-11-22")
    assert [row.operator_id for row in await all_dials(office)] == [room.user.id] * 2


async def test_a_stop_with_the_calls_ends_a_client_who_was_handed_on(office: Office) -> None:
    """A stolen login hands a call on to a number that pays and leaves it there: no desk holds it any more."""
    room = await talking(office)
    await third(office, room, "8 900 555-11-22")
    office.pbx.third_answers(office.pbx.dialled[-1].call)
    await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
    assert [row.ended_at for row in await all_dials(office)] == [None, None]
    assert await control(office).stop("", HEAD, hang_up=True) == 2
    ended = {leg for verb, leg in office.pbx.orders if verb == "hangup"}
    assert ended >= {order.call for order in office.pbx.dialled}
    async with asyncio.timeout(5):
        while any(row.ended_at is None for row in await all_dials(office)):
            continue


async def test_a_stop_before_a_thirds_order_brings_the_client_back(office: Office) -> None:
    room = await talking(office)
    office.desks.world.stops.stop("main")  # as between the commit and the order
    await third(office, room, "8 900 555-11-22")
    assert len(office.pbx.dialled) == 1
    assert room.refusal is not None
    assert room.refusal.code == "line_stopped"
    assert [row.ended_at is None for row in await all_dials(office)] == [True, False]


async def third(office: Office, room: Room, written: str) -> None:
    target = Target(number=written)
    await office.press(room, lambda r: office.desks.control.transfer(r, target, Goal.HAND_OVER))


async def all_dials(office: Office) -> list[Any]:
    return await office.store.read(lambda conn: list(conn.execute(select(dials).order_by(dials.c.id))))
