"""The running daemon's lines as people see and steer them: the kill switch first of all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from dialer.store.engine import Store
from dialer.telephony import dialling, line_orders, policies
from dialer.telephony.lines import Line
from dialer.telephony.policies import Person, Proposal
from dialer.telephony.policy import SERVICE, Policy, Refused, Scope
from dialer.telephony.ranges import Range, leads_abroad
from dialer.telephony.stops import Stops
from dialer.telephony.use import load_use

log = logging.getLogger(__name__)

_AT_MACHINE = Person(id=None, name="command line")
HangUp = Callable[[str], Awaitable[int]]


class LineView(Struct, frozen=True, kw_only=True):
    """One line with its use now and today. Money is in thousandths."""

    name: str
    region: str
    capacity: int
    live: int
    minute: int
    seconds: int
    cost: int
    caller_ids: tuple[str, ...]
    configured: tuple[Range, ...]
    policy: Policy


class LinesView(Struct, frozen=True, kw_only=True):
    """Every line, what holds for all of them, and what waits for a second person."""

    lines: list[LineView]
    service: Policy
    proposals: list[Proposal]


class LineUnknown(Exception):
    """There is no line of this name."""


class LineControl:
    """`hang_up` ends the live outbound calls of a line ("" = of all) and gives their number."""

    def __init__(
        self,
        store: Store,
        lines: Mapping[str, Line],
        stops: Stops,
        now: Callable[[], datetime],
        hang_up: HangUp,
    ) -> None:
        self._store, self._lines, self._stops = store, lines, stops
        self._now = now
        self._hang_up = hang_up

    async def start(self) -> None:
        """Take up what was stopped before the daemon was."""
        for name, policy in (await self._store.read(policies.load_all)).items():
            if policy.stopped:
                self._stops.stop(name)
                log.warning("stopped still: %s", f"line {name}" if name else "all dialling")

    def check(self, line: str) -> str:
        """The name, if it is a line's or the whole service's. Raises `LineUnknown`."""
        if line != SERVICE and line not in self._lines:
            raise LineUnknown(line)
        return line

    async def stop(self, line: str, by: Person, *, hang_up: bool) -> int:
        """Nothing is dialled from now on; gives how many live calls were ended."""
        now = self._now()
        self._stops.stop(
            self.check(line)
        )  # at once: should the store fail, memory still says no until it answers
        log.warning(
            "stopped by %s: %s", by.id or "the command line", f"line {line}" if line else "all dialling"
        )
        await self._store.write(lambda conn: policies.stop(conn, line, by, now))
        return await self._hang_up(line) if hang_up else 0

    async def resume(self, line: str, by: Person) -> None:
        now = self._now()
        await self._store.write(lambda conn: policies.resume(conn, self.check(line), by, now))
        self._stops.let_go(line)
        log.warning("let go on by %s: %s", by.id or "the command line", line or "all dialling")

    async def change(self, line: str, values: dict[str, Any], by: Person) -> None:
        now = self._now()
        await self._store.write(lambda conn: policies.change(conn, self.check(line), values, by, now))

    async def change_range(self, line: str, wanted: Range, *, remove: bool, by: Person) -> bool:
        """Whether the range holds from now on; False = it leads abroad and waits for a second person."""
        now = self._now()
        regions = {one.region for one in self._lines.values() if self.check(line) in (SERVICE, one.name)}
        # On a thread: telling countries that share a code apart takes a tenth of a second.
        abroad = [await asyncio.to_thread(leads_abroad, wanted.prefix, region) for region in regions]

        def set_it(conn: Connection) -> bool:
            return policies.change_range(
                conn, line, wanted, remove=remove, abroad=any(abroad), by=by, now=now
            )

        return await self._store.write(set_it)

    async def answer(self, proposal_id: int, *, agreed: bool, by: Person) -> Refused | None:
        now = self._now()
        return await self._store.write(
            lambda conn: policies.answer(conn, proposal_id, agreed=agreed, by=by, now=now)
        )

    def numbers(self, conn: Connection, line: str) -> Sequence[str]:
        """The line's own, of which a client may see one. Raises `LineUnknown`."""
        if line not in self._lines:
            raise LineUnknown(line)
        return dialling.numbers_of(self._lines[line], policies.load(conn, line))

    async def take_order(self, path: Path) -> None:
        """Carry out what the command line left, if anything."""
        order = line_orders.take(path)
        if order is None:
            return
        if order.line != SERVICE and order.line not in self._lines:
            log.warning("line order not taken: there is no such line")
        elif order.action == "stop":
            await self.stop(order.line, _AT_MACHINE, hang_up=order.hang_up)
        else:
            await self.resume(order.line, _AT_MACHINE)
        line_orders.done(path)

    async def view(self) -> LinesView:
        return await self._store.read(self._load)

    def _load(self, conn: Connection) -> LinesView:
        now, found = self._now(), policies.load_all(conn)
        lines = [self._line(conn, line, found.get(line.name, Policy()), now) for line in self._lines.values()]
        return LinesView(lines=lines, service=found[SERVICE], proposals=policies.proposals(conn))

    def _line(self, conn: Connection, line: Line, policy: Policy, now: datetime) -> LineView:
        carried, by_scope = load_use(conn, line.name, {Scope.LINE: line.name}, now)
        use = by_scope[Scope.LINE]
        return LineView(
            name=line.name,
            region=line.region,
            capacity=line.capacity,
            live=carried,
            minute=use.minute,
            seconds=use.seconds,
            cost=use.cost,
            caller_ids=tuple(dialling.numbers_of(line, policy)),
            configured=line.ranges,
            policy=policy,
        )
