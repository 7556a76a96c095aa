"""One subscriber of the in-process bus: its queue, its place in the stream, its task.

The queue is bounded. A subscriber too slow for it is neither waited for nor cut off: its queue is dropped,
and it reads on from the outbox at its own pace until it has caught up. Nothing is lost, memory stays bounded,
only this subscriber is late. An event whose handler keeps failing is set aside after a few tries: it is
logged and counted, and the next one is delivered.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence

from dialer.bus.port import Handler, Source
from dialer.events import Event, kind_of
from dialer.store.errors import StoreError
from dialer.store.outbox import Envelope

log = logging.getLogger(__name__)

QUEUE_LIMIT = 1_000
PAGE = 200
HANDLER_DEADLINE_S = 30.0
PAUSES_S = (0.05, 0.5, 2.0)  # before the second, third, fourth try of a failing handler


class Subscription:
    """Reads its types of event in order and calls its handler. `run` is its life; the bus owns the task."""

    def __init__(
        self,
        name: str,
        events: Sequence[type[Event]],
        handler: Handler,
        source: Source,
        *,
        queue_limit: int = QUEUE_LIMIT,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.name = name
        self.set_aside = 0
        self.fell_behind = 0  # how often the queue overflowed and the outbox was read instead
        self._events = tuple(events)
        self._handler = handler
        self._source = source
        self._limit = queue_limit
        self._pauses_s = tuple(pauses_s)
        self._queue: deque[Envelope] = deque()
        self._arrived = asyncio.Event()
        self._behind = True  # the queue is not the whole truth: read the outbox first
        self._heard = 0  # the newest number that was offered
        self._done = 0  # everything up to here is handled

    @property
    def done(self) -> int:
        """Everything up to this number is handled or is not for this subscriber."""
        return self._done

    @property
    def lag(self) -> int:
        """How many committed events it was told of and is not done with."""
        return self._heard - self._done

    def begin_at(self, seq: int) -> None:
        """Everything up to `seq` was handled in an earlier life."""
        self._done = self._heard = seq

    def offer(self, envelopes: Iterable[Envelope]) -> None:
        """New events, in order. Never waits: what overflows the queue is read from the outbox later."""
        for envelope in envelopes:
            self._heard = envelope.seq
            if self._behind or not isinstance(envelope.event, self._events):
                continue
            if len(self._queue) >= self._limit:
                self._queue.clear()
                self._behind = True
                self.fell_behind += 1
                log.warning("bus.subscriber_behind name=%s", self.name)
                continue
            self._queue.append(envelope)
        self._arrived.set()

    async def run(self) -> None:
        while True:
            if self._behind:
                await self._catch_up()
            while self._queue and not self._behind:
                await self._handle(self._queue.popleft())
            if not self._behind:
                self._done = max(self._done, self._heard)  # the rest was not for us
                self._arrived.clear()
                await self._arrived.wait()

    async def _catch_up(self) -> None:
        """Reads the outbox until it is empty; what is committed meanwhile also waits in the queue."""
        self._behind = False
        self._queue.clear()
        while not self._behind:
            try:
                page = await self._source.after(self._done, PAGE)
            except StoreError as error:
                log.warning("bus.outbox_unreadable name=%s error=%s", self.name, type(error).__name__)
                self._behind = True
                await asyncio.sleep(self._pauses_s[-1])
                return
            if not page:
                return
            for envelope in page:
                await self._handle(envelope)

    async def _handle(self, envelope: Envelope) -> None:
        if envelope.seq <= self._done:
            return  # was read from the outbox already
        if isinstance(envelope.event, self._events) and not await self._try(envelope):
            self.set_aside += 1
            log.error(
                "bus.event_set_aside name=%s seq=%d kind=%s",
                self.name,
                envelope.seq,
                kind_of(type(envelope.event)),
            )
        self._done = envelope.seq

    async def _try(self, envelope: Envelope) -> bool:
        for pause in (*self._pauses_s, None):
            try:
                async with asyncio.timeout(HANDLER_DEADLINE_S):
                    await self._handler(envelope)
            except Exception as error:  # a listener's fault must not stop the stream
                log.warning("bus.handler_failed name=%s seq=%d", self.name, envelope.seq, exc_info=error)
                if pause is not None:
                    await asyncio.sleep(pause)
            else:
                return True
        return False
