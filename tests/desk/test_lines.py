"""Lines at the desk: a stolen login is cut off at its cap, and nothing is dialled after a stop was committed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from dialer.desk.room import Room
from dialer.desk.view import DeskState
from dialer.events import LineAlarm
from dialer.store.outbox import Envelope
from dialer.telephony import alarms, policies
from dialer.telephony.line_control import LineControl
from dialer.telephony.policies import Person
from dialer.telephony.policy import DEFAULT
from dialer.telephony.port import DialOrder
from dialer.telephony.tables import dials
from tests.desk.conftest import Office

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
