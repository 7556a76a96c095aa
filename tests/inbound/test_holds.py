"""A client who called in is out with the operator who has the call, like any client who is out."""

from __future__ import annotations

from datetime import timedelta

from dialer.campaigns.tables import holds
from dialer.clients.tables import clients
from dialer.desk.view import DeskState
from tests.inbound.conftest import STRANGER, House

KNOWN = "+79000000000"  # the number of the office's first client


async def test_a_client_on_the_line_is_not_handed_out(house: House) -> None:
    office = house.office
    await office.add_clients(1)
    maria = await office.seated("maria")
    leg = await house.talks(maria, KNOWN)
    anna = await office.seated("anna")
    view = await office.press(anna, office.desks.verbs.next)
    assert anna.desk.work is None and view.refusal is not None and view.refusal.code == "pool_empty"
    await house.wraps_up(maria, leg)
    view = await office.press(anna, office.desks.verbs.next)
    assert anna.desk.work is None, "still with Maria until she saves"
    await office.press(maria, lambda r: office.desks.verbs.draft(r, {"disposition": "inbound_done"}, None))
    await office.press(maria, lambda r: office.desks.verbs.save(r, False))
    assert await house.rows(holds) == []
    view = await office.press(anna, office.desks.verbs.next)
    assert view.state is DeskState.PREVIEW


async def test_a_shared_number_is_held_too(house: House) -> None:
    """Husband and wife are two clients with one telephone: while it is in use, neither is handed out."""
    office = house.office
    await office.add_clients(1)
    await office.add_clients(1)  # another client, of the same number
    maria = await office.seated("maria")
    await house.talks(maria, KNOWN)
    anna = await office.seated("anna")
    await office.press(anna, office.desks.verbs.next)
    assert anna.desk.work is None


async def test_the_hold_goes_where_the_call_goes(house: House) -> None:
    office = house.office
    maria, anna = await office.seated("maria"), await office.seated("anna")
    await house.rings_at(maria, STRANGER)
    assert {row.operator_id for row in await house.rows(holds)} == {maria.user.id}
    await house.later(21)
    assert office.desks.rooms.view(anna).state is DeskState.OFFERED
    assert {row.operator_id for row in await house.rows(holds)} == {anna.user.id}
    await house.later(21)
    assert await house.rows(holds) == [], "nobody took it"


async def test_a_caller_who_gives_up_is_held_no_more(house: House) -> None:
    office = house.office
    maria = await office.seated("maria")
    leg = await house.rings_at(maria, STRANGER)
    office.pbx.client_hangs_up(leg)
    await office.settled(maria, lambda view: view.state is DeskState.READY)
    assert await house.rows(holds) == []


async def test_a_caller_in_somebodys_preview_is_served_without_a_second_hold(house: House) -> None:
    office = house.office
    await office.add_clients(1)
    maria, anna = await office.seated("maria"), await office.seated("anna")
    await office.press(maria, office.desks.verbs.next)
    before = await house.rows(holds)
    leg = await house.talks(anna, KNOWN)
    assert anna.desk.work is not None and maria.desk.work is not None
    assert anna.desk.work.client_id == maria.desk.work.client_id
    assert await house.rows(holds) == before
    await house.wraps_up(anna, leg)
    await office.press(anna, lambda r: office.desks.verbs.draft(r, {"disposition": "inbound_done"}, None))
    await office.press(anna, lambda r: office.desks.verbs.save(r, False))
    assert await house.rows(holds) == before, "what Maria holds is not Anna's to give back"
    office.pass_time(seconds=121)
    await office.desks.sweep.run()
    assert await house.rows(holds) == []


async def test_a_preview_that_ends_leaves_the_client_to_who_talks_with_them(house: House) -> None:
    office = house.office
    await office.add_clients(1)
    maria, anna = await office.seated("maria"), await office.seated("anna")
    await office.press(maria, office.desks.verbs.next)
    await house.talks(anna, KNOWN)
    office.pass_time(seconds=121)
    await office.desks.sweep.run()
    await house.later(1)
    view = await office.press(maria, office.desks.verbs.next)
    assert view.refusal is not None and view.refusal.code == "pool_empty"


async def test_saving_with_next_does_not_give_back_the_next_ones_hold(house: House) -> None:
    office = house.office
    await office.add_clients(1)
    maria = await office.seated("maria")
    leg = await house.talks(maria, STRANGER)
    await house.wraps_up(maria, leg)
    await office.press(maria, lambda r: office.desks.verbs.draft(r, {"disposition": "inbound_done"}, None))
    view = await office.press(maria, lambda r: office.desks.verbs.save(r, True))
    assert view.state is DeskState.PREVIEW
    assert {row.key for row in await house.rows(holds)} == {"1", KNOWN}


async def test_the_hold_outlives_the_daemon(house: House) -> None:
    office = house.office
    await office.add_clients(1)
    maria = await office.seated("maria")
    await house.talks(maria, KNOWN)
    await house.restart()
    anna = await office.seated("anna", in_session=False)
    view = await office.press(anna, office.desks.verbs.next)
    assert view.refusal is not None and view.refusal.code == "pool_empty"
    assert len(await house.rows(clients)) == 1
    assert office.now - maria.desk.since < timedelta(minutes=1)
