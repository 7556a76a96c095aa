"""One transaction for many units of work: the synchronous half of the writer, on its thread."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from sqlalchemy import Connection, Engine, Result, create_engine
from sqlalchemy.pool import NullPool

from dialer.store import outbox
from dialer.store.errors import StoreUnavailable, UnitOfWorkMisused
from dialer.store.outbox import Envelope
from dialer.store.sqlite import connect_writer, trouble

log = logging.getLogger(__name__)

Work = Callable[[Connection], Any]


class Unit:
    """One unit of work on its way: what to do and what came of it."""

    __slots__ = ("error", "result", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None


class BatchRunner:
    """The connection that writes. Transactions go by hand on the driver; SQLAlchemy only speaks SQL here."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = _writing_engine(path)
        self._connection: Connection | None = None
        self.trouble: StoreUnavailable | None = None

    def open(self) -> tuple[Connection, sqlite3.Connection]:
        """The connection, opened (again) if need be. StoreUnavailable when the file cannot be had."""
        if self._connection is None:
            try:
                self._connection = self._engine.connect()
            except Exception as error:
                raise trouble(error) or error from error
            self._connection.begin()  # for SQLAlchemy's own books, so that no unit can begin one
            self._connection.commit = self._connection.rollback = _refuse  # type: ignore[method-assign]
        return self._connection, cast(sqlite3.Connection, self._connection.connection.driver_connection)

    def close(self) -> None:
        """Lets go of the file; what is left in a failed transaction rolls back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def run(self, units: Sequence[Unit], *, enforce_foreign_keys: bool = True) -> list[Envelope]:
        """Runs units in one transaction and commits it; returns the events that are true from now on.

        Never raises: each unit holds its own result or error. A failed commit is everybody's error.
        """
        try:
            connection, raw = self.open()
            if not enforce_foreign_keys:
                raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute("BEGIN IMMEDIATE")
            for unit in units:
                _run_unit(unit, connection, raw)
            if not enforce_foreign_keys:
                _check_foreign_keys(raw)
            raw.execute("COMMIT")
            if not enforce_foreign_keys:
                raw.execute("PRAGMA foreign_keys = ON")
        except Exception as error:  # whatever it is, every caller of the batch must hear it
            self._fail(units, error)
            return []
        if self.trouble is not None:
            log.warning("store.available_again")
            self.trouble = None
        return outbox.take_appended(connection)

    def probe(self) -> None:
        """Tries a write that changes nothing, to learn whether a store in trouble works again."""
        self.run([Unit(_write_the_same)])

    def _fail(self, units: Sequence[Unit], error: Exception) -> None:
        known = error if isinstance(error, StoreUnavailable) else trouble(error)
        if known is None:
            known = StoreUnavailable(f"the store failed ({type(error).__name__})", "see the log")
            log.error("store.failed", exc_info=error)
        if self.trouble is None:
            log.error("store.unavailable what=%r mend=%r", known.what, known.mend)
        self.trouble = known
        for unit in units:
            if unit.error is None or trouble(unit.error):
                unit.result, unit.error = None, known
        self.close()


def _run_unit(unit: Unit, connection: Connection, raw: sqlite3.Connection) -> None:
    """Runs one unit under its savepoint. Raises only what makes the whole transaction worthless."""
    appended = outbox.count_appended(connection)
    raw.execute("SAVEPOINT unit")
    try:
        unit.result = unit.work(connection)
        _check_behaviour(unit.result, connection)
    except Exception as error:
        if trouble(error) or not raw.in_transaction:  # SQLite may have dropped the transaction by itself
            raise
        unit.result, unit.error = None, error
        while (nested := connection.get_nested_transaction()) is not None:
            nested.close()
        outbox.forget_appended(connection, appended)
        raw.execute("ROLLBACK TO unit")
    raw.execute("RELEASE unit")


def _check_behaviour(result: Any, connection: Connection) -> None:
    if isinstance(result, Result):
        raise UnitOfWorkMisused("a unit of work must return values, not an open result")
    if connection.in_nested_transaction():
        raise UnitOfWorkMisused("a unit of work left its own savepoint open")


def _check_foreign_keys(raw: sqlite3.Connection) -> None:
    broken = raw.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise sqlite3.IntegrityError(f"a row of {broken[0]} points at nothing in {broken[2]}")


def _write_the_same(connection: Connection) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    connection.exec_driver_sql(f"PRAGMA user_version = {int(version)}")


def _writing_engine(path: Path) -> Engine:
    return create_engine(
        "sqlite://", creator=lambda: connect_writer(path), poolclass=NullPool, pool_reset_on_return=None
    )


def _refuse() -> NoReturn:
    raise UnitOfWorkMisused("a unit of work neither commits nor rolls back: it returns or raises")
