"""Who calls: known, unknown, without a number, with something that is none."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.clients.tables import clients, phones
from dialer.desk.view import DeskState
from dialer.inbound.work import caller_of
from dialer.telephony.tables import calls
from tests.desk.conftest import LINE
from tests.inbound.conftest import DEADLINE_S, STRANGER, House


@given(st.text(max_size=80))
def test_any_text_of_the_network_can_be_shown(text: str) -> None:
    caller = caller_of("c", leg="1", pbx="", line=LINE, number=text)
    assert len(caller.number) <= 40 and caller.number.isprintable()
    again = caller_of("c", leg="1", pbx="", line=LINE, number=caller.number)
    assert again.number == caller.number and again.e164 == caller.e164, "passed on as it came"


@pytest.mark.parametrize("number", ["", "anonymous", "12", "Боб\x00 \u202eдома"])
async def test_a_caller_without_a_number_is_one_client_at_all_desks(house: House, number: str) -> None:
    office = house.office
    maria, anna = await office.seated("maria"), await office.seated("anna")
    leg = await house.rings_at(maria, number)
    await house.later(21)
    view = office.desks.rooms.view(anna)
    assert view.state is DeskState.OFFERED and view.work is not None and view.work.call is not None
    shown = {"": "", "12": "12", "anonymous": "anonymous"}.get(number, "Боб дома")
    assert view.work.call.number == shown
    await office.press(anna, office.desks.verbs.answer)
    await house.wraps_up(anna, leg)
    assert len(await house.rows(clients)) == 1 and await house.rows(phones) == []
    (call,) = await house.rows(calls)
    assert call.number == shown and call.client_id == view.work.card.client_id


async def test_an_unknown_caller_becomes_one_client_with_the_number(house: House) -> None:
    maria, anna = await house.office.seated("maria"), await house.office.seated("anna")
    await house.rings_at(maria, STRANGER)
    await house.later(21)
    assert anna.desk.work is not None
    assert [row.e164 for row in await house.rows(phones)] == [STRANGER]


async def test_a_call_that_nobody_can_take_keeps_what_the_network_said(house: House) -> None:
    house.calls("anonymous")
    await house.quiet()
    (call,) = await house.rows(calls)
    assert (call.number, call.end_reason) == ("anonymous", "fell_back")


async def test_an_operator_without_a_page_is_not_asked(house: House) -> None:
    """Nor one whose page goes while the call waits for the desk."""
    office = house.office
    maria = await office.seated("maria")
    async with asyncio.timeout(DEADLINE_S), maria.lock:
        leg = house.calls(STRANGER)
        while not maria.lock._waiters:
            await asyncio.sleep(0)
        watchers = set(maria.watchers)
        maria.watchers.clear()
    await house.quiet()
    assert office.desks.rooms.view(maria).state is DeskState.READY
    assert ("ring", leg) not in office.pbx.orders
    maria.watchers |= watchers
    assert [row.end_reason for row in await house.rows(calls)] == ["fell_back"]
    assert await house.rows(clients) == []
