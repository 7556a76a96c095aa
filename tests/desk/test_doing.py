"""What a script does besides talking, at a desk: with the step or not at all, on the card, in the result."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, select

from dialer.automation import troubles
from dialer.automation.model import Hook
from dialer.automation.tables import actions_done, deliveries
from dialer.campaigns import service as campaigns
from dialer.campaigns.tables import entries
from dialer.clients.tables import do_not_call
from dialer.desk.call_page import load_call
from dialer.desk.room import Room
from dialer.desk.service import DeskRefused
from dialer.desk.view import DeskState, WorkView
from dialer.events import DeliveryFailed
from dialer.scripts import service as scripts
from dialer.scripts.actions import Action, Callback, CreateTask, DealStage, Exclude, Part, SetField, WebHook
from dialer.scripts.model import Answer, Block, Script
from dialer.scripts.run import Give
from dialer.scripts.tables import steps
from tests.desk.conftest import Office

CRM = Hook(name="crm", url="http://127.0.0.1:9/")


async def talking(
    office: Office, *actions: Action, at_the_end: tuple[Action, ...] = (), keep_log: bool = True
) -> Room:
    """An operator with a client and a script whose first answer does this."""
    script = Script(
        name="Does",
        language="ru",
        start="a",
        keep_log=keep_log,
        blocks=(
            Block(id="a", text="?", answers=(Answer(id="yes", text="Да", to="end", actions=actions),)),
            Block(id="end", text="{{deal.stage | -}} {{client.number}}", end="end", actions=at_the_end),
        ),
    )

    def use(conn: Connection) -> None:
        campaigns.change(conn, office.campaign_id, script_id=scripts.publish(conn, script, office.now))

    await office.store.write(use)
    await office.add_clients(1)
    room = await office.seated("maria")
    office.desks.world.hooks["crm"] = CRM  # type: ignore[index]
    await office.press(room, office.desks.verbs.next)
    return room


async def answer(office: Office, room: Room, without: tuple[int, ...] = (), why: str = "") -> WorkView:
    verbs = office.desks.verbs
    view = await office.press(room, lambda r: verbs.step(r, 1, Give(answer="yes"), without, why))
    assert view.work is not None
    return view.work


async def called(office: Office, room: Room) -> str:
    """The client is rung, and hangs up; the call's id."""
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    call = office.pbx.dialled[-1].call
    office.pbx.client_waits(call)
    await office.settled(room, lambda view: view.state is DeskState.TALKING)
    office.pbx.client_hangs_up(call)
    await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
    return call


async def test_the_card_and_the_next_text_show_what_was_done(office: Office) -> None:
    room = await talking(office, SetField(field="client.city", value="Омск"), DealStage(stage="Новая"))
    work = await answer(office, room)
    assert work.card.city == "Омск"
    assert work.run is not None and work.run.block.text == "Новая +79000000000"


async def test_a_callback_stands_in_the_result_and_may_be_changed(office: Office) -> None:
    room = await talking(office, Callback(minutes=60))
    work = await answer(office, room)
    assert work.draft is not None
    assert (work.draft.disposition, work.draft.callback_at) == ("call_back", office.now + timedelta(hours=1))
    assert room.desk.work is not None and room.desk.work.draft.callback_at == work.draft.callback_at


async def test_who_was_taken_out_of_the_pool_stays_out_whatever_the_result(office: Office) -> None:
    room = await talking(office, Exclude())
    await answer(office, room)
    await called(office, room)
    await office.press(room, lambda r: office.desks.verbs.draft(r, {"disposition": "no_answer"}, None))
    await office.press(room, lambda r: office.desks.verbs.save(r, False))
    states, blocked = await office.store.read(
        lambda conn: (
            list(conn.execute(select(entries.c.state)).scalars()),
            list(conn.execute(select(do_not_call)).all()),
        )
    )
    assert (states, blocked) == (["excluded"], [])


