"""What every bus promises to those who listen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from dialer.bus.inprocess import InProcessBus
from dialer.bus.port import Bus
from dialer.events import Event
from dialer.store import Store, outbox
from dialer.store.outbox import Envelope, Outbox
from tests.contract.tables import Ignored, Noted

BUSES: dict[str, Callable[[Store], Bus]] = {"inprocess": lambda store: InProcessBus(Outbox(store))}
DEADLINE_S = 10


@pytest.fixture(params=sorted(BUSES))
def make_bus(request: pytest.FixtureRequest) -> Callable[[Store], Bus]:
    return BUSES[request.param]


class Listener:
    """Keeps what it hears, and tells when it heard a number."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self._changed = asyncio.Condition()

    async def __call__(self, envelope: Envelope) -> None:
        assert isinstance(envelope.event, Noted)
        async with self._changed:
            self.heard.append(envelope.event.n)
            self._changed.notify_all()

    async def until(self, n: int) -> list[int]:
        async with asyncio.timeout(DEADLINE_S), self._changed:
            await self._changed.wait_for(lambda: n in self.heard)
        return self.heard


async def note(store: Store, *numbers: int) -> None:
    def work(connection: object) -> None:
        for n in numbers:
            outbox.append(connection, Ignored(n=n))  # type: ignore[arg-type]
            outbox.append(connection, Noted(n=n))  # type: ignore[arg-type]

    await store.write(work)


async def test_events_arrive_in_order_and_only_those_asked_for(
    store: Store, make_bus: Callable[[Store], Bus]
) -> None:
    bus, listener = make_bus(store), Listener()
    bus.subscribe(Noted, handler=listener)
    await bus.start()
    await asyncio.gather(*(note(store, n) for n in range(200)))
    await note(store, 1000)
    heard = await listener.until(1000)
    await bus.stop()
    assert sorted(heard) == [*range(200), 1000]
    assert heard[-1] == 1000


async def test_a_rolled_back_event_is_never_heard(store: Store, make_bus: Callable[[Store], Bus]) -> None:
    bus, listener = make_bus(store), Listener()
    bus.subscribe(Noted, handler=listener)
    await bus.start()

    def fails(connection: object) -> None:
        outbox.append(connection, Noted(n=1))  # type: ignore[arg-type]
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(fails)
    await note(store, 2)
    assert await listener.until(2) == [2]
    await bus.stop()


async def test_what_was_not_delivered_comes_at_the_next_start(
    store: Store, make_bus: Callable[[Store], Bus]
) -> None:
    await note(store, 1, 2, 3)
    bus, listener = make_bus(store), Listener()
    bus.subscribe(Noted, handler=listener)
    await bus.start()
    await note(store, 4)
    assert await listener.until(4) == [1, 2, 3, 4]
    await bus.stop()
    await note(store, 5)
    later, second = make_bus(store), Listener()
    later.subscribe(Noted, handler=second)
    await later.start()
    await note(store, 6)
    assert await second.until(6) == [5, 6]  # stopped in order, so nothing came twice
    await later.stop()


async def test_an_event_whose_handler_was_cut_off_comes_again(
    store: Store, make_bus: Callable[[Store], Bus]
) -> None:
    entered = asyncio.Event()

    async def never_ends(envelope: Envelope) -> None:
        entered.set()
        await asyncio.Event().wait()

    bus = make_bus(store)
    bus.subscribe(Noted, handler=never_ends)
    await bus.start()
    await note(store, 1)
    await asyncio.wait_for(entered.wait(), DEADLINE_S)
    await bus.stop()
    again, listener = make_bus(store), Listener()
    again.subscribe(Noted, handler=listener)
    await again.start()
    assert await listener.until(1) == [1]
    await again.stop()


async def test_a_failing_handler_is_tried_again_and_holds_up_nobody_else(
    store: Store, make_bus: Callable[[Store], Bus]
) -> None:
    tries: list[int] = []
    done = asyncio.Event()

    async def fails_once(envelope: Envelope) -> None:
        tries.append(envelope.seq)
        if len(tries) == 1:
            raise LookupError("not yet")
        done.set()

    bus, listener = make_bus(store), Listener()
    bus.subscribe(Noted, handler=fails_once)
    bus.subscribe(Noted, handler=listener)
    await bus.start()
    await note(store, 1)
    assert await listener.until(1) == [1]
    await asyncio.wait_for(done.wait(), DEADLINE_S)
    assert tries == [tries[0]] * 2
    await bus.stop()


async def test_a_slow_subscriber_is_late_but_misses_nothing(
    store: Store, make_bus: Callable[[Store], Bus]
) -> None:
    gate = asyncio.Event()
    slow, quick = Listener(), Listener()

    async def behind_the_gate(envelope: Envelope) -> None:
        await gate.wait()
        await slow(envelope)

    bus = make_bus(store)
    bus.subscribe(Noted, handler=behind_the_gate, name="slow")
    bus.subscribe(Noted, handler=quick, name="quick")
    await bus.start()
    for start in range(0, 3000, 100):  # three times a subscriber's queue
        await note(store, *range(start, start + 100))
    assert await quick.until(2999) == list(range(3000))
    assert slow.heard == []
    gate.set()
    await slow.until(2999)
    assert slow.heard == list(range(3000))
    await bus.stop()


async def test_a_handler_may_write(store: Store, make_bus: Callable[[Store], Bus]) -> None:
    listener = Listener()

    async def echoes(envelope: Envelope) -> None:
        assert isinstance(envelope.event, Ignored)
        n = envelope.event.n
        await store.write(lambda c: outbox.append(c, Noted(n=n + 100)))

    bus = make_bus(store)
    bus.subscribe(Ignored, handler=echoes)
    bus.subscribe(Event, handler=lambda envelope: _only_noted(listener, envelope), name="all")
    await bus.start()
    await note(store, 1)
    assert await listener.until(101) == [1, 101]
    await bus.stop()


async def _only_noted(listener: Listener, envelope: Envelope) -> None:
    if isinstance(envelope.event, Noted):
        await listener(envelope)
