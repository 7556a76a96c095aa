"""The live view: who does what and what is in the air; idle while nobody looks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from dialer.desk import board as boards
from dialer.desk.board import Board
from dialer.desk.room import Watcher
from dialer.desk.view import DeskState
from dialer.health.troubles import Trouble
from dialer.store.errors import StoreUnavailable
from tests.desk.conftest import Office
from tests.desk.test_taping import talking

DEADLINE_S = 5.0


@pytest.fixture
async def board(office: Office, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Board]:
    monkeypatch.setattr(boards, "PAUSE_S", 0.01)
    made = Board(office.desks, lambda: datetime.min.replace(year=2026, tzinfo=office.now.tzinfo))
    made.start()
    yield made
    await made.stop()


async def frame(watcher: Watcher) -> dict[str, Any]:
    raw = await asyncio.wait_for(watcher.next(), DEADLINE_S)
    assert raw is not None
    read: dict[str, Any] = json.loads(raw)
    assert read["type"] == "console"
    return read


async def until(watcher: Watcher, wanted: Any) -> dict[str, Any]:
    """The first frame that looks as wanted."""
    async with asyncio.timeout(DEADLINE_S):
        while not wanted(shown := (await frame(watcher))["console"]):
            pass
    return shown


async def test_an_operator_from_coming_to_talking(office: Office, board: Board) -> None:
    await office.add_clients(1)
    watcher = await board.watch()
    assert (await frame(watcher))["console"]["operators"] == []
    room = await office.seated("maria")
    shown = await until(watcher, lambda c: c["operators"] and c["operators"][0]["state"] == "ready")
    assert shown["operators"][0]["name"] == "Maria"
    assert shown["calls"] == []
    await office.press(room, office.desks.verbs.next)
    shown = await until(watcher, lambda c: c["operators"][0]["state"] == "preview")
    assert (shown["operators"][0]["campaign"], shown["operators"][0]["client"]) == ("Вода", "Клиент Номер 0")
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    call = office.pbx.dialled[0].call
    office.pbx.client_waits(call)
    await office.settled(room, lambda v: v.state is DeskState.TALKING)
    shown = await until(watcher, lambda c: c["calls"] and c["calls"][0]["state"] == "bridged")
    (line,) = shown["calls"]
    assert (line["id"], line["number"], line["operator"]) == (call, "+7 900 000-00-00", "Maria")
    (campaign,) = shown["campaigns"]
    assert campaign["pool"]["talking"] == 1
    office.pbx.client_hangs_up(call)
    shown = await until(watcher, lambda c: not c["calls"])
    assert (await until_campaign(watcher, board))["today"] == {"attempts": 1, "answered": 1, "successes": 0}


async def until_campaign(watcher: Watcher, board: Board) -> dict[str, Any]:
    board.changed()
    campaign: dict[str, Any] = (await frame(watcher))["console"]["campaigns"][0]
    return campaign


async def test_a_new_console_sees_all_at_once_and_numbers_go_up(office: Office, board: Board) -> None:
    await office.seated("maria")
    first, second = await board.watch(), await board.watch()
    one, other = await frame(first), await frame(second)
    assert one["console"]["operators"] == other["console"]["operators"]
    assert one["stream"] == other["stream"] == office.desks.rooms.stream
    board.changed()
    latest, others = await frame(first), await frame(second)
    assert latest["seq"] > one["seq"] and others["seq"] > other["seq"]
    # What was still to be drawn of her coming may be drawn in between: then one of them is a frame behind.
    async with asyncio.timeout(DEADLINE_S):
        while latest["seq"] < others["seq"]:
            latest = await frame(first)
        while others["seq"] < latest["seq"]:
            others = await frame(second)
    assert latest == others, "drawn once for all"


async def test_nothing_is_drawn_for_nobody(office: Office, board: Board) -> None:
    watcher = await board.watch()
    before = (await frame(watcher))["seq"]
    board.unwatch(watcher)
    board.unwatch(watcher)
    for _ in range(3):
        board.changed()
        await asyncio.sleep(0)
    again = await board.watch()
    assert (await frame(again))["seq"] == before + 1


async def test_a_slow_console_gets_the_newest_and_nothing_between(office: Office, board: Board) -> None:
    slow, quick = await board.watch(), await board.watch()
    await frame(quick)
    for _ in range(3):
        board.changed()
        last = await frame(quick)
    assert (await frame(slow))["seq"] == last["seq"]


async def test_who_is_gone_and_does_nothing_is_not_shown(office: Office, board: Board) -> None:
    user = await office.operator("maria")
    page = await office.desks.rooms.watch(user)
    watcher = await board.watch()
    assert [line["name"] for line in (await frame(watcher))["console"]["operators"]] == ["Maria"]
    await office.desks.rooms.unwatch(user, page)
    board.changed()
    assert (await until(watcher, lambda c: not c["operators"]))["operators"] == []


async def test_the_view_lives_on_when_the_store_is_away_for_a_while(office: Office, board: Board) -> None:
    watcher = await board.watch()
    await frame(watcher)

    class Away:
        """A store that cannot be read, twice."""

        def __init__(self, store: Any) -> None:
            self.store, self.left = store, 2

        async def read(self, work: Any) -> Any:
            if self.left:
                self.left -= 1
                raise StoreUnavailable("the disk is full", "free some space")
            return await self.store.read(work)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.store, name)

    away = Away(office.store)
    office.wrap_store(away)
    async with asyncio.timeout(DEADLINE_S):
        while away.left:
            board.changed()
            await asyncio.sleep(0.01)
    board.changed()
    assert (await frame(watcher))["console"]["pbx_up"] is True


async def test_what_is_amiss_is_drawn_at_once_and_though_the_store_cannot_be_read(
    office: Office, board: Board
) -> None:
    """A disk that is gone is told by the page that lacks it: the rest stands as it was last read."""
    watcher = await board.watch()
    assert (await frame(watcher))["console"]["troubles"] == []
    campaigns = (await frame(await board.watch()))["console"]["campaigns"]

    class Gone:
        async def read(self, work: Any) -> Any:
            raise StoreUnavailable("the disk refuses to read or write", "check it")

        def __getattr__(self, name: str) -> Any:
            return getattr(office.store, name)

    whole = office.desks.world.store
    office.wrap_store(Gone())
    trouble = Trouble(code="store_away", detail="the disk refuses", since=office.now)
    board.tell([trouble])
    shown = await until(watcher, lambda c: c["troubles"])
    assert shown["troubles"][0]["code"] == "store_away"
    assert shown["campaigns"] == campaigns
    office.wrap_store(whole)
    board.tell([])
    await until(watcher, lambda c: not c["troubles"])


async def test_a_trouble_that_stands_is_not_drawn_over_and_over(office: Office, board: Board) -> None:
    trouble = Trouble(code="pbx_away", where="main", since=office.now)
    board.tell([trouble])
    watcher = await board.watch()
    await until(watcher, lambda c: c["troubles"])
    frames = board.pages.frames
    board.tell([trouble])
    assert not board._changed.is_set()
    assert board.pages.frames == frames


async def test_the_clock_is_the_offices_own(office: Office, board: Board) -> None:
    office.pass_time(hours=1)
    shown = (await frame(await board.watch()))["console"]
    assert datetime.fromisoformat(shown["server_now"]) == office.now
    assert office.now - Office.now == timedelta(hours=1)


async def test_stopping_ends_the_pages_wait(office: Office, board: Board) -> None:
    watcher = await board.watch()
    await frame(watcher)
    waiting = asyncio.create_task(watcher.next())
    await board.stop()
    assert await asyncio.wait_for(waiting, DEADLINE_S) is None


async def test_one_drawing_that_fails_does_not_end_the_live_view(office: Office, board: Board) -> None:
    """A row that can't be read is no trouble of the store's, and passes once somebody mends it."""
    watcher = await board.watch()
    await frame(watcher)
    read = asyncio.Event()

    class Unreadable:
        async def read(self, work: Any) -> Any:
            read.set()
            raise ValueError("a row of another form")

        def __getattr__(self, name: str) -> Any:
            return getattr(office.store, name)

    whole = office.desks.world.store
    office.wrap_store(Unreadable())
    board.changed()
    await asyncio.wait_for(read.wait(), DEADLINE_S)
    office.wrap_store(whole)
    board.changed()
    assert (await frame(watcher))["console"]["stopped"] == []


async def test_a_forgotten_pause_is_told_for_an_hour(office: Office, board: Board) -> None:
    room, call_id = await talking(office)
    watcher = await board.watch()
    await office.press(room, lambda r: office.desks.taping.pause(r, True))
    began = office.now.isoformat().replace("+00:00", "Z")
    office.pass_time(seconds=121)
    board.changed()
    shown = await until(watcher, lambda c: c["forgotten"])
    assert shown["forgotten"] == [{"call": call_id, "operator": "Maria", "from_at": began, "to_at": None}]
    await office.desks.sweep.run()
    shown = await until(watcher, lambda c: c["forgotten"] and c["forgotten"][0]["to_at"])
    assert (len(shown["forgotten"]), shown["forgotten"][0]["from_at"]) == (1, began)
    office.pass_time(seconds=3601)
    board.changed()
    await until(watcher, lambda c: not c["forgotten"])
