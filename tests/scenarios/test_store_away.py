"""A store that takes nothing for a while: nobody new is called, and whoever talks talks on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select

from dialer.desk import following
from dialer.desk.room import Room
from dialer.desk.view import DeskState
from dialer.store.errors import StoreError, StoreUnavailable
from dialer.telephony.tables import calls
from tests.desk.conftest import Office, office

__all__ = ["office"]

T = TypeVar("T")


class FullDisk:
    """The store itself, which can be read and, for a while, not written."""

    def __init__(self, office: Office) -> None:
        self._store = office.store
        self.full = False

    async def write(self, unit: Callable[[Connection], T], **more: float) -> T:
        if self.full:
            raise StoreUnavailable("the disk is full", "make room")
        return await self._store.write(unit, **more)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


@pytest.fixture
def disk(office: Office, monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    monkeypatch.setattr(following, "RETRY_S", 0.02)
    disk = FullDisk(office)
    office.wrap_store(disk)
    return disk


async def dials(office: Office, login: str) -> tuple[Room, str]:
    room = await office.seated(login)
    await office.press(room, office.desks.verbs.next)
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    return room, office.pbx.dialled[-1].call


async def test_scenario_33_live_calls_go_on_while_nothing_can_be_written(
    office: Office, disk: FullDisk
) -> None:
    await office.add_clients(4)
    talking, first = await dials(office, "maria")
    office.pbx.client_waits(first)
    await office.settled(talking, lambda view: view.state is DeskState.TALKING)
    ringing, second = await dials(office, "anna")
    idle = await office.seated("vera")
    previewing = await office.seated("olga")
    await office.press(previewing, office.desks.verbs.next)

    disk.full = True
    ordered = len(office.pbx.dialled)
    with pytest.raises(StoreError):
        await office.press(previewing, lambda r: office.desks.verbs.dial(r, None))
    with pytest.raises(StoreError):
        await office.press(idle, office.desks.verbs.next)
    assert len(office.pbx.dialled) == ordered, "nobody new is called"
    assert office.desks.rooms.view(talking).state is DeskState.TALKING
    with pytest.raises(StoreError):
        await office.press(ringing, lambda r: office.desks.verbs.draft(r, {"comment": "typed"}, None))
    assert ringing.in_doubt
    office.pbx.client_waits(second)
    office.pass_time(seconds=5)
    await bridged(office, second)
    office.pass_time(seconds=5)
    ended_at = office.now
    office.pbx.client_hangs_up(first)
    office.pass_time(seconds=25)

    disk.full = False
    await office.settled(talking, lambda view: view.state is DeskState.WRAPUP)
    await office.settled(ringing, lambda view: view.state is DeskState.TALKING)
    rows = {row.id: row for row in await office.store.read(lambda conn: list(conn.execute(select(calls))))}
    assert (rows[first].ended_at, rows[first].outcome) == (ended_at, "answered")
    assert rows[second].answered_at is not None and rows[second].ended_at is None
    assert office.pbx.orders.count(("bridge", second)) == 1
    await office.press(idle, office.desks.verbs.next)
    assert office.desks.rooms.view(idle).state is DeskState.PREVIEW


async def bridged(office: Office, call: str) -> None:
    """Voice comes before what is written."""
    async with asyncio.timeout(5):
        while ("bridge", call) not in office.pbx.orders:
            await asyncio.sleep(0)
