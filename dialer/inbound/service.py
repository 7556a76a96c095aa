"""Calls from outside: identified before they ring, offered to a free operator, given back where nobody is free."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from dialer.campaigns import service as campaigns
from dialer.campaigns.model import Campaign
from dialer.clients import service as clients
from dialer.clients.numbers import normalise
from dialer.desk import work as units
from dialer.desk.model import CallRecord, Desk, Work, state_of
from dialer.desk.room import Room
from dialer.desk.service import Desks
from dialer.inbound.routing import Candidate, choose
from dialer.store.errors import StoreError
from dialer.telephony import service as calls
from dialer.telephony.lines import Line, line_called
from dialer.telephony.model import CallState, EndReason, InboundOffered, Party
from dialer.telephony.port import PbxError
from dialer.telephony.tracker import inbound

log = logging.getLogger(__name__)

OFFER = timedelta(seconds=20)  # how long a call rings at one operator
MOST_AT_ONCE = 200  # calls being looked up together; beyond that the dialplan's own fallback takes them


class Inbound:
    """Follows each call from outside from its offer until an operator took it, or nobody did."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._world = desks.world
        self._tried: dict[str, set[int]] = {}
        self._asking: set[str] = set()  # calls for which an operator is being looked for at this moment
        self._gone: set[str] = set()  # calls that the dialplan took back meanwhile
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def offered(self, event: InboundOffered) -> None:
        """A call asks where to go: follow it at once, and look for an operator."""
        if len(self._tasks) >= MOST_AT_ONCE:
            log.warning("inbound calls beyond %s at once: left to the dialplan", MOST_AT_ONCE)
            return
        call_id = self._world.new_id()
        self._world.switchboard.expect(inbound(call_id, event.leg, event.at))
        self._asking.add(call_id)
        self._spawn(self._route(call_id, event))

    def fell_back(self, call_id: str) -> None:
        """The dialplan went its own way with a call: from now on it is not ours to take."""
        if call_id in self._asking:
            self._gone.add(call_id)
        elif (room := self._desks.rooms.with_call(call_id)) is not None:
            self._spawn(self._taken_back(room, call_id))

    async def _taken_back(self, room: Room, call_id: str) -> None:
        work = room.desk.work
        if work is None or work.call is None or not await self._desks.following.withdraw(room, call_id):
            return
        await self._lose(call_id, self._as_offered(work.call), self._world.lines.get(work.call.line))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("inbound call failed", exc_info=error)

    async def _route(self, call_id: str, event: InboundOffered) -> None:
        line = line_called(self._world.lines, event.dialled)
        try:
            if line is None or not await self._offer(call_id, event, line):
                await self._lose(call_id, event, line)
        except StoreError as error:
            log.warning("inbound call left to the dialplan: %s", error)
            self._world.switchboard.forget(call_id)
        finally:
            self._asking.discard(call_id)
            self._gone.discard(call_id)

    async def _offer(self, call_id: str, event: InboundOffered, line: Line) -> bool:
        """Offer the call to free operators, one after the other, until one has it on the page."""
        tried = self._tried.setdefault(call_id, set())
        while (
            not self._is_lost(call_id)
            and (operator_id := choose(self._candidates(), tried=tried)) is not None
        ):
            tried.add(operator_id)
            room = self._desks.rooms.all[operator_id]
            begin = self._begin(room, call_id, event, line)
            if not await self._desks.following.offer(room, begin):
                continue
            if self._is_lost(call_id):
                await self._desks.following.withdraw(room, call_id)
                return False
            try:
                await self._world.pbx.ring_inbound(leg=event.leg)
            except PbxError as error:
                log.warning("inbound call slipped away: call %s, %s", call_id, error.code)
                await self._desks.following.withdraw(room, call_id)
                return False
            return True
        return False

    def _is_lost(self, call_id: str) -> bool:
        """Whether the caller hung up, or the dialplan took the call back: nobody is to be asked any more."""
        call = self._world.switchboard.calls.get(call_id)
        return call_id in self._gone or call is None or call.state is CallState.ENDED

    def _candidates(self) -> list[Candidate]:
        return [
            Candidate(
                operator_id=operator_id,
                state=state_of(room.desk),
                since=room.desk.since,
                page_open=bool(room.watchers),
            )
            for operator_id, room in self._desks.rooms.all.items()
        ]

    def _begin(
        self, room: Room, call_id: str, event: InboundOffered, line: Line
    ) -> Callable[[Connection, Desk], tuple[Desk, units.Loaded] | None]:
        now, new_id = self._world.now(), self._world.new_id
        number = normalise(event.number, line.region) if event.number else None
        user, pbx = room.user, self._world.pbx.name

        def begin(conn: Connection, desk: Desk) -> tuple[Desk, units.Loaded] | None:
            campaign = campaigns.inbound_of(conn, line.name)
            if campaign is None:
                return None
            client_id = _client_of(conn, number, event, now)
            call = CallRecord(
                id=call_id,
                leg=event.leg,
                direction="inbound",
                number=number or "",
                line=line.name,
                state=CallState.RINGING,
                started_at=now,
                record=campaign.record,
            )
            _write_down(conn, call, campaign, client_id, user.id, pbx)
            work = Work(
                id=new_id(),
                direction="inbound",
                campaign_id=campaign.id,
                client_id=client_id,
                call=call,
                began_at=now,
                offered_until=now + OFFER,
            )
            return units.begin(conn, desk, work, campaign, language=user.language, now=now, new_id=new_id)

        return begin

    async def _lose(self, call_id: str, event: InboundOffered, line: Line | None) -> None:
        """Nobody took it: written down, and left to the dialplan's fallback."""
        self._tried.pop(call_id, None)
        live = self._world.switchboard.calls.get(call_id)
        given_up = live is not None and live.state is CallState.ENDED
        self._world.switchboard.forget(call_id)
        now, pbx = self._world.now(), self._world.pbx.name
        number = normalise(event.number, line.region) if line is not None and event.number else None
        name = line.name if line is not None else ""

        def lose(conn: Connection) -> None:
            if not calls.known(conn, call_id):
                calls.start(
                    conn,
                    now=now,
                    id=call_id,
                    direction="inbound",
                    pbx=pbx,
                    leg=event.leg,
                    line=name,
                    number=number or "",
                )
            calls.change(
                conn,
                call_id,
                now,
                operator_id=None,
                ended_at=now,
                outcome="no_answer",
                end_reason=EndReason.HANGUP.value if given_up else "fell_back",
                ended_by=Party.CLIENT.value if given_up else "",
            )

        await self._world.store.write(lose)

    async def sweep(self) -> None:
        """Calls that rang too long at one operator go to the next, or back to the dialplan."""
        now = self._world.now()
        for room in list(self._desks.rooms.all.values()):
            work = room.desk.work
            if work is None or work.call is None or work.offered_until is None or work.offered_until > now:
                continue
            call = work.call
            if await self._desks.following.withdraw(room, call.id):
                self._tried.setdefault(call.id, set()).add(room.user.id)  # also of a daemon's life before
                await self._pass_on(call)
        live = self._world.switchboard.calls
        self._tried = {call_id: tried for call_id, tried in self._tried.items() if call_id in live}

    def _as_offered(self, call: CallRecord) -> InboundOffered:
        at = self._world.now().timestamp() + self._world.pbx.clock_offset_s
        return InboundOffered(leg=call.leg, at=at, number=call.number, name="", dialled="")

    async def _pass_on(self, call: CallRecord) -> None:
        line, event = self._world.lines.get(call.line), self._as_offered(call)
        self._asking.add(call.id)
        try:
            if line is not None and await self._offer(call.id, event, line):
                return
            lost = self._is_lost(call.id)
            await self._lose(call.id, event, line)
        finally:
            self._asking.discard(call.id)
            self._gone.discard(call.id)
        if lost:
            return
        try:
            await self._world.pbx.release_inbound(leg=call.leg)
        except PbxError as error:
            log.warning("inbound call not given back: call %s, %s", call.id, error.code)


def _client_of(conn: Connection, number: str | None, event: InboundOffered, now: datetime) -> int:
    """The client who has this number, or a new one with the number filled in."""
    known = clients.identify(conn, number) if number is not None else []
    if known:
        return known[0]
    numbers = [(number, "")] if number is not None else []
    return clients.create(conn, name="", numbers=numbers, now=now, is_new=True)


def _write_down(
    conn: Connection, call: CallRecord, campaign: Campaign, client_id: int, operator_id: int, pbx: str
) -> None:
    whose: dict[str, Any] = {"operator_id": operator_id, "campaign_id": campaign.id, "client_id": client_id}
    if calls.known(conn, call.id):
        calls.change(conn, call.id, call.started_at, **whose)
        return
    calls.start(
        conn,
        now=call.started_at,
        id=call.id,
        direction="inbound",
        pbx=pbx,
        leg=call.leg,
        line=call.line,
        number=call.number,
        **whose,
    )