async def test_a_refused_action_holds_the_step_until_the_operator_goes_on_without_it(office: Office) -> None:
    room = await talking(
        office, DealStage(stage="Новая"), CreateTask(text="x", to="nobody"), DealStage(stage="B")
    )
    with pytest.raises(DeskRefused) as refused:
        await answer(office, room)
    assert refused.value.code == "action_nobody"
    assert refused.value.params == {"name": "nobody", "nth": 1, "action": "create_task"}
    assert not await office.store.read(lambda conn: conn.execute(select(steps)).all())
    assert not await office.store.read(lambda conn: conn.execute(select(actions_done)).all())
    work = await answer(office, room, without=(1,), why="уволен")
    assert work.run is not None and work.run.step == 2
    view = office.desks.rooms.view(room)
    assert view.today.troubles == 1
    (trouble,) = await office.store.read(
        lambda conn: troubles.list_open(conn, room.user.id, office.now - timedelta(hours=1), "ru")
    )
    assert (trouble.state, trouble.what, trouble.detail) == ("left_out", "Задача: x", "уволен")


async def test_a_press_that_is_repeated_does_nothing_twice(office: Office) -> None:
    room = await talking(office, CreateTask(text="x"), WebHook(hook="crm"))
    await answer(office, room)
    await answer(office, room)
    assert await office.store.read(lambda conn: len(conn.execute(select(actions_done)).all())) == 2
    assert office.desks.rooms.view(room).today.tasks == 0, "counted when something says that it has changed"
    await office.desks.recount(room.user.id)
    assert office.desks.rooms.view(room).today.tasks == 1


async def test_the_end_of_the_script_does_its_actions_with_the_result(office: Office) -> None:
    room = await talking(office, at_the_end=(DealStage(stage="Готово"), CreateTask(text="x", to="nobody")))
    await answer(office, room)
    call = await called(office, room)
    await office.press(room, lambda r: office.desks.verbs.draft(r, {"disposition": "sale"}, None))
    with pytest.raises(DeskRefused, match="action_nobody"):
        await office.press(room, lambda r: office.desks.verbs.save(r, False))
    assert room.desk.work is not None
    await office.press(room, lambda r: office.desks.verbs.save(r, False, (1,), "позже"))
    page = await office.store.read(lambda conn: load_call(conn, call, language="ru", link=None))
    assert page is not None
    assert [(done.what, done.state, done.note) for done in page.steps[-1].actions] == [
        ("Сделка: Готово", "done", ""),
        ("Задача: x", "left_out", "позже"),
    ]


async def test_what_keeps_no_log_does_its_actions_too(office: Office) -> None:
    asked = (DealStage(stage="A"), CreateTask(text="x", to="nobody"))
    room = await talking(office, *asked, at_the_end=asked, keep_log=False)
    with pytest.raises(DeskRefused, match="action_nobody"):
        await answer(office, room)
    await answer(office, room, without=(1,))
    await called(office, room)
    await office.press(room, lambda r: office.desks.verbs.draft(r, {"disposition": "sale"}, None))
    await office.press(room, lambda r: office.desks.verbs.save(r, False, (1,)))
    done, logged = await office.store.read(
        lambda conn: (
            list(conn.execute(select(actions_done.c.seq, actions_done.c.nth, actions_done.c.outcome)).all()),
            conn.execute(select(steps)).all(),
        )
    )
    assert (done, logged) == (
        [(1, 0, "done"), (1, 1, "left_out"), (2, 0, "done"), (2, 1, "left_out")],
        [],
    )


async def test_a_delivery_that_failed_is_shown_until_it_was_seen(office: Office) -> None:
    room = await talking(office, WebHook(hook="crm", body=(Part(key="n", value="1"),)))
    await answer(office, room)
    since = office.now - timedelta(hours=1)

    def fail(conn: Connection) -> str:
        conn.execute(deliveries.update().values(state="failed", ended_at=office.now, trouble="answered 404"))
        return str(conn.execute(select(deliveries.c.id)).scalar_one())

    event = DeliveryFailed(delivery=await office.store.write(fail), operator_id=room.user.id)
    await office.desks.recount(msgspec.structs.asdict(event)["operator_id"])
    assert office.desks.rooms.view(room).today.troubles == 1
    await office.store.write(lambda conn: troubles.seen(conn, room.user.id, since, office.now))
    await office.desks.recount(None)
    assert office.desks.rooms.view(room).today.troubles == 0
