"""A call whose taking was cut in two: by a kill of the daemon, by an order that was lost."""

from __future__ import annotations

import asyncio

import pytest

from dialer.campaigns.tables import holds
from dialer.desk.room import Room
from dialer.desk.view import DeskState
from dialer.telephony.model import InboundFellBack
from dialer.telephony.tables import calls
from tests.inbound.conftest import STRANGER, House


async def killed_while_answering(house: House, room: Room) -> tuple[Room, str]:
    """The desk was written down as answered, and the daemon was killed before the order went out."""
    office = house.office
    leg = await house.rings_at(room, STRANGER)

    async def killed(*, leg: str, call: str, record: bool) -> None:
        raise asyncio.CancelledError

    take, office.pbx.take_inbound = office.pbx.take_inbound, killed  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await office.press(room, office.desks.verbs.answer)
    office.pbx.take_inbound = take  # type: ignore[method-assign]
    await house.restart()
    room = office.desks.rooms.all[room.user.id]
    await office.desks.rooms.watch(room.user)
    return room, leg


async def test_a_call_that_still_rings_is_offered_again(house: House) -> None:
    office = house.office
    maria, leg = await killed_while_answering(house, await office.seated("maria"))
    house.connect(maria, leg, "callwright-inbound-ring")
    await office.settled(maria, lambda view: view.state is DeskState.OFFERED)
    view = await office.press(maria, office.desks.verbs.answer)
    assert ("take", leg) in office.pbx.orders
    view = await office.settled(maria, lambda view: view.state is DeskState.TALKING)
    assert view.work is not None and view.work.call is not None


async def test_a_call_offered_again_can_be_left_to_the_next(house: House) -> None:
    office = house.office
    maria, leg = await killed_while_answering(house, await office.seated("maria"))
    house.connect(maria, leg, "callwright-inbound-ring")
    await office.settled(maria, lambda view: view.state is DeskState.OFFERED)
    office.pbx.report(InboundFellBack(leg=leg, at=office.pbx.clock))
    await office.settled(maria, lambda view: view.work is None)
    await house.quiet()
    (call,) = await house.rows(calls)
    assert (call.end_reason, call.outcome, call.operator_id) == ("fell_back", "no_answer", None)


async def test_a_call_that_fell_back_meanwhile_is_lost(house: House) -> None:
    office = house.office
    maria, leg = await killed_while_answering(house, await office.seated("maria"))
    house.connect(maria, leg, "callwright-fallback")
    await house.quiet()
    await house.later(3)
    assert office.desks.rooms.view(maria).state is DeskState.READY
    (call,) = await house.rows(calls)
    assert (call.end_reason, call.outcome, call.operator_id) == ("fell_back", "no_answer", None)
    assert await house.rows(holds) == []
    assert office.switchboard.calls == {}


async def test_a_call_whose_taking_was_lost_leaves_the_desk_with_the_fallback(house: House) -> None:
    office = house.office
    maria = await office.seated("maria")
    leg = await house.rings_at(maria, STRANGER)

    async def lost(*, leg: str, call: str, record: bool) -> None:
        """The PBX says yes, and nothing comes of it."""

    office.pbx.take_inbound = lost  # type: ignore[method-assign]
    await office.press(maria, office.desks.verbs.answer)
    office.pbx.report(InboundFellBack(leg=leg, at=office.pbx.clock))
    await house.quiet()
    await house.later(1)
    assert maria.desk.work is not None, "it may come yet"
    await house.later(2)
    assert office.desks.rooms.view(maria).state is DeskState.READY
    assert [row.end_reason for row in await house.rows(calls)] == ["fell_back"]


async def test_a_call_taken_in_the_very_moment_of_the_fallback_stays(house: House) -> None:
    office = house.office
    maria = await office.seated("maria")
    leg = await house.talks(maria, STRANGER)
    office.pbx.report(InboundFellBack(leg=leg, at=office.pbx.clock))
    await house.quiet()
    await house.later(3)
    assert office.desks.rooms.view(maria).state is DeskState.TALKING


async def test_what_is_remembered_lasts_as_long_as_the_call(house: House) -> None:
    office = house.office
    maria = await office.seated("maria")
    leg = await house.talks(maria, STRANGER)
    await house.wraps_up(maria, leg)
    await office.press(maria, lambda r: office.desks.verbs.draft(r, {"disposition": "inbound_done"}, None))
    await office.press(maria, lambda r: office.desks.verbs.save(r, False))
    await house.later(1)
    assert not (house.inbound._tried or house.inbound._doubtful or house.inbound._held)
