"""A supervisor at a live call: each mode logged, the operator's page silent, the operator free after a take-over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from dialer.auth.model import Role, User
from dialer.desk.tables import listenings
from dialer.desk.view import DeskState
from dialer.desk.world import DeskRefused
from dialer.telephony.model import LegAnswered, LegEnded
from dialer.telephony.port import Listening, OrderUnknown, PbxRefused
from tests.desk.conftest import Office
from tests.desk.test_control import call_of, gone, talking, third_of
from tests.desk.test_reliability import another_life, live


async def head(office: Office, endpoint: str = "op900") -> User:
    made = await office.auth.create_user(
        login="head", name="Head", password="long enough for tests", role=Role.SUPERVISOR, endpoint=endpoint
    )
    assert isinstance(made, User)
    return made


async def log(office: Office) -> list[Any]:
    return await office.store.read(
        lambda conn: list(conn.execute(select(listenings).order_by(listenings.c.id)))
    )


def ear_leg(office: Office) -> str:
    (leg,) = office.desks.listeners.legs
    return leg


async def listening(office: Office, user: User, call: str) -> str:
    await office.desks.listeners.listen(user, call, Listening.LISTEN)
    leg = ear_leg(office)
    office.pbx.report(LegAnswered(leg=leg, at=office.pbx.clock))
    return leg


async def until_nobody_listens(office: Office) -> None:
    await until(office, lambda: not office.desks.listeners.ears)


async def until(office: Office, holds: Callable[[], bool]) -> None:
    changed = asyncio.Event()
    office.desks.rooms.on_change = changed.set
    async with asyncio.timeout(5):
        while not holds():
            await changed.wait()
            changed.clear()


async def test_every_mode_is_an_order_and_a_row(office: Office) -> None:
    room, call = await talking(office)
    user = await head(office)
    before = office.desks.rooms.view(room)
    leg = await listening(office, user, call)
    office.pass_time(seconds=5)
    await office.desks.listeners.listen(user, call, Listening.WHISPER)
    office.pass_time(seconds=5)
    await office.desks.listeners.listen(user, call, Listening.BARGE)
    office.pass_time(seconds=5)
    await office.desks.listeners.leave(user)
    session = room.desk.session_leg
    assert office.pbx.orders == [
        (f"listen op900 {session}", leg),
        ("whisper", leg),
        ("barge", leg),
        ("hangup", leg),
    ]
    rows = await log(office)
    assert [row.mode for row in rows] == ["listen", "whisper", "barge"]
    assert all((row.user_id, row.operator_id, row.call_id) == (user.id, room.user.id, call) for row in rows)
    assert [row.ended_at - row.started_at for row in rows] == [rows[0].ended_at - rows[0].started_at] * 3
    after = office.desks.rooms.view(room)
    assert after.work == before.work, "the operator's page shows nothing of it"


async def test_a_listener_who_puts_the_phone_down(office: Office) -> None:
    _, call = await talking(office)
    leg = await listening(office, await head(office), call)
    office.pbx.report(LegEnded(leg=leg, at=office.pbx.clock, cause=16))
    await until_nobody_listens(office)
    (row,) = await log(office)
    assert row.ended_at is not None


async def test_who_listens_to_a_call_does_not_hear_the_next_one(office: Office) -> None:
    """The operator's leg, which is listened to, lives on from client to client."""
    room, call = await talking(office)
    user = await head(office)
    leg = await listening(office, user, call)
    office.pbx.client_hangs_up(call)
    await until_nobody_listens(office)
    assert ("hangup", leg) in office.pbx.orders
    assert all(row.ended_at is not None for row in await log(office))
    assert room.desk.session_up


async def test_a_listener_whose_end_has_no_answer_is_kept_until_the_pbx_tells(office: Office) -> None:
    _, call = await talking(office)
    user = await head(office)
    leg = await listening(office, user, call)
    office.pbx.failure = OrderUnknown("no answer")
    with pytest.raises(DeskRefused, match="order_unknown"):
        await office.desks.listeners.leave(user)
    (row,) = await log(office)
    assert row.ended_at is None and office.desks.listeners.ears[user.id].leg == leg
    office.pbx.report(LegEnded(leg=leg, at=office.pbx.clock, cause=16))
    await until_nobody_listens(office)
    (row,) = await log(office)
    assert row.ended_at is not None


async def test_nobody_listens_without_a_phone_or_a_conversation(office: Office) -> None:
    room, call = await talking(office)
    user = await head(office, endpoint="")
    with pytest.raises(DeskRefused, match="listener_no_phone"):
        await office.desks.listeners.listen(user, call, Listening.LISTEN)
    with pytest.raises(DeskRefused, match="listener_no_phone"):
        await office.desks.listeners.take_over(user, call)
    with pytest.raises(DeskRefused, match="call_over"):
        await office.desks.listeners.listen(user, "another", Listening.LISTEN)
    await office.press(room, office.desks.control.hangup)
    await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    with pytest.raises(DeskRefused, match="call_over"):
        await office.desks.listeners.listen(user, call, Listening.LISTEN)
    assert await log(office) == []


