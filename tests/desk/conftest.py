"""A store with a campaign and clients, desks over a PBX in memory, and a clock that the test moves."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Connection

from dialer.auth.model import Role, User
from dialer.auth.service import Auth
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.clients import service as clients
from dialer.desk.room import Room
from dialer.desk.service import Desks, World
from dialer.desk.view import DeskView
from dialer.scripts import service as scripts
from dialer.scripts.command import read_script
from dialer.scripts.model import Script
from dialer.store.engine import Store
from dialer.telephony.identity import ulid
from dialer.telephony.lines import Line
from dialer.telephony.model import Call, InboundOffered
from dialer.telephony.switchboards import Switchboards
from tests.desk.fake_pbx import FakePbx
from tests.fresh_store import fresh_store

SCRIPT = Path("dialer/simulation/scripts/water_reorder_ru.yaml")
INBOUND_SCRIPT = Path("dialer/simulation/scripts/water_inbound_ru.yaml")
LINE = Line(name="main", dial="PJSIP/{number}@trunk", caller_id="", region="RU", capacity=300, called=())


@dataclass
class Office:
    """Everything that a desk test needs."""

    store: Store
    auth: Auth
    pbx: FakePbx
    switchboard: Switchboards
    folder: Path
    further: list[FakePbx] = field(default_factory=list)  # PBXs beside the first one
    lines: dict[str, Line] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    desks: Desks = field(init=False)
    campaign_id: int = 0
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def clock(self) -> datetime:
        return self.now

    def new_id(self) -> str:
        return ulid(int(self.now.timestamp() * 1000), next(self._serial))

    def pass_time(self, **parts: float) -> None:
        self.now += timedelta(**parts)
        self.pbx.clock = self.now.timestamp()

    async def operator(self, login: str, pbx: str = "", *, endpoint: str = "op101") -> User:
        made = await self.auth.create_user(
            login=login,
            name=login.title(),
            password="long enough for tests",
            role=Role.OPERATOR,
            endpoint=endpoint,
            pbx=pbx,
        )
        assert isinstance(made, User)
        return made

    async def add_clients(self, count: int, start: int = 0) -> None:
        def add(conn: Connection) -> None:
            for number in range(start, start + count):
                client = clients.create(
                    conn,
                    name=f"Клиент Номер {number}",
                    numbers=[(f"+7900{number:07d}", "")],
                    now=self.now,
                    city="Тверь",
                    timezone="Europe/Moscow",
                )
                campaigns.add_entry(conn, campaign_id=self.campaign_id, client_id=client, now=self.now)

        await self.store.write(add)

    async def set_campaign(self, **values: object) -> None:
        await self.store.write(lambda conn: campaigns.change(conn, self.campaign_id, **values))

    async def seated(self, login: str, *, in_session: bool = True, pbx: str = "") -> Room:
        """An operator in session, in the campaign, with a page open."""
        user = await self.operator(login, pbx)
        room = await self.desks.rooms.of(user)
        await self.desks.rooms.watch(user)
        await self.press(room, lambda r: self.desks.verbs.choose_campaign(r, self.campaign_id))
        if in_session:
            await self.press(room, self.desks.verbs.start_session)
            await self.settled(room, lambda view: view.session_up)
        return room

    async def press(self, room: Room, verb: Callable[[Room], object], key: str = "") -> DeskView:
        await self.desks.press(room.user, key, verb)  # type: ignore[arg-type]
        return self.desks.rooms.view(room)

    async def settled(
        self, room: Room, wanted: Callable[[DeskView], bool], deadline_s: float = 5
    ) -> DeskView:
        """Wait until the desk looks as wanted; each change of a desk wakes a watcher."""
        watcher = await self.desks.rooms.watch(room.user)
        try:
            async with asyncio.timeout(deadline_s):
                while not wanted(self.desks.rooms.view(room)):
                    await watcher.next()
        finally:
            await self.desks.rooms.unwatch(room.user, watcher)
        return self.desks.rooms.view(room)

    def wrap_store(self, store: object) -> None:
        """Give the desks another store than the office's own."""
        self._replace_world(replace(self.desks.world, store=store))  # type: ignore[arg-type]

    def set_line(self, line: Line) -> None:
        self._replace_world(replace(self.desks.world, lines={**self.desks.world.lines, line.name: line}))

    def _replace_world(self, world: World) -> None:
        desks = self.desks
        further = (desks.handed, desks.parties, desks.control, desks.listeners, desks.scripts, desks.bounds)
        for part in (desks, desks.rooms, desks.verbs, desks.verbs._orders, desks.following, desks.sweep):
            part.world = world
        for part in further:
            part.world = world  # type: ignore[attr-defined]

    def listen(self, ears: object) -> None:
        self.switchboard.listen(ears)  # type: ignore[arg-type]


class DeskEars:
    """Listens for the desks alone."""

    def __init__(self, desks: Desks) -> None:
        self.desks = desks
        self.offered: list[InboundOffered] = []
        self.fell_back: list[str] = []

    def call_changed(self, call: Call) -> None:
        self.desks.call_changed(call)

    def client_ready(self, call_id: str) -> None:
        self.desks.client_ready(call_id)

    def session_changed(self, leg: str) -> None:
        self.desks.session_changed(leg)

    def inbound_offered(self, pbx: str, event: InboundOffered) -> None:
        self.offered.append(event)

    def inbound_fell_back(self, call_id: str) -> None:
        self.fell_back.append(call_id)

    def inbound_still_rings(self, call_id: str) -> None:
        pass

    def pbx_changed(self, pbx: str, up: bool, reason: str) -> None:
        self.desks.pbx_changed(pbx)


def make_desks(office: Office) -> Desks:
    """New desks over the same store: another life of the daemon."""

    async def find_user(user_id: int) -> User | None:
        return next((user for user in await office.auth.all_users() if user.id == user_id), None)

    pbxs = {pbx.name: pbx for pbx in (office.pbx, *office.further)}
    office.switchboard = Switchboards(pbxs)
    for name, pbx in pbxs.items():
        pbx.sink = office.switchboard.at(name).report
    desks = Desks(
        World(
            store=office.store,
            pbxs=pbxs,
            switchboard=office.switchboard,
            lines={"main": LINE, **office.lines},
            now=office.clock,
            new_id=office.new_id,
            find_user=find_user,
        )
    )
    office.desks = desks
    office.listen(DeskEars(desks))
    return desks


@cache
def water_script() -> Script:
    """Read once a process: reading takes longer than most tests of a desk."""
    script, findings = read_script(SCRIPT)
    assert script is not None, findings
    return script


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    store = await fresh_store(tmp_path / "store.db")
    pbx, switchboard = FakePbx(), Switchboards([FakePbx.name])
    box: list[Office] = []
    auth = Auth(store, lambda: box[0].now)
    office = Office(store=store, auth=auth, pbx=pbx, switchboard=switchboard, folder=tmp_path)
    box.append(office)
    pbx.clock = office.now.timestamp()
    desks = make_desks(office)

    def make_campaign(conn: Connection) -> int:
        script_id = scripts.publish(conn, water_script(), office.now)
        water = Campaign(name="Вода", language="ru", line="main", script_id=script_id, dispositions=OUTBOUND)
        return campaigns.create(conn, water, office.now)

    office.campaign_id = await store.write(make_campaign)
    await desks.start()
    pbx.connect()
    yield office
    await office.desks.stop()
    await store.close()
