"""What time does to the desks: previews that ran out, orders of which nothing was ever heard."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timedelta

from dialer.campaigns import leases
from dialer.campaigns.model import Refusal
from dialer.desk import work as units
from dialer.desk.model import CallRecord
from dialer.desk.parties import Parties, is_due
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.taping import Taping
from dialer.desk.verbs import SESSION_RING_S
from dialer.desk.world import World
from dialer.telephony.model import EndReason, Outcome
from dialer.telephony.port import PbxError

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=5)  # the store's own leases, whoever in memory knows of them
NO_TRACE = timedelta(seconds=10)  # beyond the ring timeout
BEFORE_PBX = timedelta(seconds=2)  # we end a bounded call so long before the PBX does
LINGERS = timedelta(seconds=2)  # a leg ends within milliseconds of its own hangup


class Sweep:
    def __init__(self, world: World, rooms: Rooms, parties: Parties, taping: Taping) -> None:
        self.world = world
        self._taping = taping
        self._rooms = rooms
        self._parties = parties
        self._look_again = world.now() + LOOK_EVERY
        self._limited: set[str] = set()  # live calls that were ended for the day's limit abroad
        self._lingering: dict[str, datetime] = {}  # legs that hung up and live on: seen, or hung up, when

    async def run(self) -> None:
        """What is due by the clock: previews that ran out, orders without a trace. Called twice a second."""
        now = self.world.now()
        self.world.switchboard.close_what_is_nowhere(now.timestamp())
        await self._end_what_lingers(now)
        works = [(room, room.desk.work) for room in self._rooms.all.values() if room.desk.work is not None]
        self._limited &= {w.call.id for _, w in works if w is not None and w.call is not None}
        over = any(w.claim and not w.call and w.claim.lease_until <= now for _, w in works if w is not None)
        if over or now >= self._look_again:
            self._look_again = now + LOOK_EVERY
            await self.expire(now)
        for room in list(self._rooms.all.values()):
            if self._session_without_trace(room, now):
                self.world.switchboard.forget_session(room.desk.session_leg)
                room.dirty.set()
            elif room.desk.mute_unsure or (room.desk.work is not None and room.desk.work.returns):
                room.dirty.set()  # its follower asks again
        for room, work in works:
            if work is not None and work.call is not None and self._without_trace(room, work.call, now):
                await self._give_up(room, work.call, now)
            elif work is not None and work.call is not None and self._is_over(work.call, now):
                await self._end_by_limit(room, work.call)
            elif work is not None and work.call is not None and self._taping.is_forgotten(work.call, now):
                await self._taping.resume_forgotten(room)
            elif self._taping.is_due(room):
                await self._taping.catch_up(room)
            if is_due(work, now):
                await self._parties.sweep(room, now)

    async def _end_what_lingers(self, now: datetime) -> None:
        """A client who is gone and a PBX that did not notice: nobody is to sit in a call with nobody."""
        alive = dict(self.world.switchboard.lingering())
        self._lingering = {leg: self._lingering.get(leg, now) for leg in alive}
        for leg, since in list(self._lingering.items()):
            if since + LINGERS > now:
                continue
            self._lingering[leg] = now
            log.warning("hung up once more: leg %s lives though its own end hung up", leg)
            with contextlib.suppress(PbxError):  # it is asked again after as long
                await self.world.pbx(alive[leg]).hangup(leg=leg)

    async def expire(self, now: datetime) -> None:
        """Free every claim whose preview is over, and take it off the page."""
        gone = set(await self.world.store.write(lambda conn: leases.expire(conn, now)))
        for room in self._rooms.all.values():
            work = room.desk.work
            if work is None or work.claim is None or (work.claim.entry_id, work.claim.epoch) not in gone:
                continue
            async with self._rooms.changing(room):
                work = room.desk.work
                if work is None or work.claim is None:
                    continue
                if (work.claim.entry_id, work.claim.epoch) in gone:
                    await self._rooms.clear(room)
                    room.refusal = Refusal(code="preview_over")
                    self._rooms.push(room)

    def _session_without_trace(self, room: Room, now: datetime) -> bool:
        """The phone was ordered to ring, and nothing was ever heard of it."""
        if not room.desk.session_leg or room.desk.session_up or not self.world.pbx(room.pbx).up:
            return False
        since = room.connecting_since or room.desk.since
        return since + timedelta(seconds=SESSION_RING_S) + NO_TRACE <= now

    def _without_trace(self, room: Room, call: CallRecord, now: datetime) -> bool:
        if call.ended or call.direction != "outbound" or room.loaded is None:
            return False
        if not self.world.pbx(call.pbx).up:
            return False
        live = self.world.switchboard.calls.get(call.id)
        limit = timedelta(seconds=room.loaded.campaign.ring_timeout_s) + NO_TRACE
        seen = live is not None and (
            live.client.created_at is not None or live.client.answered_at is not None
        )
        return not seen and call.answered_at is None and call.started_at + limit <= now

    def _is_over(self, call: CallRecord, now: datetime) -> bool:
        if call.most_s is None or call.ended or call.id in self._limited or not self.world.pbx(call.pbx).up:
            return False
        return call.started_at + timedelta(seconds=call.most_s) - BEFORE_PBX <= now

    async def _end_by_limit(self, room: Room, call: CallRecord) -> None:
        """The PBX would end it in a moment by itself, and nobody would know why."""
        async with self._rooms.changing(room):
            work = room.desk.work
            if work is None or work.call is None or work.call.id != call.id or work.call.ended:
                return
            try:
                await self.world.pbx(call.pbx).hangup(leg=call.leg)
            except PbxError:
                return  # it has the order to end it in any case
            self._limited.add(call.id)
            log.warning("call %s ended: the day's limit abroad is reached", call.id)
            room.refusal = Refusal(code="call_limit")
            self._rooms.push(room)

    async def _give_up(self, room: Room, call: CallRecord, now: datetime) -> None:
        async with self._rooms.changing(room):
            work = room.desk.work
            if work is None or work.call is None or work.call.id != call.id or work.call.ended:
                return
            self.world.switchboard.forget(call.id)
            await self._rooms.write_call(
                room, units.close_unsent(work.call, EndReason.LOST_SIGHT, Outcome.UNKNOWN, now)
            )
            self._rooms.push(room)
