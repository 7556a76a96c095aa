"""A block for card numbers, from the operator's press to the listed recording, over a PBX that records by tape."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dialer.app import running
from dialer.auth.model import Role
from dialer.scripts import service as scripts
from dialer.scripts.command import read_script
from dialer.simulation.far_end import FarEnd
from dialer.simulation.manager import Account
from dialer.simulation.recording import WavTape
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.wiring import utc_now
from tests.http.conftest import SCRIPT, House, fill, frame_of, settings_in

SECRET = "of the test"
MARKED = "stock"  # to where the first answer leads


class Talkative:
    """Whoever is called answers, and stays."""

    def number(self, number: str, trunk: str) -> FarEnd | None:
        return FarEnd(ring_s=0.0)

    def phone(self, endpoint: str) -> FarEnd | None:
        return FarEnd(ring_s=0.0)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[House]:
    pbx = VirtualPbx(ends=Talkative(), account=Account(secret=SECRET), tape=WavTape(tmp_path / "monitor"))
    await pbx.start()
    settings = settings_in(tmp_path)
    one = msgspec.structs.replace(
        settings.pbx["main"], port=pbx.port, secret=SECRET, allow_excess_rights=True
    )
    script, _ = read_script(SCRIPT)
    assert script is not None
    marked = (msgspec.structs.replace(block, pause_recording=block.id == MARKED) for block in script.blocks)
    script = msgspec.structs.replace(script, blocks=tuple(marked))
    async with running(msgspec.structs.replace(settings, pbx={"main": one})) as app:
        house = House(app=app, folder=tmp_path)
        house.campaign_id, house.call_id = await app.store.write(fill)
        await app.store.write(lambda conn: scripts.publish(conn, script, utc_now()))
        await house.add_clients(1)
        yield house
        await house.close()
    await pbx.stop()


async def until(live: Any, wanted: str) -> None:
    async with asyncio.timeout(10):
        while (await frame_of(live))["desk"]["state"] != wanted:
            continue


async def test_the_recording_pauses_while_the_block_is_on_the_page(office: House) -> None:
    operator = await office.entered(endpoint="op101")
    head = await office.entered(Role.SUPERVISOR)
    async with operator.live() as desk:
        await operator.press("campaign", {"campaign": office.campaign_id})
        await operator.press("session", {"on": True})
        await until(desk, "ready")
        work = (await operator.press("next", {}))["desk"]["work"]
        await operator.press("dial", {"work": work["id"]})
        await until(desk, "talking")
        paused, step = [], work["run"]["step"]
        for move in ({"kind": "answer", "answer": "talk", "fields": {}}, {"kind": "back"}):
            frame = await operator.press("step", {"work": work["id"], "step": step, "move": move})
            step = frame["desk"]["work"]["run"]["step"]
            call = frame["desk"]["work"]["call"]
            paused.append(call["recording_paused"])
        await operator.press("hangup", {"work": work["id"]})
        await until(desk, "wrapup")
    assert paused == [True, False]
    async with asyncio.timeout(10):
        while (shown := (await head.get(f"/api/v1/calls/{call['id']}")).body["recording"])[
            "state"
        ] == "writing":
            await asyncio.sleep(0.05)  # nobody announces it to a page of a call
    assert shown["state"] == "ready"
    assert [one["how"] for one in shown["pauses"]] == ["script"]
