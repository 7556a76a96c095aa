"""One daemon, two virtual PBXs, both recorded and worked at: one is killed and comes back, and the other works on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from dialer.config import PbxSettings
from dialer.desk.view import DeskState
from dialer.simulation.manager import Account
from dialer.simulation.population import ByDigits
from dialer.simulation.recording import WavTape
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.telephony.tables import calls
from tests.contract.two_pbxs import (
    DEADLINE_S,
    NUMBERS,
    Company,
    Site,
    call_is,
    company_of,
    one_killed_and_the_other_works_on,
)


@dataclass(kw_only=True)
class VirtualSite(Site):
    pbx: VirtualPbx


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with AsyncExitStack() as stack:
        sites = {name: await _site(tmp_path / name, stack) for name in NUMBERS}
        yield await stack.enter_async_context(company_of(sites, tmp_path))


async def _site(recordings_of: Path, stack: AsyncExitStack) -> VirtualSite:
    tape = WavTape(recordings_of)
    stack.callback(tape.close)
    made = VirtualPbx(ends=ByDigits(ring_s=0.05), account=Account(secret="s"), tape=tape)
    await made.start()
    stack.push_async_callback(made.stop)
    settings = PbxSettings(port=made.port, secret="s", recordings=str(recordings_of))
    return VirtualSite(settings=settings, endpoint="op101", kill=made.kill, start=made.start, pbx=made)


def _calls_in(company: Company, number: str) -> None:
    site = company.sites["north"]
    assert isinstance(site, VirtualSite)
    site.pbx.exchange.call_in(
        number=number, name="", dialled=NUMBERS["north"], patience_s=DEADLINE_S, talk_s=None
    )


async def test_two_pbxs_one_killed_and_the_others_calls_sessions_and_desks_go_on(company: Company) -> None:
    await one_killed_and_the_other_works_on(company)


async def test_a_caller_is_offered_to_operators_at_the_pbx_where_they_call(company: Company) -> None:
    south, north = company.rooms["south"], company.rooms["north"]
    _calls_in(company, "+79990000001")
    await company.until(north, lambda view: view.state is DeskState.OFFERED)
    assert company.app.desks.rooms.view(south).state is DeskState.READY
    await company.press(north, company.app.desks.verbs.answer)
    await company.until(north, lambda view: call_is(view, "bridged"))
    _calls_in(company, "+79990000002")
    async with asyncio.timeout(DEADLINE_S):
        while not await _lost(company):
            await asyncio.sleep(0.05)
    assert company.app.desks.rooms.view(south).state is DeskState.READY, "free, and at another PBX"


async def _lost(company: Company) -> bool:
    found = await company.app.store.read(
        lambda conn: list(conn.execute(select(calls.c.pbx).where(calls.c.end_reason == "fell_back")))
    )
    assert all(row.pbx == "north" for row in found)
    return bool(found)
