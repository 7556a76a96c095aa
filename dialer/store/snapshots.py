"""Reads as plain functions: each runs whole, in one snapshot, on a thread that owns a read-only connection.

One change of thread a function instead of four a statement: measured six to nine times as many reads a second
as the same functions over the asynchronous driver, with 1 to 20 statements a function.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sqlalchemy.exc
from sqlalchemy import Connection

from dialer.store.errors import StoreBusy, StoreUnavailable
from dialer.store.sqlite import connect_reader, trouble
from dialer.store.units import (
    Work,
    check_behaviour,
    close_for_good,
    close_nested,
    open_for_units,
    unit_engine,
)

READERS = 3
WAITING_LIMIT = 5_000
_GRACE_S = 5.0  # an endless query is broken off on its thread; only a dead disk lasts longer
_OPERATIONS_BETWEEN_LOOKS = 50_000  # of SQLite's machine, some milliseconds


class Snapshots:
    """The reader threads of one store, from construction to `close`."""

    def __init__(self, path: Path) -> None:
        self._engine = unit_engine(lambda: connect_reader(path))
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._own = threading.local()
        self._all: list[Connection] = []
        self.refused = 0  # reads that found too many waiting
        self._waiting = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many reads are under way or wait for a thread."""
        return self._waiting

    async def run(self, work: Work, deadline_s: float) -> Any:
        """The function's result. StoreBusy when it is not there in time; an endless query is broken off."""
        if self._closed:
            raise StoreUnavailable("the store is closed", "start the program again")
        if self._waiting >= WAITING_LIMIT:
            self.refused += 1
            raise StoreBusy("too many reads wait for the store")
        self._waiting += 1
        until = time.monotonic() + deadline_s
        try:
            async with asyncio.timeout(deadline_s + _GRACE_S):
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._read, work, until
                )
        except TimeoutError as error:
            raise StoreBusy("the disk does not answer") from error
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Finishes what is being read and closes the connections."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        for connection in self._all:
            close_for_good(connection)

    # --- on a reader's thread -------------------------------------------------------------------------------

    def _read(self, work: Work, until: float) -> Any:
        if time.monotonic() >= until:
            raise StoreBusy("the read was not begun in time")
        try:
            connection, raw = self._opened()
            raw.set_progress_handler(lambda: int(time.monotonic() >= until), _OPERATIONS_BETWEEN_LOOKS)
            raw.execute("BEGIN")
            try:
                result = work(connection)
                check_behaviour(result, connection)
                return result
            finally:
                close_nested(connection)
                raw.execute("ROLLBACK")
        except (sqlite3.Error, sqlalchemy.exc.DBAPIError) as error:
            if time.monotonic() >= until:
                raise StoreBusy("the read took too long and was broken off") from error
            if (known := trouble(error)) is not None:
                raise known from error
            raise

    def _opened(self) -> tuple[Connection, sqlite3.Connection]:
        opened: tuple[Connection, sqlite3.Connection] | None = getattr(self._own, "opened", None)
        if opened is None:
            opened = self._own.opened = open_for_units(self._engine)
            self._all.append(opened[0])
        return opened
