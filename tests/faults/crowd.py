"""Fifty calls that come and go over one PBX connection, whatever happens to it; and what is believed of them.

The calls are made as the daemon makes them: followed before they are ordered, joined with an operator when they
wait, forgotten never. Seeded: who is called and who is hung up is the same each time, the wire's own timing is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from dialer.ami.pbx import AsteriskPbx
from dialer.ami.settings import AsteriskSettings
from dialer.telephony.model import Call, CallState, InboundOffered, LegEnded, LiveLeg
from dialer.telephony.port import Connected, OrderUnknown, PbxAway, PbxRefused, Report
from dialer.telephony.switchboard import Switchboard
from dialer.telephony.tracker import outbound
from tests.contract.pbx_bench import Ear, new_id
from tests.contract.pbx_suite import order

# Who is called, as the last three digits say: most of them stay, some leave, some never come.
FATES = ("200", "200", "200", "201", "201", "202", "486", "404", "408")
RING_S = 2
DEADLINE_S = 20.0


@dataclass
class Crowd:
    """Keeps `size` calls alive through `pbx` while it is at hand, and follows them on its own switchboard."""

    settings: AsteriskSettings
    rng: random.Random
    size: int = 50
    ear: Ear = field(default_factory=Ear)
    board: Switchboard = field(default_factory=lambda: Switchboard("asterisk"))
    ends: dict[str, int] = field(default_factory=dict)  # how often the end of a call was told
    sessions: list[str] = field(default_factory=list)
    unknown_orders: int = 0
    holding: bool = False

    def __post_init__(self) -> None:
        self.board.listen(self)
        self.pbx = AsteriskPbx(self.settings, self._report, rng=random.Random(1))
        self._over: set[str] = set()
        self._wake = asyncio.Event()
        self._orders: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        await self.pbx.start()
        await self.ear.report(Connected)
        self._task = asyncio.create_task(self._keep_busy())
        try:
            yield
        finally:
            self._task.cancel()
            await asyncio.gather(self._task, *self._orders, return_exceptions=True)
            await self.pbx.stop()

    def living(self) -> dict[str, Call]:
        return {id_: call for id_, call in self.board.calls.items() if call.state is not CallState.ENDED}

    async def hold(self) -> None:
        """Order nothing more, and wait until what was ordered is answered."""
        self.holding = True
        async with asyncio.timeout(DEADLINE_S):
            while self._orders:
                await asyncio.wait(self._orders)

    def go_on(self) -> None:
        self.holding = False
        self._wake.set()

    # --- the switchboard's listener -------------------------------------------------------------------------

    def _report(self, report: Report) -> None:
        self.board.report(report)
        self.ear(report)
        self._wake.set()

    def call_changed(self, call: Call) -> None:
        over = call.state is CallState.ENDED
        if over and call.id not in self._over:
            self.ends[call.id] = self.ends.get(call.id, 0) + 1
        (self._over.add if over else self._over.discard)(call.id)

    def client_ready(self, call_id: str) -> None: ...

    def session_changed(self, leg: str) -> None: ...

    def inbound_offered(self, pbx: str, event: InboundOffered) -> None: ...

    def inbound_fell_back(self, call_id: str) -> None: ...

    def inbound_still_rings(self, call_id: str) -> None: ...

    def pbx_changed(self, pbx: str, up: bool, reason: str) -> None: ...

    # --- work -----------------------------------------------------------------------------------------------

    async def _keep_busy(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.pbx.up and not self.holding:
                self._order_more()

    def _order_more(self) -> None:
        living = self.living()
        for _ in range(self.size - len(living)):
            self._dial()
        for call_id in list(self.board.waiting_clients):
            self._join(call_id)
        if len(living) >= self.size and self.rng.random() < 0.3:
            call = living[self.rng.choice(sorted(living))]
            if call.client.created_at is not None:
                self._send(self.pbx.hangup(leg=call.client.id))

    def _dial(self) -> None:
        call = new_id()
        self.board.expect(outbound(call))
        number = f"+7916111{self.rng.randrange(10)}{self.rng.choice(FATES)}"
        self._send(self.pbx.dial(order(call, number, record=False, timeout_s=RING_S)), call)

    def _join(self, call_id: str) -> None:
        busy = {call.operator_leg for call in self.living().values()}
        free = [leg for leg, up in self.board.sessions.items() if up and leg not in busy]
        if free:
            self.board.waiting_clients.discard(call_id)
            self.board.expect(replace(self.board.calls[call_id], operator_leg=free[0]))
            self._send(self.pbx.bridge(client=call_id, operator=free[0]))

    def _send(self, sent: Coroutine[Any, Any, None], call: str = "") -> None:
        async def sending() -> None:
            try:
                await sent
            except (PbxAway, PbxRefused):
                if call:
                    self.board.forget(call)
            except OrderUnknown:
                self.unknown_orders += 1

        task = asyncio.create_task(sending())
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def seat(self, endpoint: str, number: int) -> None:
        """Operators' sessions, up and in their loops."""
        for _ in range(number):
            leg = new_id()
            self.board.expect_session(leg)
            await self.pbx.start_session(leg=leg, endpoint=endpoint, timeout_s=10)
            await self.ear.until(lambda leg=leg: self.board.sessions.get(leg) or None)  # type: ignore[misc]
            self.sessions.append(leg)


def differences(calls: dict[str, Call], sessions: dict[str, bool], legs: Iterable[LiveLeg]) -> list[str]:
    """In what the belief differs from what lives."""
    live = {leg.leg: leg for leg in legs}
    found = [f"ghost {id_}" for id_ in calls if id_ not in live]
    found += [f"not known {leg}" for leg in live if leg not in calls and leg not in sessions]
    found += [f"session {leg}" for leg in sessions if leg not in live]
    for id_, call in calls.items():
        leg = live.get(id_)
        if leg is None:
            continue
        if leg.up != (call.client.answered_at is not None):
            found.append(f"up {leg.up}, believed {call.state}: {id_}")
        if leg.bridge != call.client.bridge:
            found.append(f"in bridge {leg.bridge!r}, believed {call.client.bridge!r}: {id_}")
    return found


@dataclass
class Witness:
    """A connection of its own, which nothing happens to: what lives, and who ended when."""

    settings: AsteriskSettings
    ear: Ear = field(default_factory=Ear)

    def __post_init__(self) -> None:
        self.pbx = AsteriskPbx(self.settings, self.ear, rng=random.Random(3))

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        await self.pbx.start()
        await self.ear.report(Connected)
        try:
            yield
        finally:
            await self.pbx.stop()

    def ended(self) -> dict[str, float]:
        return {event.leg: event.at for event in self.ear.heard if isinstance(event, LegEnded)}

    async def agrees(self, crowd: Crowd, within_s: float) -> float:
        """Seconds until CoreShowChannels was asked and said what is believed; AssertionError with the differences.

        A list that was asked for in time may come late: how long it takes is the witness's affair.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            asked = loop.time() - began
            legs = (await self.pbx.snapshot()).legs
            found = differences(crowd.living(), crowd.board.sessions, legs)
            if not found:
                return asked
            assert asked < within_s, found
            await asyncio.sleep(0.01)  # nobody announces that two views have become one
