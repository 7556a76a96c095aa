"""The scenarios of line_flows.py on the virtual PBX, in every run."""

from __future__ import annotations

from tests.contract.pbx_bench import Bench
from tests.contract.test_pbx import bench
from tests.scenarios import line_flows
from tests.scenarios.line_flows import quick_tries

__all__ = ["bench", "quick_tries"]

SOON_S = 1.0  # a line that is silent for so long is given up, so that a test need not wait for five


async def test_scenario_17_cut_and_ended_meanwhile(bench: Bench) -> None:
    await line_flows.cut_and_ended_meanwhile(bench)


async def test_scenario_18_cut_and_still_up(bench: Bench) -> None:
    await line_flows.cut_and_still_up(bench)


async def test_scenario_19_cut_inside_messages(bench: Bench, quick_tries: None) -> None:
    await line_flows.cut_inside_messages(bench)


async def test_scenario_20_half_open(bench: Bench) -> None:
    await line_flows.half_open(bench, SOON_S)


async def test_scenario_23_nothing_is_read(bench: Bench) -> None:
    await line_flows.nothing_is_read(bench, SOON_S)