async def test_an_order_that_is_refused_leaves_no_open_row(office: Office) -> None:
    _, call = await talking(office)
    user = await head(office)
    office.pbx.failure = PbxRefused("no")
    with pytest.raises(DeskRefused, match="pbx_refused"):
        await office.desks.listeners.listen(user, call, Listening.LISTEN)
    (row,) = await log(office)
    assert row.ended_at is not None and not office.desks.listeners.ears


async def test_a_mode_is_changed_only_at_a_phone_that_was_picked_up(office: Office) -> None:
    _, call = await talking(office)
    user = await head(office)
    await office.desks.listeners.listen(user, call, Listening.LISTEN)
    with pytest.raises(DeskRefused, match="listening_rings"):
        await office.desks.listeners.listen(user, call, Listening.BARGE)


async def test_a_mode_whose_answer_is_lost_is_asked_for_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can tell whether the supervisor is heard: the log tells the mode asked for, and it is made so."""
    monkeypatch.setattr("dialer.desk.listening.RETRY_S", 0.01)
    _, call = await talking(office)
    user = await head(office)
    leg = await listening(office, user, call)

    def said() -> int:
        return office.pbx.orders.count(("barge", leg))

    office.pbx.failure = OrderUnknown("no answer")
    with pytest.raises(DeskRefused, match="order_unknown"):
        await office.desks.listeners.listen(user, call, Listening.BARGE)
    assert office.desks.listeners.ears[user.id].mode is Listening.BARGE
    assert [(row.mode, row.ended_at is None) for row in await log(office)] == [
        ("listen", False),
        ("barge", True),
    ]
    await until(office, lambda: said() >= 2)
    office.pbx.failure = None
    unanswered = said()
    await until(office, lambda: said() > unanswered)
    office.desks.listeners.changed()
    await office.desks.listeners.leave(user)
    assert said() == unanswered + 1, "answered, and asked for no more"


async def test_who_listens_takes_over_with_the_phone_at_hand(office: Office) -> None:
    room, call = await talking(office)
    user = await head(office)
    leg = await listening(office, user, call)
    await office.desks.listeners.take_over(user, call)
    view = await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    assert call_of(view).state == "transferred"
    assert office.pbx.orders[-1] == ("bridge", call) and not office.desks.listeners.ears
    assert [row.mode for row in await log(office)] == ["listen", "take_over"]
    office.pbx.phone_lost(leg, client=call)
    await gone(office, call)


async def test_a_take_over_rings_the_supervisor_while_the_talk_goes_on(office: Office) -> None:
    room, call = await talking(office)
    user = await head(office)
    await office.desks.listeners.take_over(user, call)
    view = office.desks.rooms.view(room)
    assert third_of(view).goal == "take_over" and not call_of(view).held
    assert call_of(view).controls.transfer == "taken_over" and call_of(view).controls.back == "taken_over"
    assert ("hold", call) not in office.pbx.orders
    third = room.desk.work.third if room.desk.work is not None else None
    assert third is not None
    office.pbx.third_answers(third.leg)
    await office.settled(room, lambda v: v.state is DeskState.WRAPUP)


async def test_a_supervisor_who_does_not_pick_up_changes_nothing(office: Office) -> None:
    room, call = await talking(office)
    await office.desks.listeners.take_over(await head(office), call)
    third = room.desk.work.third if room.desk.work is not None else None
    assert third is not None
    office.pbx.third_refuses(third.leg, 19)
    view = await office.settled(room, lambda v: call_of(v).third is None)
    assert view.state is DeskState.TALKING and view.refusal is None
    assert ("bridge", call) not in office.pbx.orders, "they never parted"


async def test_another_daemon_knows_who_listens(office: Office) -> None:
    room, call = await talking(office)
    user = await head(office)
    leg = await listening(office, user, call)
    legs = [live(office, one, up=True, bridge="b") for one in (call, room.desk.session_leg)]
    await another_life(office, *legs, live(office, leg, up=True))
    assert office.desks.listeners.ears[user.id].leg == leg
    await office.desks.listeners.leave(user)
    (row,) = await log(office)
    assert row.ended_at is not None and ("hangup", leg) in office.pbx.orders


async def test_a_listener_who_left_while_nobody_was_there(office: Office) -> None:
    room, call = await talking(office)
    await listening(office, await head(office), call)
    legs = [live(office, one, up=True, bridge="b") for one in (call, room.desk.session_leg)]
    await another_life(office, *legs)
    await until_nobody_listens(office)
    (row,) = await log(office)
    assert row.ended_at is not None
