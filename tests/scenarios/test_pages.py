"""Pages that die and come back, and two of them at one desk."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from dialer.desk.view import DeskState
from dialer.desk.world import DeskRefused
from tests.desk.conftest import Office, office
from tests.http.conftest import House, Page, frame_of, house

__all__ = ["house", "office"]

RECONNECTS = 10_000 if os.environ.get("DIALER_LONG") else 100


class Screen:
    """What a page makes of frames: a later one of the same stream replaces an earlier one, another stream all."""

    def __init__(self) -> None:
        self.stream, self.seq = "", -1
        self.shown: list[str] = []  # clients that popped up, in order
        self.connections = 0

    def take(self, frame: dict[str, Any]) -> None:
        if frame["stream"] == self.stream and frame["seq"] <= self.seq:
            return
        self.stream, self.seq = frame["stream"], frame["seq"]
        work = frame["desk"]["work"]
        if work is not None and (not self.shown or self.shown[-1] != work["id"]):
            self.shown.append(work["id"])

    async def visit(self, page: Page, ends: str) -> None:
        """One connection: it dies before its first frame is read, or after, or is closed politely."""
        self.connections += 1
        async with page.live() as socket:
            if ends != "unread":
                self.take(await frame_of(socket))
            if ends != "closed":
                _reset(socket)


def _reset(socket: aiohttp.ClientWebSocketResponse) -> None:
    transport = socket.get_extra_info("transport") or socket._writer.transport
    transport.abort()


def visits(rng: random.Random) -> Iterator[str]:
    yield from rng.choices(["unread", "read", "closed"], k=rng.randrange(6))
    yield "read"


@pytest.mark.alone
@pytest.mark.asyncio(loop_scope="session")
async def test_scenario_42_pops_outlive_pages_that_die(house: House) -> None:
    """Each client is shown once, whenever the websocket died; nobody waits for a page that is gone."""
    rng, screen = random.Random(42), Screen()
    page, frame = await house.with_client()
    popped: list[str] = []
    while True:
        popped.append(frame["desk"]["work"]["id"])
        for ends in visits(rng):
            await screen.visit(page, ends)
        assert screen.shown == popped
        if screen.connections >= RECONNECTS:
            break
        draft = {"disposition": "sale", "comment": "", "work": popped[-1]}
        await page.press("draft", draft)
        assert (await page.press("save", {"work": popped[-1]}))["desk"]["work"] is None
        await house.add_clients(1)
        frame = await page.press("next", {})
    assert page.user is not None
    assert len(popped) > RECONNECTS / 10


async def test_scenario_43_a_laptop_closed_in_wrapup_and_two_tabs(office: Office) -> None:
    """The result waits as long as it must; both tabs show the same, and it is saved once."""
    await office.add_clients(2)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    await office.press(room, verbs.next)
    await office.press(room, lambda r: verbs.dial(r, None))
    call = office.pbx.dialled[0].call
    office.pbx.client_waits(call)
    await office.settled(room, lambda view: view.state is DeskState.TALKING)
    office.pbx.client_hangs_up(call)
    await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
    await office.press(room, lambda r: verbs.draft(r, {"disposition": "sale", "comment": "tomorrow"}, None))
    before = office.desks.rooms.view(room).work
    for watcher in list(room.watchers):
        await office.desks.rooms.unwatch(room.user, watcher)
    for _ in range(10):
        office.pass_time(hours=1)
        await office.desks.sweep.run()
    one, other = await office.desks.rooms.watch(room.user), await office.desks.rooms.watch(room.user)
    assert office.desks.rooms.view(room).work == before
    assert await one.next() == await other.next()
    saved = await office.press(room, lambda r: verbs.save(r, False), key="this tab")
    assert saved.work is None and saved.today.successes == 1
    assert await one.next() == await other.next()
    with pytest.raises(DeskRefused):
        await office.press(room, lambda r: verbs.save(r, False), key="the other tab")
    assert office.desks.rooms.view(room).today.successes == 1
