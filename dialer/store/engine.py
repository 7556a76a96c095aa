"""The store: units of work go in, their results come out after the commit.

A unit of work is a plain function of a SQLAlchemy `Connection`. It reads, writes, appends its events
(`outbox.append`), and returns values or raises; it never commits. It is the same function for every store.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy.exc
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.health.figures import Figure, count, gauge
from dialer.store.async_engine import reading_engine
from dialer.store.batch import BatchRunner
from dialer.store.errors import StoreBusy, StoreInUse, StoreUnavailable, StoreUnsupported
from dialer.store.migrations.upgrade import upgrade
from dialer.store.outbox import Envelope
from dialer.store.snapshots import Snapshots
from dialer.store.sqlite import DISK_FULL, ProcessLock, trouble
from dialer.store.writer import Writer

T = TypeVar("T")

DEADLINE_S = 10.0
HANDOVER_S = 3.0
MIGRATION_DEADLINE_S = 3600.0

_ADDRESS_FORM = "a store's address looks like sqlite:////var/lib/callwright/store.db"


class Store:
    """One open store of this process. Made by `Store.open`, ended by `close`."""

    def __init__(self, path: Path, lock: ProcessLock, runner: BatchRunner, writer: Writer) -> None:
        self._lock = lock
        self._runner = runner
        self._writer = writer
        self._snapshots = Snapshots(path)
        self._readers = reading_engine(path)

    @classmethod
    async def open(cls, url: str, *, wait_s: float = HANDOVER_S) -> Store:
        """Opens `sqlite:///path` for this process alone; one that is just ending is waited for.

        Raises StoreInUse (another process has it), StoreUnavailable (with the mend), StoreUnsupported.
        """
        path = sqlite_path(url)
        lock = ProcessLock(path)
        await _acquire(lock, wait_s)
        try:
            runner = BatchRunner(path)
            writer = Writer(runner)
            await writer.start()
        except BaseException:
            lock.release()
            raise
        return cls(path, lock, runner, writer)

    async def close(self) -> None:
        """Finishes what is queued, then lets go of the files; the writer last: it alone may checkpoint."""
        await self._snapshots.close()
        await self._readers.dispose()
        await self._writer.stop()
        self._lock.release()

    @property
    def trouble(self) -> StoreUnavailable | None:
        """Why nothing can be written at the moment, None when all is well; mended by itself."""
        return self._runner.trouble

    @property
    def full(self) -> bool:
        """Whether the trouble is a disk without space."""
        return self.trouble is not None and self.trouble.what == DISK_FULL

    def figures(self) -> Iterator[Figure]:
        writer, runner, reads = self._writer, self._runner, self._snapshots
        yield gauge("store_up", "Whether the store can be written.", float(self.trouble is None))
        yield runner.commits.figure("store_commit_seconds", "What a commit took.")
        yield count("store_failed_transactions", "Transactions that came to nothing.", runner.failed)
        yield gauge("store_units_waiting", "Units of work that wait for the writer.", writer.waiting)
        yield count("store_units_refused", "Units of work that found the queue full.", writer.refused)
        yield count("store_units_late", "Units of work not done by their deadline.", writer.late)
        yield gauge("store_reads_waiting", "Reads under way or waiting for a thread.", reads.waiting)
        yield count("store_reads_refused", "Reads that found too many waiting.", reads.refused)

    async def write(self, work: Callable[[Connection], T], *, deadline_s: float = DEADLINE_S) -> T:
        """Runs a unit of work on the writer and returns its result after the commit.

        What the unit raises is raised here, and nothing of it is stored. StoreUnavailable and StoreBusy:
        nothing is stored. StoreUncertain: nobody knows, nor does a caller that is cancelled in between.
        """
        result: T = await self._writer.run(work, deadline_s)
        return result

    async def read(self, work: Callable[[Connection], T], *, deadline_s: float = DEADLINE_S) -> T:
        """Runs a function that only reads, whole, in one snapshot of all that is committed."""
        result: T = await self._snapshots.run(work, deadline_s)
        return result

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """An asynchronous connection that only reads, in one snapshot, for what must wait between statements.

        Several times slower than `read`; few may be held at once. StoreBusy when none is free.
        """
        try:
            async with self._readers.connect() as connection:
                yield connection
        except sqlalchemy.exc.TimeoutError as error:
            raise StoreBusy("all readers of the store are taken") from error
        except sqlalchemy.exc.DBAPIError as error:
            if (known := trouble(error)) is not None:
                raise known from error
            raise

    async def migrate(self) -> None:
        """Brings the tables to the form that this release needs, in one transaction."""
        await self._writer.run(upgrade, MIGRATION_DEADLINE_S, alone=True)

    def listen(self, listener: Callable[[Sequence[Envelope]], None] | None) -> None:
        """One listener (the bus) hears each commit's events, in order, in the loop, before the caller."""
        self._writer.listener = listener


async def _acquire(lock: ProcessLock, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while True:
        try:
            return await asyncio.to_thread(lock.acquire)
        except StoreInUse:
            if time.monotonic() >= until:
                raise
        await asyncio.sleep(0.05)


def sqlite_path(url: str) -> Path:
    """The file of a store's address. Raises StoreUnsupported."""
    try:
        address = make_url(url)
    except sqlalchemy.exc.ArgumentError as error:
        raise StoreUnsupported(_ADDRESS_FORM) from error
    if address.get_backend_name() == "postgresql":
        raise StoreUnsupported("PostgreSQL is not supported by this release: use sqlite:///path")
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        raise StoreUnsupported(_ADDRESS_FORM)
    return Path(address.database)
