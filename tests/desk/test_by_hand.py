"""Scripts without a call, put aside and taken up again by the same operator or another; rights; tasks; settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, insert, select

from dialer.campaigns import service as campaigns
from dialer.campaigns.tables import campaign_members
from dialer.desk import by_hand
from dialer.desk.room import Room
from dialer.desk.service import DeskRefused
from dialer.desk.view import DeskState, DeskView, RunView
from dialer.scripts import aside, rights
from dialer.scripts import service as scripts
from dialer.scripts.command import read_script
from dialer.scripts.model import Script, Task
from dialer.scripts.rights import Rights
from dialer.scripts.run import Give, Go
from dialer.scripts.tables import runs, steps
from tests.desk.conftest import SCRIPT, Office


@dataclass
class At:
    """One operator with the office's script."""

    office: Office
    room: Room
    script_id: int = 1

    @property
    def run(self) -> RunView:
        view = self.office.desks.rooms.view(self.room)
        assert view.work is not None and view.work.run is not None
        return view.work.run

    async def press(self, verb: object) -> DeskView:
        return await self.office.press(self.room, verb)  # type: ignore[arg-type]

    async def start(self, client: int | None = 1) -> DeskView:
        return await self.press(lambda r: self.office.desks.scripts.start(r, self.script_id, client))

    async def answer(self, at: int = 0) -> DeskView:
        step, answer = self.run.step, self.run.block.answers[at].id
        return await self.press(lambda r: self.office.desks.verbs.step(r, step, Give(answer=answer)))

    async def put_aside(self) -> DeskView:
        return await self.press(self.office.desks.scripts.put_aside)

    async def take_up(self, run: str) -> DeskView:
        return await self.press(lambda r: self.office.desks.scripts.take_up(r, run))

    async def waiting(self) -> list[str]:
        found = await self.office.store.read(lambda conn: by_hand.waiting(conn, self.room.user.id))
        return [one.run for one in found]


async def seated(office: Office, login: str, *, in_session: bool = False) -> At:
    return At(office, await office.seated(login, in_session=in_session))


async def publish(office: Office, **changes: object) -> None:
    script, _ = read_script(SCRIPT)
    assert script is not None
    changed: Script = msgspec.structs.replace(script, **changes)
    await office.store.write(lambda conn: scripts.publish(conn, changed, office.now))


async def test_a_script_is_filled_in_without_a_call(office: Office) -> None:
    await office.add_clients(1)
    maria = await seated(office, "maria")
    view = await maria.start()
    assert view.state is DeskState.FILLING
    assert view.work is not None and view.work.card.attempt == 0
    await maria.answer(1)
    with pytest.raises(DeskRefused, match="no_client"):
        await maria.press(lambda r: office.desks.verbs.dial(r, None))
    await maria.press(
        lambda r: office.desks.verbs.draft(
            r, {"disposition": "refused_no_need", "reason": "wrong_person"}, None
        )
    )
    view = await maria.press(lambda r: office.desks.verbs.save(r, False))
    assert view.work is None
    (state,) = await office.store.read(lambda conn: list(conn.execute(select(runs.c.state)).scalars()))
    assert state.ended.reason in ("wrong_person", "")


async def test_another_operator_goes_on_where_the_first_put_it_aside(office: Office) -> None:
    await office.add_clients(1)
    maria, anna = await seated(office, "maria"), await seated(office, "anna", in_session=True)
    await maria.start()
    run_id, first = maria.run.id, maria.run.block.id
    await maria.answer()
    before = maria.run
    assert await maria.waiting() == []
    assert (await maria.put_aside()).work is None
    assert await anna.waiting() == [run_id]
    view = await anna.take_up(run_id)
    after = anna.run
    assert (after.id, after.block.id, after.resumed) == (run_id, before.block.id, True)
    assert [step.title for step in after.trail] == [step.title for step in before.trail]
    assert view.work is not None and view.work.direction == "outbound", "their entry came with it"
    with pytest.raises(DeskRefused, match="run_taken"):
        await maria.take_up(run_id)
    await anna.press(lambda r: office.desks.verbs.step(r, anna.run.step, Go(block=anna.run.start)))
    assert anna.run.block.id == first, "a run that was taken up may be begun anew"
    kinds = await office.store.read(
        lambda conn: list(conn.execute(select(steps.c.kind).order_by(steps.c.seq)).scalars())
    )
    assert kinds == ["answer", "aside", "go"]


