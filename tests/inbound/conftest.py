"""An office with an inbound line: desks, the inbound path over them, and callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from dialer.app import Ears
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import INBOUND
from dialer.campaigns.model import Campaign
from dialer.desk.board import Board
from dialer.desk.room import Room
from dialer.desk.view import DeskState
from dialer.inbound.service import Inbound
from dialer.telephony.model import InboundOffered, LiveLeg, Snapshot
from tests.desk.conftest import Office, make_desks, office

__all__ = ["office"]

DEADLINE_S = 5.0
STRANGER = "+79990000001"


@dataclass
class House:
    """The office, and its door."""

    office: Office
    inbound: Inbound
    callers: int = 0

    def calls(self, number: str) -> str:
        """Somebody calls; gives the leg."""
        self.callers += 1
        leg = f"1.{self.callers}"
        at = self.office.pbx.clock
        self.office.pbx.report(InboundOffered(leg=leg, at=at, number=number, name="", dialled="x"))
        return leg

    async def quiet(self) -> None:
        """Wait until every caller who came so far was dealt with."""
        async with asyncio.timeout(DEADLINE_S):
            while self.inbound.tasks:
                await asyncio.wait(self.inbound.tasks)

    async def rings_at(self, room: Room, number: str) -> str:
        """Somebody calls, and it rings at this operator's desk; gives the leg."""
        leg = self.calls(number)
        await self.office.settled(room, lambda view: view.state is DeskState.OFFERED)
        await self.quiet()
        return leg

    async def talks(self, room: Room, number: str) -> str:
        leg = await self.rings_at(room, number)
        await self.office.press(room, self.office.desks.verbs.answer)
        await self.office.settled(room, lambda view: view.work is not None and _state(view) == "bridged")
        return leg

    async def wraps_up(self, room: Room, leg: str) -> None:
        self.office.pbx.client_hangs_up(leg)
        await self.office.settled(room, lambda view: view.state is DeskState.WRAPUP)

    async def later(self, seconds: float) -> None:
        """Time passes, and what is due by it is done."""
        self.office.pass_time(seconds=seconds)
        await self.inbound.sweep()

    async def restart(self) -> None:
        """The daemon is killed, and another one starts over the same store; the PBX is not at hand yet."""
        await self.inbound.stop()
        await self.office.desks.stop()
        make_desks(self.office)
        self.inbound = _move_in(self.office)
        await self.office.desks.start()

    def connect(self, room: Room, leg: str, context: str) -> None:
        """The PBX is at hand: the operator's session lives, and the caller stands at a place of the dialplan."""
        at = self.office.pbx.clock
        session = _leg(room.desk.session_leg, "callwright-session", at, up=True)
        caller = _leg(leg, context, at, up=False)
        self.office.pbx.connect(Snapshot(at=at, started="1", legs=(session, caller)))

    async def rows(self, table: Table) -> list[Any]:
        return await self.office.store.read(lambda conn: list(conn.execute(select(table)).all()))


def _leg(leg: str, context: str, at: float, *, up: bool) -> LiveLeg:
    return LiveLeg(leg=leg, name="", up=up, bridge="", number="", context=context, since=at - 60)


def _state(view: Any) -> str:
    return view.work.call.state if view.work.call is not None else ""


def _move_in(office: Office) -> Inbound:
    inbound = Inbound(office.desks)
    office.listen(Ears(office.desks, inbound, Board(office.desks, lambda: office.now)))
    return inbound


@pytest.fixture
async def house(office: Office) -> AsyncIterator[House]:
    def open_line(conn: Connection) -> None:
        shop = Campaign(name="In", kind="inbound", language="ru", line="main", dispositions=INBOUND)
        campaigns.create(conn, shop, office.now)

    await office.store.write(open_line)
    house = House(office, _move_in(office))
    yield house
    await house.inbound.stop()
