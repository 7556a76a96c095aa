"""The writer's thread: all units of work that wait together share one transaction and one fsync.

A unit is acknowledged after the commit that it shares. A unit that fails rolls back to its own savepoint and
harms nobody; a commit that fails (disk full) fails all of its batch, and the next batch simply tries again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from dialer.store.batch import BatchRunner, Unit
from dialer.store.errors import StoreBusy, StoreUnavailable, StoreUncertain
from dialer.store.outbox import Envelope
from dialer.store.units import Work

log = logging.getLogger(__name__)

QUEUE_LIMIT = 10_000
BATCH_LIMIT = 1_000  # bounds how long the first of a batch waits for the last
PROBE_S = 1.0
STOP_S = 30.0


class _Waiting(Unit):
    __slots__ = ("alone", "future")

    def __init__(self, work: Work, future: asyncio.Future[Any], alone: bool) -> None:
        super().__init__(work)
        self.future = future
        self.alone = alone


class Writer:
    """Queue and thread. Every method is called in the loop; the thread touches only what is said so."""

    def __init__(self, runner: BatchRunner, *, queue_limit: int = QUEUE_LIMIT) -> None:
        self._runner = runner
        self._limit = queue_limit
        self._loop = asyncio.get_running_loop()
        self._queue: deque[_Waiting] = deque()  # under _arrived
        self._arrived = threading.Condition(threading.Lock())
        self._closed = False  # under _arrived
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self.refused = 0  # units that found the queue full
        self.late = 0  # units that were taken back, or not answered, by their deadline
        self.listener: Callable[[Sequence[Envelope]], None] | None = None

    async def start(self) -> None:
        """Opens the file first, so that a wrong address is the starter's error."""
        await asyncio.to_thread(self._runner.open)
        self._thread.start()

    async def stop(self) -> None:
        """Does what is queued, ends the thread, closes the file."""
        with self._arrived:
            self._closed = True
            self._arrived.notify()
        await asyncio.to_thread(self._thread.join, STOP_S)

    async def run(self, work: Work, deadline_s: float, *, alone: bool = False) -> Any:
        """Runs a unit on the thread; returns its result after the commit.

        `alone`: in a transaction of its own, foreign keys checked at its end instead of at each statement.
        Raises StoreBusy (not begun), StoreUncertain (no answer in time), StoreUnavailable (not stored).
        """
        unit = _Waiting(work, self._loop.create_future(), alone)
        self._submit(unit)
        try:
            async with asyncio.timeout(deadline_s) as limit:
                return await unit.future
        except asyncio.CancelledError:
            self._withdraw(unit)
            raise
        except TimeoutError as error:
            if not limit.expired():
                raise  # the unit's own
            self.late += 1
            if self._withdraw(unit):
                raise StoreBusy(f"the store was not reached within {deadline_s} s") from error
            raise StoreUncertain(f"the store did not answer within {deadline_s} s") from error

    @property
    def waiting(self) -> int:
        """How many units wait for their transaction."""
        return len(self._queue)

    def _submit(self, unit: _Waiting) -> None:
        with self._arrived:
            if self._closed:
                raise StoreUnavailable("the store is closed", "start the program again")
            if len(self._queue) >= self._limit:
                self.refused += 1
                raise StoreBusy("too many units of work wait for the store")
            self._queue.append(unit)
            self._arrived.notify()

    def _withdraw(self, unit: _Waiting) -> bool:
        """Takes a waiting unit back; False when it was begun already."""
        with self._arrived:
            try:
                self._queue.remove(unit)
            except ValueError:
                return False
            return True

    # --- on the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (batch := self._take()) is not None:
            if not batch:
                self._runner.probe()
                continue
            done, envelopes = self._runner.run(batch, enforce_foreign_keys=not batch[0].alone)
            self._put_back(batch[done:])
            self._loop.call_soon_threadsafe(self._settle, batch[:done], envelopes)
        self._runner.close()

    def _take(self) -> list[_Waiting] | None:
        """The next batch; an empty one when a store in trouble is to be tried again; None at the end."""
        with self._arrived:
            while not self._queue:
                if self._closed:
                    return None
                if not self._arrived.wait(PROBE_S if self._runner.trouble else None):
                    return []
            batch = [self._queue.popleft()]
            if batch[0].alone:
                return batch
            while self._queue and len(batch) < BATCH_LIMIT and not self._queue[0].alone:
                batch.append(self._queue.popleft())
            return batch

    def _put_back(self, units: list[_Waiting]) -> None:
        """What the transaction had no time for comes first in the next, if anybody waits for it still."""
        with self._arrived:
            self._queue.extendleft(unit for unit in reversed(units) if not unit.future.done())

    # --- back in the loop -----------------------------------------------------------------------------------

    def _settle(self, batch: list[_Waiting], envelopes: list[Envelope]) -> None:
        """Events first, so that they are on their way when the unit's caller goes on."""
        if envelopes and self.listener is not None:
            self.listener(envelopes)
        for unit in batch:
            if unit.future.done():  # its caller went away
                continue
            if unit.error is None:
                unit.future.set_result(unit.result)
            elif isinstance(unit.error, StopIteration):  # a future cannot carry it
                unit.future.set_exception(RuntimeError("a unit of work raised StopIteration"))
            else:
                unit.future.set_exception(unit.error)
