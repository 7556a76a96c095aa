"""The scenarios of flows.py on the virtual PBX, in every run."""

from __future__ import annotations

import pytest

from tests.contract import pbx_control
from tests.contract.pbx_bench import Bench
from tests.contract.test_pbx import bench
from tests.scenarios import flows

__all__ = ["bench"]


async def test_scenario_02_the_hangup_before_the_orders_failure(bench: Bench) -> None:
    await flows.the_hangup_before_the_orders_failure(bench)


async def test_scenario_03_the_orders_answer_and_the_end_of_the_dialling(bench: Bench) -> None:
    await flows.the_orders_answer_and_the_end_of_the_dialling(bench)


async def test_scenario_04_no_channel_was_ever_made(bench: Bench) -> None:
    await flows.no_channel_was_ever_made(bench)


async def test_scenario_05_a_second_order_of_a_living_id(bench: Bench) -> None:
    await flows.a_second_order_of_a_living_id(bench)


async def test_scenario_06_busy(bench: Bench) -> None:
    await flows.busy(bench)


async def test_scenario_07_an_unallocated_number(bench: Bench) -> None:
    await flows.an_unallocated_number(bench)


async def test_scenario_08_nobody_answers_in_time(bench: Bench) -> None:
    await flows.nobody_answers_in_time(bench)


async def test_scenario_09_a_hangup_in_the_moment_of_the_answer(bench: Bench) -> None:
    await flows.a_hangup_in_the_moment_of_the_answer(bench)


async def test_scenario_10_many_calls_through_each_other(bench: Bench) -> None:
    await flows.many_calls_through_each_other(bench)


async def test_scenario_12_the_linkedid_changes_at_the_bridge(bench: Bench) -> None:
    await flows.the_linkedid_changes_at_the_bridge(bench)


async def test_scenario_28_two_sessions_tell_the_same(bench: Bench) -> None:
    await flows.two_sessions_tell_the_same(bench)


async def test_scenario_21_killed_with_50_recorded_calls(bench: Bench) -> None:
    await flows.calls_die_with_their_pbx(bench, "kill", 50)


async def test_scenario_22_stopped_with_calls_up(bench: Bench) -> None:
    await flows.calls_die_with_their_pbx(bench, "stop", 10)


async def test_scenario_25_lists_among_live_events(bench: Bench) -> None:
    await flows.lists_among_live_events(bench)


async def test_scenario_26_rows_of_the_dying(bench: Bench) -> None:
    await flows.rows_of_the_dying(bench)


async def test_scenario_27_errors_that_name_no_order(bench: Bench) -> None:
    await flows.errors_that_name_no_order(bench)


@pytest.mark.parametrize("ahead_s", [600.0, -600.0])
async def test_scenario_37_clocks_ten_minutes_apart(bench: Bench, ahead_s: float) -> None:
    await flows.clocks_apart(bench, ahead_s)


@pytest.mark.parametrize("moved_s", [3600.0, -3600.0])
async def test_scenario_36_our_clock_is_set_in_mid_call(bench: Bench, moved_s: float) -> None:
    await flows.our_clock_is_set_in_mid_call(bench, moved_s)


async def test_scenario_13_a_blind_transfer(bench: Bench) -> None:
    await pbx_control.a_blind_transfer(bench)


async def test_scenario_14_an_attended_transfer(bench: Bench) -> None:
    await pbx_control.an_attended_transfer(bench)


async def test_scenario_14_a_third_who_does_not_come(bench: Bench) -> None:
    await pbx_control.a_third_who_does_not_come_leaves_all_as_it_was(bench)


async def test_scenario_14_back_from_the_third(bench: Bench) -> None:
    await pbx_control.back_from_the_third(bench)
