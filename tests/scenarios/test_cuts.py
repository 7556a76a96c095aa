"""The line to the virtual PBX cut again and again, with fifty calls; in a long run two hundred times."""

from __future__ import annotations

import os
import random

from dialer.ami.settings import AsteriskSettings
from dialer.simulation.manager import Account
from dialer.simulation.population import ByDigits
from dialer.simulation.virtual_pbx import VirtualPbx
from tests.scenarios.cuts import cut
from tests.scenarios.line_flows import quick_tries

__all__ = ["quick_tries"]

CUTS = 200 if os.environ.get("DIALER_LONG") else 60


async def test_scenario_17_cut_with_fifty_calls_that_come_and_go(quick_tries: None) -> None:
    virtual = VirtualPbx(
        ends=ByDigits(ring_s=0.02, talk_s=0.3), account=Account(secret="s"), rng=random.Random(1)
    )
    await virtual.start()
    print(await cut(AsteriskSettings(port=virtual.port, secret="s"), CUTS, seed=1))
    await virtual.stop()