async def test_call_me_later_sets_the_run_aside_and_the_next_call_goes_on(office: Office) -> None:
    await office.add_clients(1)
    maria = await seated(office, "maria", in_session=True)
    await maria.press(office.desks.verbs.next)
    await maria.answer()
    there = maria.run
    later = {"disposition": "call_back", "callback_at": office.now.replace(hour=20)}
    await maria.press(lambda r: office.desks.verbs.draft(r, later, None))
    await maria.press(lambda r: office.desks.verbs.save(r, False))
    assert await maria.waiting() == [there.id]
    office.pass_time(hours=12)
    await maria.press(office.desks.verbs.next)
    assert (maria.run.id, maria.run.block.id) == (there.id, there.block.id)
    assert await maria.waiting() == []


async def test_a_run_that_goes_off_the_desk_is_not_lost(office: Office) -> None:
    await office.add_clients(1)
    maria = await seated(office, "maria", in_session=True)
    await maria.press(office.desks.verbs.next)
    await maria.answer()
    run_id = maria.run.id
    office.pass_time(hours=1)
    await office.desks.sweep.run()
    assert maria.room.desk.work is None
    assert await maria.waiting() == [run_id]
    await maria.take_up(run_id)
    assert maria.run.id == run_id


async def test_a_client_whom_somebody_works_with_is_not_given_to_a_second(office: Office) -> None:
    await office.add_clients(1)
    maria, anna = await seated(office, "maria"), await seated(office, "anna", in_session=True)
    await maria.start()
    with pytest.raises(DeskRefused, match="client_held"):
        await anna.start()
    view = await anna.press(office.desks.verbs.next)
    assert view.refusal is not None and view.refusal.code == "pool_empty"
    await maria.put_aside()
    assert (await anna.press(office.desks.verbs.next)).work is not None


async def test_only_those_who_may_start_a_script_do(office: Office) -> None:
    await office.add_clients(1)
    maria, anna = await seated(office, "maria", in_session=True), await seated(office, "anna")
    named = Rights(start=(f"user:{anna.room.user.id}",))
    await maria.start()
    await maria.answer()
    await maria.put_aside()
    await office.store.write(lambda conn: rights.set_rights(conn, 1, named))
    with pytest.raises(DeskRefused, match="script_not_yours"):
        await maria.start()
    view = await maria.press(office.desks.verbs.next)
    assert view.refusal is not None and view.refusal.code == "script_not_yours"
    assert await maria.waiting() == []
    (run_id,) = await anna.waiting()
    with pytest.raises(DeskRefused, match="script_not_yours"):
        await maria.take_up(run_id)
    assert (await anna.take_up(run_id)).work is not None


async def test_a_script_that_wants_a_call_waits_for_the_client(office: Office) -> None:
    await publish(office, call_needed=True)
    await office.add_clients(1)
    maria = await seated(office, "maria", in_session=True)
    await maria.press(office.desks.verbs.next)
    with pytest.raises(DeskRefused, match="call_needed"):
        await maria.answer()
    await maria.press(lambda r: office.desks.verbs.dial(r, None))
    call = office.pbx.dialled[0].call
    office.pbx.rings(call)
    office.pbx.client_waits(call)
    await office.settled(maria.room, lambda v: v.state is DeskState.TALKING)
    await maria.answer()


