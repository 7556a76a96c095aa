"""The scenarios of line_flows.py on the real Asterisk."""

from __future__ import annotations

import os

import pytest

from tests.asterisk.test_pbx import asterisk, bench, far_end, network, phones
from tests.contract.pbx_bench import Bench
from tests.scenarios import line_flows
from tests.scenarios.line_flows import quick_tries

__all__ = ["asterisk", "bench", "far_end", "network", "phones", "quick_tries"]


@pytest.mark.parametrize("gap_s", [1.0, 5.0, 60.0] if os.environ.get("DIALER_LONG") else [1.0, 5.0])
async def test_scenario_17_cut_and_ended_meanwhile(bench: Bench, gap_s: float) -> None:
    await line_flows.cut_and_ended_meanwhile(bench, gap_s)


async def test_scenario_18_cut_and_still_up(bench: Bench) -> None:
    await line_flows.cut_and_still_up(bench)


async def test_scenario_19_cut_inside_messages(bench: Bench, quick_tries: None) -> None:
    await line_flows.cut_inside_messages(bench)


async def test_scenario_20_half_open(bench: Bench) -> None:
    await line_flows.half_open(bench)


async def test_scenario_23_nothing_is_read(bench: Bench) -> None:
    await line_flows.nothing_is_read(bench)
