"""Calls from outside: identified before they ring, offered to a free operator, given back where nobody is free."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from dialer.campaigns import holds
from dialer.desk import work as units
from dialer.desk.kept import Loaded
from dialer.desk.model import CallRecord, Desk, Work, evolve, state_of
from dialer.desk.room import Room
from dialer.desk.service import Desks
from dialer.desk.view import DeskState
from dialer.health.figures import Figure, count, gauge
from dialer.inbound.routing import Free, choose
from dialer.inbound.work import OFFER, Caller, begin, caller_of, lose
from dialer.store.errors import StoreError
from dialer.telephony.lines import Line, line_called
from dialer.telephony.model import CallState, InboundOffered
from dialer.telephony.port import PbxError
from dialer.telephony.tracker import inbound

log = logging.getLogger(__name__)

TAKING = timedelta(seconds=2)  # how long after the dialplan's word a call that was taken may still come to us
MOST_AT_ONCE = 200  # calls being looked up together; beyond that the dialplan's own fallback takes them


class Inbound:
    """Follows each call from outside from its offer until an operator took it, or nobody did.

    `tasks` are the calls being dealt with at this moment.
    """

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._world = desks.world
        self._tried: dict[str, set[int]] = {}
        self._asking: set[str] = set()  # calls for which an operator is being looked for at this moment
        self._gone: set[str] = set()  # calls that the dialplan took back meanwhile
        self._doubtful: dict[
            str, datetime
        ] = {}  # taken, but the dialplan says that it went its own way: since when
        self._held: set[str] = set()  # works whose client is known to be held for them
        self.tasks: set[asyncio.Task[None]] = set()
        self.left = 0  # calls left to the dialplan because too many came at once

    def figures(self) -> Iterator[Figure]:
        yield gauge("inbound_at_once", "Calls from outside being dealt with.", len(self.tasks))
        says = "Calls from outside left to the dialplan, for too many came at once."
        yield count("inbound_left", says, self.left)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # --- what the PBX reports -------------------------------------------------------------------------------

    def offered(self, pbx: str, event: InboundOffered) -> None:
        """A call asks where to go: follow it at once, and look for an operator."""
        if len(self.tasks) >= MOST_AT_ONCE:
            self.left += 1
            log.warning("inbound calls beyond %s at once: left to the dialplan", MOST_AT_ONCE)
            return
        call_id = self._world.new_id()
        self._world.switchboard.expect(inbound(call_id, event.leg, event.at), pbx=pbx)
        self._asking.add(call_id)
        line = line_called(self._lines_at(pbx), event.dialled)
        self._spawn(self._route(caller_of(call_id, leg=event.leg, pbx=pbx, line=line, number=event.number)))

    def _lines_at(self, pbx: str) -> dict[str, Line]:
        return {name: line for name, line in self._world.lines.items() if self._world.same_pbx(line.pbx, pbx)}

    def fell_back(self, call_id: str) -> None:
        """The dialplan went its own way with a call: from now on it is not ours to take."""
        if call_id in self._asking:
            self._gone.add(call_id)
        elif (room := self._desks.rooms.with_call(call_id)) is not None:
            self._spawn(self._taken_back(room, call_id))

    def still_rings(self, call_id: str) -> None:
        """After a gap: a call stands where nobody has taken it yet, whatever its desk believes."""
        room = self._desks.rooms.with_call(call_id)
        if room is not None:
            self._spawn(self._offer_again(room, call_id))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("inbound call failed", exc_info=error)

    # --- offering -------------------------------------------------------------------------------------------

    async def _route(self, caller: Caller) -> None:
        try:
            if not await self._offer(caller):
                await self._lose(caller)
        except StoreError as error:
            log.warning("inbound call left to the dialplan: %s", error)
            self._world.switchboard.forget(caller.call_id)
        finally:
            self._asking.discard(caller.call_id)
            self._gone.discard(caller.call_id)

    async def _offer(self, caller: Caller) -> bool:
        """Offer the call to free operators, one after the other, until one has it on the page."""
        call_id, line = caller.call_id, caller.line
        if line is None:
            return False
        tried, holder = self._tried.setdefault(call_id, set()), self._holder(caller.e164)
        while (
            not self._is_lost(call_id)
            and (operator_id := choose(self._free(caller, tried), holder=holder)) is not None
        ):
            tried.add(operator_id)
            room = self._desks.rooms.all[operator_id]
            if not await self._desks.following.offer(room, self._begin(room, caller, line)):
                continue
            if self._is_lost(call_id):
                await self._desks.following.withdraw(room, call_id)
                return False
            try:
                await self._world.pbx(caller.pbx).ring_inbound(leg=caller.leg)
            except PbxError as error:
                log.warning("inbound call slipped away: call %s, %s", call_id, error.code)
                await self._desks.following.withdraw(room, call_id)
                return False
            return True
        return False

    def _holder(self, number: str | None) -> int | None:
        """The operator on whose desk the caller's number lies; from memory, for the store's answer takes longer."""
        for operator_id, room in self._desks.rooms.all.items():
            if room.loaded is not None and any(phone.e164 == number for phone in room.loaded.client.phones):
                return operator_id
        return None

    def _is_lost(self, call_id: str) -> bool:
        """Whether the caller hung up, or the dialplan took the call back: nobody is to be asked any more."""
        call = self._world.switchboard.calls.get(call_id)
        return call_id in self._gone or call is None or call.state is CallState.ENDED

    def _free(self, caller: Caller, tried: set[int]) -> Iterator[Free]:
        """Operators who may be offered this call: in session at its PBX, free, with a page open, not asked yet."""
        for operator_id, room in self._desks.rooms.all.items():
            desk = room.desk
            if not room.watchers or operator_id in tried or state_of(desk) is not DeskState.READY:
                continue
            if self._world.same_pbx(desk.session_pbx, caller.pbx):
                yield desk.since, operator_id

    def _begin(
        self, room: Room, caller: Caller, line: Line
    ) -> Callable[[Connection, Desk], tuple[Desk, Loaded] | None]:
        now, new_id = self._world.now(), self._world.new_id
        language, same_pbx = room.user.language, self._world.same_pbx

        def unit(conn: Connection, desk: Desk) -> tuple[Desk, Loaded] | None:
            # While the call waited for the desk, its page may have gone, or its session to another PBX.
            if not room.watchers or not same_pbx(desk.session_pbx, caller.pbx):
                return None
            return begin(conn, desk, caller, line, language=language, now=now, new_id=new_id)

        return unit

    async def _lose(self, caller: Caller) -> None:
        """Nobody took it: written down, and left to the dialplan's fallback."""
        call_id, now = caller.call_id, self._world.now()
        self._tried.pop(call_id, None)
        live = self._world.switchboard.calls.get(call_id)
        given_up = live is not None and live.state is CallState.ENDED
        self._world.switchboard.forget(call_id)
        await self._world.store.write(lambda conn: lose(conn, caller, given_up=given_up, now=now))

    # --- calls on desks that the dialplan, or a gap, says more of -------------------------------------------------

    async def _taken_back(self, room: Room, call_id: str) -> None:
        work = room.desk.work
        if work is None or work.call is None:
            return
        if await self._desks.following.withdraw(room, call_id):
            await self._lose(self._caller(work, work.call))
        else:
            # The operator pressed the button in the same moment, or our order was lost: which, a moment will show.
            self._doubtful[call_id] = self._world.now()

    async def _clear_doubt(self, room: Room, call_id: str) -> None:
        """Take a call off the desk that was taken there but never came."""
        async with self._desks.rooms.changing(room):
            work = room.desk.work
            if work is None or work.call is None or work.call.id != call_id or self._has_come(work.call):
                return
            await self._desks.rooms.clear(room)
            self._desks.rooms.push(room)
        await self._lose(self._caller(work, work.call))

    def _has_come(self, call: CallRecord) -> bool:
        """Whether the operator was joined with it, is being so, or it is over: then it is followed as any call."""
        live = self._world.switchboard.calls.get(call.id)
        return (
            call.bridged_at is not None
            or self._world.switchboard.is_waiting(call.id)
            or (live is not None and (live.bridged_at is not None or live.state is CallState.ENDED))
        )

    async def _offer_again(self, room: Room, call_id: str) -> None:
        async with self._desks.rooms.changing(room):
            work, live = room.desk.work, self._world.switchboard.calls.get(call_id)
            if work is None or work.call is None or work.call.id != call_id or work.offered_until is not None:
                return
            if live is None or live.client.answered_at is not None or live.state is CallState.ENDED:
                return
            now = self._world.now()
            again = evolve(room.desk, now, work=msgspec.structs.replace(work, offered_until=now + OFFER))
            room.desk = await self._world.store.write(lambda conn: units.keep(conn, again))
            self._desks.rooms.push(room)

    # --- what time does -------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Calls that rang too long at one operator go to the next, or back to the dialplan."""
        now, rooms = self._world.now(), self._desks.rooms
        self._forget_the_past()
        for call_id in [call_id for call_id, since in self._doubtful.items() if since + TAKING <= now]:
            del self._doubtful[call_id]
            if (room := rooms.with_call(call_id)) is not None:
                await self._clear_doubt(room, call_id)
        for room in list(rooms.all.values()):
            work = room.desk.work
            if work is None or work.call is None or work.offered_until is None or work.offered_until > now:
                continue
            if await self._desks.following.withdraw(room, work.call.id):
                self._tried.setdefault(work.call.id, set()).add(
                    room.user.id
                )  # also of a daemon's life before
                await self._pass_on(self._caller(work, work.call))
        await self._hold()

    def _forget_the_past(self) -> None:
        """What is remembered of calls lasts as long as they do."""
        live = self._world.switchboard.calls
        self._tried = {call_id: tried for call_id, tried in self._tried.items() if call_id in live}
        self._doubtful = {call_id: since for call_id, since in self._doubtful.items() if call_id in live}
        works = (room.desk.work for room in self._desks.rooms.all.values())
        self._held &= {work.id for work in works if work is not None}

    async def _hold(self) -> None:
        """A client whom another operator had out when they called is held here as soon as that is over."""
        for room in list(self._desks.rooms.all.values()):
            if room.lock.locked() or not self._lacks_hold(room.desk.work):
                continue
            async with self._desks.rooms.changing(room):
                if (work := room.desk.work) is not None and await self._hold_for(room, work.client_id):
                    self._held.add(work.id)

    async def _hold_for(self, room: Room, client_id: int) -> bool:
        operator_id = room.user.id
        return await self._world.store.write(lambda conn: holds.hold_for(conn, operator_id, client_id))

    def _lacks_hold(self, work: Work | None) -> bool:
        return work is not None and work.direction == "inbound" and work.id not in self._held

    def _caller(self, work: Work, call: CallRecord) -> Caller:
        """Who called, of a call that is or was on a desk."""
        line = self._world.lines.get(call.line)
        return caller_of(
            call.id, leg=call.leg, pbx=call.pbx, line=line, number=call.number, client_id=work.client_id
        )

    async def _pass_on(self, caller: Caller) -> None:
        self._asking.add(caller.call_id)
        try:
            if await self._offer(caller):
                return
            lost = self._is_lost(caller.call_id)
            await self._lose(caller)
        finally:
            self._asking.discard(caller.call_id)
            self._gone.discard(caller.call_id)
        if lost:
            return
        try:
            await self._world.pbx(caller.pbx).release_inbound(leg=caller.leg)
        except PbxError as error:
            log.warning("inbound call not given back: call %s, %s", caller.call_id, error.code)
