"""A stolen login over HTTP: 200 dials as fast as they go, at a daemon with a PBX; cut at the cap, told within 5 s."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dialer.app import running
from dialer.auth.model import Role
from dialer.simulation.far_end import FarEnd, Way
from dialer.simulation.manager import Account
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.telephony.policy import DEFAULT
from tests.http.conftest import House, fill, frame_of, settings_in

SECRET = "of the test"
CAP = DEFAULT.caps[0].calls_per_minute or 0
DIALS = 200
CLIENTS = 60


@dataclass
class Nobody:
    """Every number is busy at once; the operator's phone answers."""

    dialled: list[str] = field(default_factory=list)

    def number(self, number: str, trunk: str) -> FarEnd | None:
        self.dialled.append(number)
        return FarEnd(way=Way.BUSY, ring_s=0.0)

    def phone(self, endpoint: str) -> FarEnd | None:
        return FarEnd(ring_s=0.0)


@dataclass
class Attack:
    house: House
    people: Nobody
    pbx: VirtualPbx


@pytest.fixture
async def attack(tmp_path: Path) -> AsyncIterator[Attack]:
    people = Nobody()
    pbx = VirtualPbx(ends=people, account=Account(secret=SECRET))
    await pbx.start()
    settings = settings_in(tmp_path)
    one = msgspec.structs.replace(
        settings.pbx["main"], port=pbx.port, secret=SECRET, allow_excess_rights=True
    )
    async with running(msgspec.structs.replace(settings, pbx={"main": one})) as app:
        house = House(app=app, folder=tmp_path)
        house.campaign_id, house.call_id = await app.store.write(fill)
        await house.add_clients(CLIENTS)
        yield Attack(house=house, people=people, pbx=pbx)
        await house.close()
    await pbx.stop()


async def until(live: Any, wanted: str, work: str = "") -> None:
    """The desk has come to a state, with this work on it if one is named."""
    async with asyncio.timeout(10):
        while True:
            desk = (await frame_of(live))["desk"]
            if desk["state"] == wanted and (not work or desk["work"]["id"] == work):
                return


async def alarmed(console: Any) -> tuple[float, list[str]]:
    """When the console first shows an alarm, and which."""
    while not (alarms := (await frame_of(console))["console"]["alarms"]):
        continue
    return time.monotonic(), [alarm["code"] for alarm in alarms]


async def test_a_bot_on_a_stolen_session(attack: Attack) -> None:
    thief = await attack.house.entered(endpoint="op101")
    head = await attack.house.entered(Role.SUPERVISOR)
    async with thief.live() as desk, head.live("?view=console") as console:
        await thief.press("campaign", {"campaign": attack.house.campaign_id})
        await thief.press("session", {"on": True})
        await until(desk, "ready")
        watching = asyncio.create_task(alarmed(console))
        frame = await thief.press("next", {})
        refused: list[float] = []
        for _ in range(DIALS):
            work = frame["desk"]["work"]["id"]
            frame = await thief.press("dial", {"work": work})
            if frame["desk"]["refusal"]:
                refused.append(time.monotonic())
                assert frame["desk"]["refusal"]["code"] == "cap_calls_per_minute"
                assert frame["desk"]["refusal"]["until"] is not None
                continue
            await until(desk, "wrapup", work)
            await thief.press("draft", {"work": work, "disposition": "refused_no_time"})
            frame = await thief.press("save", {"work": work, "next": True})
        async with asyncio.timeout(5):
            told, codes = await watching
    assert (len(attack.people.dialled), len(refused)) == (CAP, DIALS - CAP)
    assert codes == ["cap_calls_per_minute"]
    assert told - refused[0] <= 5
