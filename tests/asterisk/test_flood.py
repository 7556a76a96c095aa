"""More events than any office makes, from a real Asterisk that drops a reader who does not read for 100 ms."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialer.ami.pbx import AsteriskPbx
from dialer.ami.settings import AsteriskSettings
from dialer.telephony.port import Connected, Disconnected
from tests.contract.pbx_bench import Ear
from tests.rig.asterisk import AsteriskServer
from tests.rig.fixtures import network
from tests.rig.flood import Flood, prepare
from tests.rig.network import Network

__all__ = ["network"]

SECONDS = 10
LOOK_S = 0.1
LAG_S = 1.0
GROWTH_MB = 150


@pytest.fixture
def flooded(network: Network) -> Iterator[AsteriskServer]:
    """An Asterisk that can flood; this process runs before others, as the rig's processes do."""
    asterisk = AsteriskServer()
    before = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        prepare(asterisk)
        asterisk.start()
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        yield asterisk
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)
        asterisk.remove()


def resident_mb() -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


async def test_scenario_24_a_flood_is_read_as_it_comes(flooded: AsteriskServer) -> None:
    ear = Ear()
    heard = 0

    def sink(report: object) -> None:
        """What the flood says is counted, not kept: the rest is for the ear."""
        nonlocal heard
        if isinstance(report, Connected | Disconnected):
            ear(report)
        else:
            heard += 1

    pbx = AsteriskPbx(AsteriskSettings(secret=flooded.accounts.ami), sink, rng=random.Random(1))
    await pbx.start()
    try:
        await ear.report(Connected)
        before, lags, sizes = resident_mb(), [], []
        flood = await asyncio.to_thread(Flood, flooded)
        await asyncio.to_thread(flood.rise)
        for _ in range(int(SECONDS / LOOK_S)):
            await asyncio.sleep(LOOK_S)  # the flood's duration
            assert pbx.up, pbx.problem
            lags.append(pbx.take_worst_lag_s())
            sizes.append(resident_mb())
        rate = heard / SECONDS
        await asyncio.to_thread(flood.end)
    finally:
        await pbx.stop()
    print(
        f"\n{rate:.0f} events/s over the wire; lag {max(lags):.3f} s at most;"
        f" memory {max(sizes) - before:+.1f} MB at most"
    )
    assert heard > SECONDS * 1_000, "this was no flood"
    assert max(lags) < LAG_S
    assert max(sizes) - before < GROWTH_MB
