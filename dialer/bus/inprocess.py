"""The bus inside one process: the writer hands each commit's events over, nobody polls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence

from dialer.bus.port import Handler, Source
from dialer.bus.subscription import PAUSES_S, QUEUE_LIMIT, Subscription
from dialer.events import Event
from dialer.health.figures import Figure, count, gauge
from dialer.store.errors import StoreError
from dialer.store.outbox import Envelope

log = logging.getLogger(__name__)

MARK_EVERY_S = 1.0
STOP_S = 5.0


class InProcessBus:
    """Delivers committed events to its subscribers, each at its own pace. Owns their tasks."""

    def __init__(
        self, source: Source, *, mark_every_s: float = MARK_EVERY_S, pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        self._source = source
        self._mark_every_s = mark_every_s
        self._pauses_s = pauses_s
        self._subscriptions: list[Subscription] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._marked = 0
        self._heard = 0

    def subscribe(
        self, *events: type[Event], handler: Handler, name: str = "", queue_limit: int = QUEUE_LIMIT
    ) -> None:
        """Gives every event of these types (of all types: `Event`) to `handler`, one after the other.

        Before `start` only: a subscriber that came later could not say what it missed.
        """
        if self._tasks:
            raise RuntimeError("the bus has started: subscribe before")
        label = name or getattr(handler, "__qualname__", "subscriber")
        self._subscriptions.append(
            Subscription(
                label, events, handler, self._source, queue_limit=queue_limit, pauses_s=self._pauses_s
            )
        )

    async def start(self) -> None:
        """Begins to deliver, first what an earlier life left undelivered."""
        self._marked = await self._source.marked()
        for subscription in self._subscriptions:
            subscription.begin_at(self._marked)
        self._source.listen(self._publish)
        self._tasks = [
            asyncio.create_task(subscription.run(), name=f"bus:{subscription.name}")
            for subscription in self._subscriptions
        ]
        self._tasks.append(asyncio.create_task(self._keep_mark(), name="bus:mark"))

    async def stop(self) -> None:
        """Ends delivery; a handler at work is cancelled and hears its event again at the next start."""
        self._source.listen(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        with contextlib.suppress(TimeoutError):  # unmarked events only come again
            async with asyncio.timeout(STOP_S):
                await self._mark()

    def set_aside(self) -> int:
        """How many events were given up by a subscriber, since the start."""
        return sum(subscription.set_aside for subscription in self._subscriptions)

    def figures(self) -> Iterator[Figure]:
        for one in self._subscriptions:
            yield gauge("bus_lag_events", "Committed events not dealt with yet.", one.lag, listener=one.name)
            says = "How often a listener's queue overflowed; it reads on from the outbox."
            yield count("bus_fell_behind", says, one.fell_behind, listener=one.name)
            says = "Events that a listener gave up."
            yield count("bus_set_aside", says, one.set_aside, listener=one.name)

    def _publish(self, envelopes: Sequence[Envelope]) -> None:
        self._heard = envelopes[-1].seq
        for subscription in self._subscriptions:
            subscription.offer(envelopes)

    async def _keep_mark(self) -> None:
        """Tells the outbox from time to time how far everybody is, so that it may forget."""
        while True:
            await asyncio.sleep(self._mark_every_s)
            await self._mark()

    async def _mark(self) -> None:
        done = min((subscription.done for subscription in self._subscriptions), default=self._heard)
        if done <= self._marked:
            return
        try:
            await self._source.mark(done)
        except StoreError as error:
            log.warning("bus.mark_failed error=%s", type(error).__name__)  # it is only late
        except Exception:
            log.exception("bus.mark_failed")  # one fault must not end all later marks
        else:
            self._marked = done
