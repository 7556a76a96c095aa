"""A callback promised to a client who called in is a call that will be made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from dialer.campaigns import service as campaigns
from dialer.campaigns.model import Rules
from dialer.campaigns.tables import entries, results
from dialer.clients import service as clients
from dialer.desk.room import Room
from dialer.desk.service import DeskRefused
from dialer.desk.view import DeskState, DeskView
from tests.inbound.conftest import STRANGER, House

KNOWN = "+79000000000"


async def promised(house: House, room: Room, number: str, *, minutes: int = 15) -> DeskView:
    """The caller is talked with, and the operator promises to call back."""
    leg = await house.talks(room, number)
    await house.wraps_up(room, leg)
    return await promise(house, room, minutes=minutes)


async def promise(house: House, room: Room, *, minutes: int = 15) -> DeskView:
    office = house.office
    when = office.now + timedelta(minutes=minutes)
    draft = {"disposition": "call_back", "callback_at": when}
    await office.press(room, lambda r: office.desks.verbs.draft(r, draft, None))
    return await office.press(room, lambda r: office.desks.verbs.save(r, False))


async def test_a_stranger_is_called_back_by_who_promised_it(house: House) -> None:
    office = house.office
    maria, anna = await office.seated("maria"), await office.seated("anna")
    assert (await promised(house, maria, STRANGER)).state is DeskState.READY
    (entry,) = await house.rows(entries)
    assert (entry.state, entry.owner_id) == ("postponed", maria.user.id)
    assert (entry.campaign_id, entry.due_at) == (office.campaign_id, office.now + timedelta(minutes=15))
    office.pass_time(minutes=16)
    view = await office.press(anna, office.desks.verbs.next)
    assert view.work is None, "it is Maria's"
    view = await office.press(maria, office.desks.verbs.next)
    assert view.work is not None and view.work.card.phones[0].e164 == STRANGER


@pytest.mark.parametrize("state", ["waiting", "postponed", "done"])
async def test_a_client_of_the_campaign_is_put_off(house: House, state: str) -> None:
    office = house.office
    await office.add_clients(1)
    await office.store.write(lambda conn: conn.execute(update(entries).values(state=state)) and None)
    maria = await office.seated("maria")
    await promised(house, maria, KNOWN)
    (entry,) = await house.rows(entries)
    assert (entry.state, entry.owner_id) == ("postponed", maria.user.id)
    assert entry.due_at == office.now + timedelta(minutes=15)


async def test_what_another_operator_holds_is_left_alone(house: House) -> None:
    office = house.office
    await office.add_clients(1)
    maria, anna = await office.seated("maria"), await office.seated("anna")
    await office.press(maria, office.desks.verbs.next)
    (before,) = await house.rows(entries)
    assert await refused(house, anna, KNOWN) == "callback_held"
    assert await house.rows(entries) == [before]


async def refused(house: House, room: Room, number: str) -> str:
    with pytest.raises(DeskRefused) as no:
        await promised(house, room, number)
    assert room.desk.work is not None, "the result is still asked for"
    assert await house.rows(results) == []
    return no.value.code


@pytest.mark.parametrize("change", [{"status": "paused"}, {"kind": "inbound", "line": "other"}])
async def test_without_a_campaign_that_calls_nothing_is_promised(
    house: House, change: dict[str, Any]
) -> None:
    maria = await house.office.seated("maria")
    await house.office.set_campaign(**change)
    assert await refused(house, maria, STRANGER) == "callback_no_campaign"
    await house.office.set_campaign(status="running", kind="outbound")
    assert (await promise(house, maria)).state is DeskState.READY


async def test_who_withholds_the_number_cannot_be_called_back(house: House) -> None:
    assert await refused(house, await house.office.seated("maria"), "") == "callback_no_number"


async def test_who_asked_not_to_be_called_is_not(house: House) -> None:
    office = house.office

    def block(conn: Connection) -> None:
        clients.block_number(conn, STRANGER, reason="asked", now=office.now)

    await office.store.write(block)
    assert await refused(house, await office.seated("maria"), STRANGER) == "callback_no_number"


async def test_who_is_excluded_stays_so(house: House) -> None:
    office = house.office
    await office.add_clients(1)
    await office.store.write(lambda conn: conn.execute(update(entries).values(state="excluded")) and None)
    assert await refused(house, await office.seated("maria"), KNOWN) == "callback_excluded"


async def test_the_rule_of_the_campaign_counts_these_too(house: House) -> None:
    office = house.office
    await office.store.write(
        lambda conn: campaigns.change(conn, office.campaign_id, rules=Rules(max_postponed=0))
    )
    assert await refused(house, await office.seated("maria"), STRANGER) == "too_many_postponed"
