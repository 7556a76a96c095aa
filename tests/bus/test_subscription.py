"""One subscriber, on a source that fails, floods and repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.bus.inprocess import InProcessBus
from dialer.bus.subscription import Subscription
from dialer.store import StoreUnavailable
from dialer.store.outbox import Envelope
from tests.contract.tables import Ignored, Noted

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEADLINE_S = 10


class Stored:
    """A source in memory. `lost` says how many reads fail first."""

    def __init__(self, envelopes: Sequence[Envelope] = (), lost: int = 0) -> None:
        self.envelopes = list(envelopes)
        self.lost = lost
        self.mark_at = 0
        self.listener: Callable[[Sequence[Envelope]], None] | None = None

    def listen(self, listener: Callable[[Sequence[Envelope]], None] | None) -> None:
        self.listener = listener

    def commit(self, *envelopes: Envelope) -> None:
        self.envelopes += envelopes
        if self.listener is not None:
            self.listener(envelopes)

    async def after(self, seq: int, limit: int) -> list[Envelope]:
        await asyncio.sleep(0)
        if self.lost:
            self.lost -= 1
            raise StoreUnavailable("gone", "wait")
        return [envelope for envelope in self.envelopes if envelope.seq > seq][:limit]

    async def marked(self) -> int:
        return self.mark_at

    async def mark(self, seq: int) -> None:
        self.mark_at = seq


def noted(seq: int) -> Envelope:
    return Envelope(seq, NOON, Noted(n=seq))


@settings(deadline=None, max_examples=60)
@given(
    stored=st.integers(0, 30),
    commits=st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=12),
    limit=st.integers(1, 6),
)
async def test_all_arrive_once_and_in_order_however_they_come(
    stored: int, commits: list[tuple[int, bool]], limit: int
) -> None:
    source = Stored([noted(n) for n in range(1, stored + 1)])
    heard: list[int] = []
    done = asyncio.Event()

    async def hears(envelope: Envelope) -> None:
        await asyncio.sleep(0)
        heard.append(envelope.seq)
        if envelope.seq == last:
            done.set()

    last = stored + sum(size for size, _ in commits) + 1
    subscription = Subscription("tested", [Noted], hears, source, queue_limit=limit)
    source.listen(subscription.offer)
    task = asyncio.create_task(subscription.run())
    seq = stored
    for size, breathe in commits:
        source.commit(*(noted(seq + n) for n in range(1, size + 1)))
        seq += size
        if breathe:
            await asyncio.sleep(0)
    source.commit(noted(last))
    await asyncio.wait_for(done.wait(), DEADLINE_S)
    task.cancel()
    assert heard == list(range(1, last + 1))


async def test_a_store_that_cannot_be_read_is_asked_again() -> None:
    source, done = Stored([noted(1)], lost=3), asyncio.Event()

    async def hears(envelope: Envelope) -> None:
        done.set()

    task = asyncio.create_task(Subscription("tested", [Noted], hears, source, pauses_s=(0, 0)).run())
    await asyncio.wait_for(done.wait(), DEADLINE_S)
    task.cancel()
    assert source.lost == 0


async def test_an_event_that_always_fails_is_set_aside() -> None:
    source, done, tries = Stored(), asyncio.Event(), []

    async def hears(envelope: Envelope) -> None:
        tries.append(envelope.seq)
        if envelope.seq == 1:
            raise LookupError
        done.set()

    bus = InProcessBus(source, pauses_s=(0, 0))
    bus.subscribe(Noted, handler=hears)
    await bus.start()
    source.commit(noted(1), noted(2))
    await asyncio.wait_for(done.wait(), DEADLINE_S)
    await bus.stop()
    assert tries == [1, 1, 1, 2]
    assert bus.set_aside() == 1
    assert source.mark_at == 2


async def test_the_mark_waits_for_the_slowest_and_passes_what_nobody_wants() -> None:
    source, entered = Stored(), asyncio.Event()

    async def hangs(envelope: Envelope) -> None:
        if envelope.seq == 2:
            entered.set()
            await asyncio.Event().wait()

    async def quick(envelope: Envelope) -> None:
        pass

    bus = InProcessBus(source)
    bus.subscribe(Noted, handler=hangs)
    bus.subscribe(Noted, handler=quick)
    await bus.start()
    source.commit(noted(1), noted(2), noted(3))
    await asyncio.wait_for(entered.wait(), DEADLINE_S)
    await bus.stop()
    assert source.mark_at == 1

    alone = Stored()
    bus = InProcessBus(alone)
    await bus.start()
    alone.commit(Envelope(5, NOON, Ignored(n=5)))
    await bus.stop()
    assert alone.mark_at == 5


async def test_nobody_joins_late() -> None:
    bus = InProcessBus(Stored())
    await bus.start()
    with pytest.raises(RuntimeError, match="before"):
        bus.subscribe(Noted, handler=lambda envelope: asyncio.sleep(0))
    await bus.stop()
