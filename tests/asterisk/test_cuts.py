"""The line to a real Asterisk cut two hundred times, with fifty calls that come and go."""

from __future__ import annotations

import pytest

from dialer.ami.settings import AsteriskSettings
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import asterisk, far_end, network, phones
from tests.scenarios.cuts import cut
from tests.scenarios.line_flows import quick_tries

__all__ = ["asterisk", "far_end", "network", "phones", "quick_tries"]

CUTS = 200


@pytest.mark.timeout(300)
async def test_scenario_17_cut_with_fifty_calls_that_come_and_go(
    asterisk: AsteriskServer, far_end: FarEnd, phones: FarEnd, quick_tries: None
) -> None:
    print(await cut(AsteriskSettings(secret=asterisk.accounts.ami), CUTS, seed=1))
