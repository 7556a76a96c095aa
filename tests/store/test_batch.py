"""Transactions of the writer, without its thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from dialer.store import StoreUnavailable
from dialer.store.batch import SHORTEST_S, BatchRunner, Unit


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[BatchRunner]:
    made = BatchRunner(tmp_path / "store.db")
    made.run([sql("CREATE TABLE a (id INTEGER PRIMARY KEY)")])
    made.run([sql("CREATE TABLE b (a INTEGER REFERENCES a (id))")])
    yield made
    made.close()


def sql(statement: str) -> Unit:
    return Unit(lambda connection: connection.exec_driver_sql(statement) and None)


def ask(runner: BatchRunner, statement: str) -> object:
    unit = Unit(lambda connection: connection.exec_driver_sql(statement).scalar())
    runner.run([unit])
    return unit.result


def test_a_migration_may_break_references_on_its_way(runner: BatchRunner) -> None:
    crossing = Unit(
        lambda c: [
            c.exec_driver_sql("INSERT INTO b VALUES (7)") and None,
            c.exec_driver_sql("INSERT INTO a VALUES (7)") and None,
        ]
    )
    runner.run([crossing], enforce_foreign_keys=False)
    assert crossing.error is None
    assert ask(runner, "SELECT a FROM b") == 7
    assert ask(runner, "PRAGMA foreign_keys") == 1


def test_a_migration_that_leaves_one_broken_is_undone(runner: BatchRunner) -> None:
    dangling = sql("INSERT INTO b VALUES (8)")
    runner.run([dangling], enforce_foreign_keys=False)
    assert isinstance(dangling.error, StoreUnavailable)
    assert ask(runner, "SELECT count(*) FROM b") == 0
    assert ask(runner, "PRAGMA foreign_keys") == 1
    assert runner.trouble is None


def test_tables_are_undone_too(runner: BatchRunner) -> None:
    def fails(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE c (id INTEGER)")
        raise LookupError

    unit = Unit(fails)
    runner.run([unit], enforce_foreign_keys=False)
    assert isinstance(unit.error, LookupError)
    assert ask(runner, "SELECT count(*) FROM sqlite_master WHERE name = 'c'") == 0


def test_a_transaction_that_sqlite_gave_up_is_everybodys_error(runner: BatchRunner) -> None:
    first = sql("INSERT INTO a VALUES (1)")
    gives_up = sql("INSERT OR ROLLBACK INTO a VALUES (1)")
    third = sql("INSERT INTO a VALUES (3)")
    runner.run([first, gives_up, third])
    assert all(isinstance(unit.error, StoreUnavailable) for unit in (first, gives_up, third))
    assert ask(runner, "SELECT count(*) FROM a") == 0


def test_an_open_result_of_one_unit_does_not_harm_the_others(runner: BatchRunner) -> None:
    kept: list[object] = []
    runner.run([sql("INSERT INTO a VALUES (1), (2), (3)")])
    careless = Unit(lambda c: kept.append(c.exec_driver_sql("UPDATE a SET id = id + 10 RETURNING id")))
    careful = sql("INSERT INTO a VALUES (99)")
    runner.run([careless, careful])
    assert careful.error is None
    assert ask(runner, "SELECT count(*) FROM a") == 4


def test_a_probe_finds_a_store_well(runner: BatchRunner) -> None:
    runner.trouble = StoreUnavailable("was", "wait")
    runner.probe()
    assert runner.trouble is None


def test_a_long_transaction_leaves_the_rest_for_the_next(runner: BatchRunner) -> None:
    def lasts(connection: Connection) -> None:
        until = time.monotonic() + SHORTEST_S
        while time.monotonic() < until:
            pass

    long, short = Unit(lasts), sql("INSERT INTO a VALUES (1)")
    assert runner.run([long, short]) == (1, [])
    assert ask(runner, "SELECT count(*) FROM a") == 0
    assert runner.run([short])[0] == 1
    assert ask(runner, "SELECT count(*) FROM a") == 1
