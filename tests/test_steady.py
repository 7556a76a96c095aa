"""Thousands of calls leave nothing behind: no memory, no file, no task, no call that is never forgotten."""

from __future__ import annotations

import os
import statistics
from pathlib import Path

import pytest

from tests.busy_office import Look, office

LONG = bool(os.environ.get("DIALER_LONG"))
CALLS = int(os.environ.get("STEADY_CALLS") or (20_000 if LONG else 1_000))
OPERATORS, ANSWERING = (60 if LONG else 30), 3  # nobody is handed more than 500 clients an hour
# Of memory, a call. What is known of numbers is kept for some thousands of them, so a short run sees it fill up; what
# an order leaves, so that it is never sent twice, is kept for 20,000 (dialer/ami/pbx.py). A call kept whole is 60.
BLOCKS_A_CALL = 4 if LONG else 25
GROWTH_MB = 6.0


@pytest.mark.alone
@pytest.mark.timeout(120 + CALLS // 10)
async def test_thousands_of_calls_leave_nothing_behind(tmp_path: Path) -> None:
    async with office(tmp_path, operators=OPERATORS, inbound=ANSWERING, clients=CALLS + 200) as busy:
        await busy.work(CALLS, CALLS // 12)
        looks = busy.looks[:-1]  # the last one is taken when all have gone home
        end = busy.looks[-1]
    first, last = looks[len(looks) // 2 if LONG else len(looks) // 4], looks[-1]
    calls = last.calls - first.calls
    blocks_a_call = (last.blocks - first.blocks) / calls
    print(
        f"\n{end.calls} calls; from {first.calls} to {last.calls}: {last.rss_mb - first.rss_mb:+.1f} MB"
        f" ({first.rss_mb:.0f} to {last.rss_mb:.0f}), {blocks_a_call:+.2f} blocks a call;"
        f" {slope(looks[looks.index(first) :]) * 1000:+.2f} MB a thousand calls;"
        f" files {first.files} to {last.files}, tasks {first.tasks} to {last.tasks},"
        f" remembered {first.remembered} to {last.remembered}, in the end {end.remembered}"
    )
    assert blocks_a_call < BLOCKS_A_CALL
    assert last.rss_mb - first.rss_mb < GROWTH_MB
    assert last.files <= first.files
    assert last.tasks <= first.tasks + OPERATORS
    assert last.remembered <= first.remembered + 4 * OPERATORS
    assert end.remembered <= OPERATORS + ANSWERING + 10, "sessions, and calls that are under way"


def slope(looks: list[Look]) -> float:
    """MB a call."""
    return statistics.linear_regression([look.calls for look in looks], [look.rss_mb for look in looks]).slope
