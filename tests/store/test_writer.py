"""The writer's queue: bounded, in order, honest about what it knows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from dialer.store import StoreBusy, StoreUncertain
from dialer.store.batch import BatchRunner
from dialer.store.writer import Writer
from tests.contract.tables import add, ids, tested

DEADLINE_S = 10.0


class Gate:
    """A unit of work that stands in the writer's way until it is opened."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._open = threading.Event()

    def __call__(self, connection: Connection) -> None:
        self._loop.call_soon_threadsafe(self.begun.set)
        self._open.wait(DEADLINE_S)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    made = Writer(BatchRunner(tmp_path / "store.db"), queue_limit=3)
    await made.start()
    await made.run(tested.create_all, DEADLINE_S)
    yield made
    await made.stop()


async def blocked(writer: Writer) -> tuple[Gate, asyncio.Task[None]]:
    gate = Gate()
    holding = asyncio.create_task(writer.run(gate, DEADLINE_S))
    await asyncio.wait_for(gate.begun.wait(), DEADLINE_S)
    return gate, holding


async def test_a_full_queue_refuses_at_once(writer: Writer) -> None:
    gate, holding = await blocked(writer)
    waiting = [asyncio.create_task(writer.run(add(n), DEADLINE_S)) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(StoreBusy):
        await writer.run(add(99), DEADLINE_S)
    gate.open()
    await holding
    assert await asyncio.gather(*waiting) == [0, 1, 2]
    assert await writer.run(ids, DEADLINE_S) == {0, 1, 2}


async def test_begun_and_late_is_uncertain(writer: Writer) -> None:
    gate = Gate()

    def slow(connection: Connection) -> None:
        gate(connection)
        add(1)(connection)

    with pytest.raises(StoreUncertain):
        await writer.run(slow, 0.05)
    gate.open()
    await writer.run(lambda c: None, DEADLINE_S)
    assert await writer.run(ids, DEADLINE_S) == {1}  # this time it was stored after all


async def test_a_migration_runs_alone_and_in_its_turn(writer: Writer) -> None:
    gate, holding = await blocked(writer)
    order: list[str] = []

    def noting(name: str) -> asyncio.Task[None]:
        return asyncio.create_task(
            writer.run(lambda c: order.append(name), DEADLINE_S, alone=name == "alone")
        )

    tasks = [noting(name) for name in ("before", "alone", "after")]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(holding, *tasks)
    assert order == ["before", "alone", "after"]


async def test_a_timeout_of_the_unit_itself_is_its_own(writer: Writer) -> None:
    def times_out(connection: Connection) -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await writer.run(times_out, DEADLINE_S)


async def test_units_that_do_not_fit_into_one_transaction_keep_their_order(writer: Writer) -> None:
    gate, holding = await blocked(writer)  # a long transaction: the next ones wait for another
    done: list[int] = []

    def noting(n: int) -> asyncio.Task[None]:
        return asyncio.create_task(writer.run(lambda c: done.append(n), DEADLINE_S))

    tasks = [noting(n) for n in range(3)]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(holding, *tasks)
    assert done == [0, 1, 2]
