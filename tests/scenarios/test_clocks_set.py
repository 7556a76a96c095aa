"""A clock is set while somebody works: Asterisk's in mid-call, the daemon's machine's in a preview."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from dialer.ami.pbx import AsteriskPbx
from dialer.ami.settings import AsteriskSettings
from dialer.app import running
from dialer.clock import SteadyClock
from dialer.simulation.clock import LoopClock
from dialer.simulation.manager import Account
from dialer.simulation.population import ByDigits
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.telephony.model import ClientReady, LegEnded, Outcome
from dialer.telephony.port import Connected
from dialer.telephony.tracker import outbound, talk_s
from tests.contract.pbx_bench import Ear, new_id
from tests.contract.pbx_suite import STAYS, order
from tests.http.conftest import House, fill, settings_in


@pytest.mark.parametrize("moved_s", [3600.0, -3600.0])
async def test_scenario_36_asterisks_clock_is_set_in_mid_call(moved_s: float) -> None:
    """And a connection after it closes what ended in its gap, though that began later than the list was made."""
    virtual = VirtualPbx(ends=ByDigits(ring_s=0.01), account=Account(secret="s"), rng=random.Random(1))
    await virtual.start()
    ear = Ear()
    pbx = AsteriskPbx(AsteriskSettings(port=virtual.port, secret="s"), ear, rng=random.Random(1))
    await pbx.start()
    await ear.report(Connected)
    call = new_id()
    await pbx.dial(order(call, STAYS, record=False))
    await ear.report(ClientReady, leg=call)
    before = time.time()
    assert isinstance(virtual.clock, LoopClock)
    virtual.clock._anchor += moved_s
    await pbx.hangup(leg=call)
    await ear.report(LegEnded, leg=call)
    done = ear.follow(outbound(call))
    assert done.outcome is Outcome.ANSWERED
    assert 0 <= talk_s(done) < 5
    assert done.client.ended_at is not None
    assert before - 1 <= done.client.ended_at - pbx.clock_offset_s <= time.time() + 1
    here = ear.mark
    virtual.cut()
    snapshot = (await ear.report(Connected, since=here)).snapshot
    assert done.client.created_at is not None
    assert done.client.created_at < snapshot.at < done.client.created_at + 10
    await pbx.stop()
    await virtual.stop()


async def test_scenario_36_a_preview_lasts_though_the_clock_is_set(tmp_path: Path) -> None:
    shift = 0.0
    clock = SteadyClock(lambda: time.time() + shift)
    async with running(settings_in(tmp_path), clock) as app:
        house = House(app=app, folder=tmp_path)
        house.campaign_id, _ = await app.store.write(fill)
        page, frame = await house.with_client()
        work = frame["desk"]["work"]["id"]
        for moved in (3600.0, -3600.0, 86400.0, 0.0, 3600.0):
            shift = moved
            await app.desks.sweep.run()
            assert page.user is not None
            held = app.desks.rooms.all[page.user.id].desk.work
            assert held is not None and held.id == work
            assert (await page.get("/api/v1/me")).status == 200, "the login lasts too"
        await house.close()
