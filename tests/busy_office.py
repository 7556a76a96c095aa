"""An office at full speed: a whole daemon here, the virtual PBX behind it, and operators who never rest."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.office import NUMBER, add_campaign, add_clients, add_operators
from bench.process import configured
from dialer.app import App, running
from dialer.auth.model import User
from dialer.config import load
from dialer.desk.model import state_of
from dialer.desk.room import Room, Watcher
from dialer.desk.view import DeskState
from dialer.simulation.far_end import FarEnd, Way
from dialer.simulation.manager import Account
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.store.engine import Store
from dialer.telephony import policies
from dialer.telephony.policy import SERVICE

STEP_S = 20.0  # the longest that anything may take
REFUSING = (Way.BUSY, Way.WRONG_NUMBER, Way.CONGESTION, Way.REJECTS)


class Ends:
    """Six of ten clients answer and talk for a moment; the others refuse, each in its way."""

    def number(self, number: str, trunk: str) -> FarEnd:
        kind = int(number[-1])
        if kind < len(REFUSING):
            return FarEnd(way=REFUSING[kind], ring_s=0.001)
        return FarEnd(ring_s=0.001, talk_s=0.01 if kind % 2 else None)

    def phone(self, endpoint: str) -> FarEnd:
        return FarEnd(ring_s=0.001)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the process holds at a moment."""

    calls: int
    rss_mb: float
    blocks: int  # of memory that Python has given out
    files: int
    tasks: int
    remembered: int  # calls and legs that the switchboards know, and all that waits somewhere


@dataclass
class Office:
    app: App
    pbx: VirtualPbx
    users: list[User]
    inbound: list[User]  # who only answers
    campaign: int
    calls: int = 0  # carried out
    looks: list[Look] = field(default_factory=list)

    async def work(self, calls: int, look_every: int) -> None:
        """Until so many calls were carried out."""
        self._left = itertools.count(calls - 1, -1)
        self._look_every = look_every
        answering = [asyncio.create_task(self._answer(user)) for user in self.inbound]
        try:
            async with asyncio.TaskGroup() as group:
                for user in self.users:
                    group.create_task(self._call(user))
        finally:
            for task in answering:
                task.cancel()
            await asyncio.gather(*answering, return_exceptions=True)
        self._look()

    async def _seat(self, user: User) -> tuple[Room, Watcher]:
        desks = self.app.desks
        watcher = await desks.rooms.watch(user)
        room = await desks.rooms.of(user)
        await desks.press(user, "", lambda r: desks.verbs.choose_campaign(r, self.campaign))
        await desks.press(user, "", desks.verbs.start_session)
        await until(room, watcher, DeskState.READY)
        return room, watcher

    async def _call(self, user: User) -> None:
        desks, verbs = self.app.desks, self.app.desks.verbs
        room, watcher = await self._seat(user)
        while next(self._left) >= 0:
            if room.desk.work is None:
                await desks.press(user, "", verbs.next)
            await desks.press(user, "", lambda r: verbs.dial(r, None))
            state = await until(room, watcher, DeskState.TALKING, DeskState.WRAPUP)
            number = room.desk.work.call.number if room.desk.work and room.desk.work.call else ""
            if state is DeskState.TALKING and not int(number[-1]) % 2:
                await desks.press(user, "", verbs.hangup)
            await until(room, watcher, DeskState.WRAPUP)
            await self._save(room, "wrong_number", then_next=True)

    async def _answer(self, user: User) -> None:
        room, watcher = await self._seat(user)
        while True:
            state = await until(room, watcher, DeskState.OFFERED, DeskState.WRAPUP, deadline_s=3600)
            if state is DeskState.OFFERED:
                await self.app.desks.press(user, "", self.app.desks.verbs.answer)
                state = await until(room, watcher, DeskState.WRAPUP, DeskState.READY)
            if state is DeskState.WRAPUP:
                await self._save(room, "inbound_done", then_next=False)

    async def _save(self, room: Room, disposition: str, *, then_next: bool) -> None:
        verbs = self.app.desks.verbs

        async def both(r: Room) -> None:
            await verbs.draft(r, {"disposition": disposition}, None)
            await verbs.save(r, then_next)

        await self.app.desks.press(room.user, "", both)
        self.calls += 1
        if self.calls % 10 == 0:
            self._call_in()
        if self.calls % self._look_every == 0:
            self._look()

    def _call_in(self) -> None:
        """A call from outside; every third caller gives up at once."""
        patience = 0.003 if self.calls % 30 == 0 else 2.0
        number = f"+7911{self.calls % 10_000_000:07d}"
        self.pbx.exchange.call_in(number=number, name="", dialled=NUMBER, patience_s=patience, talk_s=0.01)

    def _look(self) -> None:
        gc.collect()
        boards = [self.app.switchboard.at(name) for name in self.app.pbxs]
        remembered = sum(
            len(board.calls) + len(board.waiting_clients) + len(board._by_leg) + len(board.sessions)
            for board in boards
        )
        self.looks.append(
            Look(
                calls=self.calls,
                rss_mb=resident_mb(),
                blocks=sys.getallocatedblocks(),
                files=len(os.listdir("/proc/self/fd")),
                tasks=len(asyncio.all_tasks()),
                remembered=remembered,
            )
        )


async def until(room: Room, watcher: Watcher, *wanted: DeskState, deadline_s: float = STEP_S) -> DeskState:
    """Follow the desk's frames until it is in one of these states."""
    try:
        async with asyncio.timeout(deadline_s):
            while (state := state_of(room.desk)) not in wanted:
                await watcher.next()
    except TimeoutError as late:
        call = room.desk.work.call if room.desk.work is not None else None
        raise AssertionError(f"{wanted} not reached: {state_of(room.desk)}, {room.refusal}, {call}") from late
    return state


def resident_mb() -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@asynccontextmanager
async def office(folder: Path, *, operators: int, inbound: int, clients: int) -> AsyncIterator[Office]:
    """Everything up: a store of clients, the PBX, the daemon; nobody is in session yet."""
    store = await Store.open(f"sqlite:///{folder}/store.db")
    try:
        await store.migrate()
        now = datetime.now(UTC)
        campaign = await add_campaign(store, now)
        await add_clients(store, clients, campaign, now)
        await add_campaign(store, now, inbound=True)
        users = await add_operators(store, operators + inbound, now)
        # Nobody dials as fast as these: the caps against theft would stop them.
        nobody = policies.Person(id=users[0].id, name="test")
        await store.write(lambda conn: policies.change(conn, SERVICE, {"caps": ()}, nobody, now))
    finally:
        await store.close()
    pbx = VirtualPbx(ends=Ends(), account=Account(secret="secret"))
    await pbx.start()
    try:
        async with running(load(configured(folder, pbx.port), {})) as app:
            async with asyncio.timeout(STEP_S):
                while not all(each.up for each in app.pbxs.values()):
                    await asyncio.sleep(0.01)
            yield Office(app, pbx, users[:operators], users[operators:], campaign)
    finally:
        await pbx.stop()
