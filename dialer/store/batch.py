"""One transaction for many units of work: the synchronous half of the writer, on its thread."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection

from dialer.health.figures import Durations
from dialer.store import outbox
from dialer.store.errors import StoreUnavailable
from dialer.store.outbox import Envelope
from dialer.store.sqlite import WriterConnection, connect_writer, trouble
from dialer.store.units import (
    Work,
    check_behaviour,
    close_for_good,
    close_nested,
    open_for_units,
    unit_engine,
)

log = logging.getLogger(__name__)

# A transaction takes units for this long, then commits: who came first does not wait for all the others, and
# a slow disk still does more work than waiting.
SHORTEST_S = 0.005
WORK_PER_COMMIT = 2.0
COMMIT_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


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
        self._engine = unit_engine(lambda: connect_writer(path))
        self._connection: tuple[Connection, WriterConnection] | None = None
        self.commits = Durations(*COMMIT_BOUNDS_S)
        self.failed = 0  # transactions that came to nothing
        self._commit_s = 0.0  # what a commit takes on this disk, averaged
        self.trouble: StoreUnavailable | None = None

    def open(self) -> tuple[Connection, WriterConnection]:
        """The connection, opened (again) if need be. StoreUnavailable when the file cannot be had."""
        if self._connection is None:
            try:
                connection, raw = open_for_units(self._engine)
                self._connection = connection, cast(WriterConnection, raw)
            except Exception as error:
                if (known := trouble(error)) is not None:
                    raise known from error
                raise
        return self._connection

    def close(self) -> None:
        """Lets go of the file; what is left in a failed transaction rolls back."""
        opened, self._connection = self._connection, None
        if opened is not None:
            close_for_good(opened[0])

    def run(self, units: Sequence[Unit], *, enforce_foreign_keys: bool = True) -> tuple[int, list[Envelope]]:
        """Runs units in one transaction and commits it.

        Returns how many were run, in order, before the transaction had lasted long enough, and the events that
        are true from now on. Never raises: each unit that was run holds its result or error; a failed commit
        is everybody's error.
        """
        done = 0
        try:
            connection, raw = self.open()
            if not enforce_foreign_keys:
                raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute("BEGIN IMMEDIATE")
            enough = time.monotonic() + max(SHORTEST_S, WORK_PER_COMMIT * self._commit_s)
            for unit in units:
                _run_unit(unit, connection, raw)
                done += 1
                if time.monotonic() >= enough:
                    break
            if not enforce_foreign_keys:
                _check_foreign_keys(raw)
            self._commit(raw)
            if not enforce_foreign_keys:
                raw.execute("PRAGMA foreign_keys = ON")
        except Exception as error:  # whatever it is, every caller of the batch must hear it
            self._fail(units, error)
            return len(units), []
        if self.trouble is not None:
            log.warning("store.available_again")
            self.trouble = None
        return done, outbox.take_appended(connection)

    def _commit(self, raw: WriterConnection) -> None:
        begun = time.monotonic()
        raw.execute("COMMIT")
        took_s = time.monotonic() - begun
        self.commits.add(took_s)
        self._commit_s += (took_s - self._commit_s) / 8

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
        self.failed += 1
        for unit in units:
            if unit.error is None or trouble(unit.error):
                unit.result, unit.error = None, known
        self.close()


def _run_unit(unit: Unit, connection: Connection, raw: WriterConnection) -> None:
    """Runs one unit under its savepoint. Raises only what makes the whole transaction worthless."""
    appended = outbox.count_appended(connection)
    raw.execute("SAVEPOINT unit")
    try:
        unit.result = unit.work(connection)
        check_behaviour(unit.result, connection)
    except Exception as error:
        if trouble(error) or not raw.in_transaction:  # SQLite may have dropped the transaction by itself
            raise
        unit.result, unit.error = None, error
        close_nested(connection)
        outbox.forget_appended(connection, appended)
        raw.execute("ROLLBACK TO unit")
    raw.close_cursors()
    raw.execute("RELEASE unit")


def _check_foreign_keys(raw: sqlite3.Connection) -> None:
    broken = raw.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise sqlite3.IntegrityError(f"a row of {broken[0]} points at nothing in {broken[2]}")


def _write_the_same(connection: Connection) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    connection.exec_driver_sql(f"PRAGMA user_version = {int(version)}")
