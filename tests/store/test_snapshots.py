"""Reads on their own threads: bounded in time and number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy.exc
from sqlalchemy import Connection, text

from dialer.store import Store, StoreBusy, StoreUnavailable
from dialer.store.errors import UnitOfWorkMisused
from dialer.store.snapshots import READERS
from tests.contract.tables import add, ids, tested

ENDLESS = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/store.db")
    await opened.write(tested.create_all)
    yield opened
    await opened.close()


def endless(connection: Connection) -> object:
    return connection.execute(ENDLESS).scalar()


async def test_an_endless_query_is_broken_off_and_its_thread_serves_on(store: Store) -> None:
    asked = [store.read(endless, deadline_s=0.2) for _ in range(READERS)]
    late = store.read(ids, deadline_s=0.05)
    outcomes = await asyncio.gather(*asked, late, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreBusy] * (READERS + 1)
    await store.write(add(1))
    assert await asyncio.gather(*(store.read(ids) for _ in range(READERS * 3))) == [{1}] * READERS * 3


async def test_an_error_of_the_function_is_its_own(store: Store) -> None:
    with pytest.raises(sqlalchemy.exc.OperationalError):
        await store.read(lambda c: c.exec_driver_sql("SELECT * FROM nowhere") and None)
    with pytest.raises(LookupError):
        await store.read(_fails)
    with pytest.raises(UnitOfWorkMisused):
        await store.read(lambda c: c.exec_driver_sql("SELECT 1"))
    assert await store.read(ids) == set()


def _fails(connection: Connection) -> None:
    connection.begin_nested()
    raise LookupError


async def test_a_closed_store_is_not_read(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/closed.db")
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.read(ids)


async def test_an_asynchronous_reader_waits_its_turn_and_reads_the_same(store: Store) -> None:
    await store.write(add(1))

    async def once() -> int:
        async with store.reading() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM tested_things"))).scalar_one())

    assert await asyncio.gather(*(once() for _ in range(20))) == [1] * 20