async def test_what_keeps_no_log_leaves_no_words(office: Office) -> None:
    await publish(office, keep_log=False, tasks=(Task(id="greet", text="Greet"),))
    await office.add_clients(1)
    maria = await seated(office, "maria")
    await maria.start()
    await maria.press(lambda r: office.desks.scripts.tick(r, "greet", True))
    assert [task.done for task in maria.run.tasks] == [True]
    with pytest.raises(DeskRefused, match="task_unknown"):
        await maria.press(lambda r: office.desks.scripts.tick(r, "dance", True))
    await maria.answer()
    await maria.press(lambda r: office.desks.verbs.draft(r, {"disposition": "refused_no_need"}, None))
    await maria.press(lambda r: office.desks.verbs.save(r, False))
    states = await office.store.read(lambda conn: list(conn.execute(select(runs.c.state)).scalars()))
    assert [(state.trail, state.fields, state.ended is not None) for state in states] == [((), {}, True)]
    assert await office.store.read(lambda conn: conn.execute(select(steps)).all()) == []


async def copies(office: Office, run_id: str, count: int, **changes: object) -> list[str]:
    """More runs like one that is set aside, each set aside a second after the one before it."""

    def copy(conn: Connection) -> list[str]:
        row = conn.execute(select(runs).where(runs.c.id == run_id)).one()._asdict() | changes
        made = [
            row | {"id": office.new_id(), "aside_at": row["aside_at"] + timedelta(seconds=n)}
            for n in range(1, count + 1)
        ]
        conn.execute(insert(runs), made)
        return [one["id"] for one in made]

    return await office.store.write(copy)


async def test_the_shelf_is_filled_with_ones_own_first_and_then_with_the_latest(office: Office) -> None:
    await office.add_clients(1)
    maria, anna = await seated(office, "maria"), await seated(office, "anna")
    await maria.start()
    await maria.answer()
    own = maria.run.id
    await maria.put_aside()
    others = await copies(office, own, aside.MOST + 1, operator_id=anna.room.user.id)
    assert await maria.waiting() == [own, *reversed(others[2:])]


@pytest.mark.parametrize("why", ["closed script", "closed campaign", "campaign is over"])
async def test_what_is_not_for_one_takes_no_room_on_the_shelf(office: Office, why: str) -> None:
    await office.add_clients(1)
    maria, anna = await seated(office, "maria"), await seated(office, "anna")
    await maria.start()
    await maria.answer()
    own = maria.run.id
    await maria.put_aside()

    def foreign(conn: Connection) -> dict[str, object]:
        here = campaigns.load(conn, office.campaign_id)
        assert here is not None
        if why == "closed script":
            script, _ = read_script(SCRIPT)
            assert script is not None
            theirs = scripts.publish(conn, msgspec.structs.replace(script, name="Theirs"), office.now)
            rights.set_rights(conn, theirs, Rights(start=(f"user:{anna.room.user.id}",)))
            version = scripts.latest(conn, theirs)
            assert version is not None
            return {"version_id": version.id}
        there = campaigns.create(conn, msgspec.structs.replace(here, id=0, name="There"), office.now)
        if why == "campaign is over":
            campaigns.change(conn, there, status="finished")
        else:
            conn.execute(insert(campaign_members).values(campaign_id=there, user_id=anna.room.user.id))
        return {"campaign_id": there}

    await copies(office, own, aside.MOST + 1, **await office.store.write(foreign))
    assert await maria.waiting() == [own]


async def test_the_run_that_was_pressed_is_taken_up_and_no_later_one(office: Office) -> None:
    await office.add_clients(1)
    maria = await seated(office, "maria")
    await maria.start()
    await maria.answer()
    pressed = maria.run.id
    await maria.put_aside()
    (later,) = await copies(office, pressed, 1)
    await maria.take_up(pressed)
    assert maria.run.id == pressed
    assert await maria.waiting() == [later]
