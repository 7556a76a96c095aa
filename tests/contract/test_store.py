"""What every store promises to units of work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy.exc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, func, insert, select, update

from dialer.store import Store, StoreBusy, StoreError, StoreInUse, StoreUnavailable, outbox
from dialer.store.errors import UnitOfWorkMisused
from tests.contract.tables import Noted, add, ids, parts, things


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(things)).scalar_one()


async def test_a_result_comes_back_and_is_read_at_once(store: Store) -> None:
    assert await store.write(add(7)) == 7
    assert await store.read(ids) == {7}


async def test_an_error_reaches_its_caller_and_undoes_only_its_unit(store: Store) -> None:
    def fails(connection: Connection) -> None:
        add(2)(connection)
        outbox.append(connection, Noted(n=2))
        raise LookupError("no")

    heard: list[int] = []
    store.listen(lambda envelopes: heard.extend(e.event.n for e in envelopes if isinstance(e.event, Noted)))
    outcomes = await asyncio.gather(
        store.write(add(1)), store.write(fails), store.write(add(3)), return_exceptions=True
    )
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], LookupError)
    assert outcomes[2] == 3
    assert await store.read(ids) == {1, 3}
    assert heard == []


async def test_a_broken_constraint_is_the_callers_error(store: Store) -> None:
    await store.write(add(1))
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        await store.write(add(1))
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        await store.write(lambda c: c.execute(insert(parts), {"thing_id": 99}) and None)
    assert store.trouble is None
    assert await store.write(add(2)) == 2


async def test_a_failed_unit_takes_its_savepoints_along(store: Store) -> None:
    def leaves_one_open(connection: Connection) -> None:
        connection.begin_nested()
        add(1)(connection)

    def fails_inside(connection: Connection) -> None:
        connection.begin_nested()
        add(2)(connection)
        raise LookupError

    def uses_one(connection: Connection) -> None:
        add(3)(connection)
        inner = connection.begin_nested()
        add(4)(connection)
        with pytest.raises(sqlalchemy.exc.IntegrityError):
            add(3)(connection)
        inner.rollback()

    with pytest.raises(UnitOfWorkMisused):
        await store.write(leaves_one_open)
    with pytest.raises(LookupError):
        await store.write(fails_inside)
    await store.write(uses_one)
    assert await store.read(ids) == {3}


@pytest.mark.parametrize("act", ["commit", "rollback", "begin"])
async def test_a_unit_may_not_end_the_transaction(store: Store, act: str) -> None:
    def oversteps(connection: Connection) -> None:
        add(1)(connection)
        getattr(connection, act)()

    with pytest.raises((UnitOfWorkMisused, sqlalchemy.exc.InvalidRequestError)):
        await store.write(oversteps)
    await store.write(add(2))
    assert await store.read(ids) == {2}


async def test_a_unit_must_return_values(store: Store) -> None:
    with pytest.raises(UnitOfWorkMisused):
        await store.write(lambda c: c.execute(select(things)))


async def test_a_future_cannot_carry_every_error(store: Store) -> None:
    def stops(connection: Connection) -> None:
        raise StopIteration

    with pytest.raises(RuntimeError):
        await store.write(stops)
    assert await store.write(add(1)) == 1


async def test_compare_and_set_has_one_winner(store: Store) -> None:
    await store.write(add(1))
    take = (
        update(things)
        .where(things.c.id == 1, things.c.epoch == bindparam("seen"))
        .values(epoch=things.c.epoch + 1)
        .returning(things.c.epoch)
    )
    outcomes = await asyncio.gather(
        *(store.write(lambda c: c.execute(take, {"seen": 0}).scalar()) for _ in range(100))
    )
    assert sorted(outcomes, key=str) == [1] + [None] * 99


async def test_a_reader_sees_one_moment(store: Store) -> None:
    await store.write(add(1))
    async with store.reading() as connection:
        first = (await connection.execute(select(func.count()).select_from(things))).scalar_one()
        await store.write(add(2))
        second = (await connection.execute(select(func.count()).select_from(things))).scalar_one()
    assert first == second == 1
    assert await store.read(count) == 2


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.read(add(1))
    assert await store.read(count) == 0


async def test_a_unit_that_was_not_reached_in_time_is_not_done(store: Store) -> None:
    held = threading.Event()
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def holds(connection: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        held.wait(20)

    holding = asyncio.create_task(store.write(holds))
    await asyncio.wait_for(begun.wait(), 5)
    with pytest.raises(StoreBusy):
        await store.write(add(1), deadline_s=0.05)
    cancelled = asyncio.create_task(store.write(add(2)))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    held.set()
    await holding
    await store.write(add(3))
    assert await store.read(ids) == {3}


async def test_a_store_belongs_to_one(store: Store, address: str) -> None:
    with pytest.raises(StoreInUse, match="process"):
        await Store.open(address, wait_s=0)


async def test_a_store_just_let_go_is_waited_for(address: str) -> None:
    first = await Store.open(address)
    opening = asyncio.create_task(Store.open(address))
    await asyncio.sleep(0)
    await first.close()
    await (await opening).close()


async def test_a_closed_store_says_so(address: str) -> None:
    store = await Store.open(address)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.write(count)
    again = await Store.open(address)
    await again.close()


async def test_close_finishes_what_was_queued(address: str) -> None:
    store = await Store.open(address)
    await store.migrate()
    await store.write(lambda c: things.metadata.create_all(c))
    waiting = [asyncio.create_task(store.write(add(n))) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*waiting) == list(range(50))


async def test_migrating_twice_changes_nothing(store: Store) -> None:
    await store.migrate()


async def test_events_are_heard_in_the_order_of_commits_before_the_caller_goes_on(store: Store) -> None:
    heard: list[int] = []
    store.listen(lambda envelopes: heard.extend(e.seq for e in envelopes))

    async def note(n: int) -> None:
        seq = await store.write(lambda c: outbox.append(c, Noted(n=n), datetime.now(UTC)))
        assert seq in heard

    await asyncio.gather(*(note(n) for n in range(300)))
    assert heard == sorted(heard)
    assert len(set(heard)) == 300
    assert [e.seq for e in await outbox.Outbox(store).after(0, 1000)] == heard


Move = tuple[str, int]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from(["add", "fail", "double"]), st.integers(0, 20)), max_size=40))
async def test_any_mixture_of_units_ends_as_if_done_one_by_one(store: Store, moves: list[Move]) -> None:
    await store.write(lambda c: c.execute(things.delete()) and None)
    expected: set[int] = set()
    refused: list[bool] = []
    for kind, n in moves:
        ok = kind == "add" and n not in expected
        refused.append(not ok)
        if ok:
            expected.add(n)

    def unit(kind: str, n: int) -> Callable[[Connection], Any]:
        def work(connection: Connection) -> None:
            add(n)(connection)
            if kind == "fail":
                raise LookupError
            if kind == "double":
                add(n)(connection)

        return work

    outcomes = await asyncio.gather(*(store.write(unit(*move)) for move in moves), return_exceptions=True)
    assert [isinstance(outcome, Exception) for outcome in outcomes] == refused
    assert await store.read(ids) == expected
