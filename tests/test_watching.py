"""The daemon watches over itself: what it sees it tells, and no fault of its own ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from dialer import watching
from dialer.bus.inprocess import InProcessBus
from dialer.desk.board import Board
from dialer.health.troubles import Trouble
from dialer.store import Store
from dialer.store.outbox import Outbox
from dialer.telephony.recordings import Recorder
from dialer.watching import Watching
from tests.fresh_store import fresh_store

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DEADLINE_S = 5.0


class Pbx:
    """What is to be seen of a PBX, as a test sets it."""

    up, cause, problem, lost, lag_s = True, "", "", 0, 0.0

    def take_worst_lag_s(self) -> float:
        lag_s, self.lag_s = self.lag_s, 0.0
        return lag_s


class Told:
    """Stands where the console's board does; a fault waits in it if the test says so."""

    def __init__(self) -> None:
        self.troubles: list[Sequence[Trouble]] = []
        self.fault: Exception | None = None
        self.came = asyncio.Event()

    def tell(self, troubles: Sequence[Trouble]) -> None:
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault
        self.troubles.append(troubles)
        self.came.set()


class Held:
    held_up = 0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fresh_store(tmp_path / "store.db")
    yield opened
    await opened.close()


def watch(store: Store, folder: Path, pbx: Pbx, told: Told) -> Watching:
    return Watching(
        pbxs={"main": pbx},
        store=store,
        bus=InProcessBus(Outbox(store)),
        recorder=cast(Recorder, Held()),
        board=cast(Board, told),
        folders={"store": folder, "recordings": folder / "not" / "yet"},
        now=lambda: NOW,
    )


def figures(made: Watching) -> dict[tuple[str, tuple[tuple[str, str], ...]], Any]:
    return {(figure.name, figure.labels): figure.value for figure in made.figures()}


async def test_what_it_sees_it_tells_and_shows(store: Store, tmp_path: Path) -> None:
    pbx, told = Pbx(), Told()
    made = watch(store, tmp_path, pbx, told)
    made.look()
    assert told.troubles == [[]]
    pbx.up, pbx.cause, pbx.problem = False, "lost", "closed by the PBX"
    made.look()
    (away,) = told.troubles[-1]
    assert (away.code, away.where, away.cause, away.since) == ("pbx_away", "main", "lost", NOW)
    assert figures(made)["trouble", (("code", "pbx_away"), ("where", "main"))] == 1


async def test_the_worst_lag_stands_for_a_minute_though_it_is_over(store: Store, tmp_path: Path) -> None:
    pbx, told = Pbx(), Told()
    made = watch(store, tmp_path, pbx, told)
    pbx.lag_s = 3.0
    made.look()
    made.look()
    assert figures(made)["ami_lag_seconds", (("pbx", "main"),)] == 3.0
    assert [one.code for one in told.troubles[-1]] == ["events_late"]


async def test_no_fault_of_its_own_ends_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "TICK_S", 0.01)
    told = Told()
    told.fault = RuntimeError("as ours would be")
    made = watch(store, tmp_path, Pbx(), told)
    made.start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            await told.came.wait()
    finally:
        await made.stop()
    assert "watching failed" in caplog.text
    free = {labels: value for (name, labels), value in figures(made).items() if name == "disk_free_bytes"}
    assert set(free) == {(("folder", "store"),), (("folder", "recordings"),)}, "also of a folder to come"
    assert all(value > 0 for value in free.values())
