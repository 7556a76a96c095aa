"""How a desk follows its call and its session: level, not edge. It looks at the present truth and catches up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection

from dialer.campaigns.model import Refusal
from dialer.desk import work as units
from dialer.desk.kept import Loaded
from dialer.desk.model import CallRecord, Desk, Work, evolve, follow, is_maybe_muted, state_of
from dialer.desk.orders import PAUSE_UNSURE, Orders
from dialer.desk.parties import Parties
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.view import DeskState
from dialer.desk.world import World
from dialer.store.errors import StoreError
from dialer.telephony.model import Call, CallState, EndReason
from dialer.telephony.port import PbxError

log = logging.getLogger(__name__)

UNMUTED = {"muted": False, "mute_unsure": False}  # a leg that is gone is silenced by nobody
RETRY_S = 1.0  # pause before a desk tries again to write down what it could not


class Following:
    def __init__(self, world: World, rooms: Rooms, orders: Orders, parties: Parties) -> None:
        self.world = world
        self._rooms = rooms
        self._orders = orders
        self._parties = parties

    async def run(self, room: Room) -> None:
        """Follow one desk for as long as the daemon runs; `room.dirty` wakes it."""
        while True:
            await room.dirty.wait()
            room.dirty.clear()
            try:
                await self._voice_first(room)
                async with self._rooms.changing(room):
                    await self._catch_up(room)
                    self._rooms.push(room)
            except StoreError as error:
                log.warning("desk can't be written: operator %s, %s", room.user.id, error)
                asyncio.get_running_loop().call_later(RETRY_S, room.dirty.set)
            except Exception:
                # One desk's fault must not end its follower: it would go blind for the rest of the shift.
                log.exception("desk failed to follow: operator %s", room.user.id)
                asyncio.get_running_loop().call_later(RETRY_S, room.dirty.set)

    async def _voice_first(self, room: Room) -> None:
        """Join a client who waits, though the desk can't be read anew: whose they are the memory knows."""
        async with room.lock:
            work = room.desk.work
            if room.in_doubt and work is not None and work.call is not None and not work.call.ended:
                await self._join(room, work.call)

    async def _catch_up(self, room: Room) -> None:
        await self._follow_session(room)
        await self._follow_guest(room)
        if room.desk.mute_unsure and room.desk.session_up and self._orders.pbx(room).up:
            await self._orders.mute(room, room.desk.muted)
        work = room.desk.work
        live = self.world.switchboard.calls.get(work.call.id) if work is not None and work.call else None
        if work is None or work.call is None or live is None or work.handed_on:
            return
        await self._join(room, work.call)
        await self._parties.catch_up(room, live)
        work = room.desk.work
        if work is None or work.call is None or work.handed_on:
            return
        after = self._followed(work, work.call, live)
        if after == work.call:
            return
        if after.state is CallState.TRANSFERRED:  # by the operator's own phone
            await self._parties.hand_on(room)
            return
        if after.answered_at is not None and work.offered_until is not None:
            taken = msgspec.structs.replace(work, offered_until=None)
            room.desk = evolve(room.desk, self.world.now(), work=taken)
        await self._rooms.write_call(room, after)
        if after.ended or not after.pause_unsure:
            room.no_longer(PAUSE_UNSURE)
        if after.ended and is_maybe_muted(room.desk):
            await self._orders.mute(room, False)
        if work.direction == "inbound" and after.ended and after.answered_at is None:
            # Nobody spoke with the caller, though the operator may have pressed the button: no result is asked for.
            await self._rooms.clear(room)
            self.world.switchboard.forget(after.id)

    def _followed(self, work: Work, call: CallRecord, live: Call) -> CallRecord:
        after = follow(call, live, self._clock_of(call.pbx), self.world.now())
        if after.ended and work.away_until is not None and after.ended_by in ("", "system"):
            return msgspec.structs.replace(after, end_reason=EndReason.OPERATOR_LOST.value)
        if after.state is CallState.TRANSFERRED and live.client.transferred_at is None:
            # In a room whose operator's phone was lost the client speaks with the third, and is still ours; so is
            # one who was parted from a third. Who was really handed over, `Parties` has seen by now.
            return msgspec.structs.replace(after, state=call.state)
        return after

    async def _follow_guest(self, room: Room) -> None:
        """A phone that was lent to a colleague's call is free as soon as that has no use for it."""
        guest = room.desk.guest
        if guest is None:
            return
        live = self.world.switchboard.calls.get(guest.call_id)
        third = live.third.id if live is not None and live.third is not None else ""
        if live is not None and live.state is not CallState.ENDED and third == room.desk.session_leg:
            return
        desk = evolve(room.desk, self.world.now(), guest=None)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))
        room.around_guest = None

    async def _follow_session(self, room: Room) -> None:
        desk, leg = room.desk, room.desk.session_leg
        if not leg:
            return
        up = self.world.switchboard.sessions.get(leg)
        if up is None:
            if not desk.session_up:
                room.refusal = Refusal(code="phone_no_answer")
            call = desk.work.call if desk.work is not None else None
            live = self.world.switchboard.calls.get(call.id) if call is not None else None
            desk = self._parties.lost(desk, live)
            desk = evolve(desk, self.world.now(), session_leg="", session_up=False, **UNMUTED)
        elif up and not desk.session_up:
            desk = evolve(desk, self.world.now(), session_up=True)
        if desk is not room.desk:
            room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))

    async def _join(self, room: Room, call: CallRecord) -> None:
        """Bridge a client who waits with the operator, before anything is written: voice comes first."""
        switchboard, pbx = self.world.switchboard, self.world.pbx(call.pbx)
        if not switchboard.is_waiting(call.id):
            return
        switchboard.no_longer_waits(call.id)
        if call.ended:  # closed here as lost; nobody of ours is to be thrown into it
            await self._orders.send(room, pbx.hangup(leg=call.leg))
            return
        if room.desk.session_up:
            try:
                if is_maybe_muted(room.desk):
                    await self._unmute(room)
                await pbx.bridge(client=call.leg, operator=room.desk.session_leg)
                return
            except PbxError as error:
                log.warning("bridge failed: call %s, %s", call.id, error.code)
                room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})
        else:
            room.refusal = Refusal(code="no_session")
        await self._orders.send(room, pbx.hangup(leg=call.leg))

    async def _unmute(self, room: Room) -> None:
        try:
            await self._orders.mute(room, False)
        except StoreError as error:  # the leg is not silenced any more, and a client waits
            room.in_doubt = True
            log.warning("mute's end not written: operator %s, %s", room.user.id, error)

    def _clock_of(self, pbx: str) -> Callable[[float], datetime]:
        offset_s = self.world.pbx(pbx).clock_offset_s
        return lambda pbx_seconds: datetime.fromtimestamp(pbx_seconds - offset_s, UTC)

    # --- inbound calls --------------------------------------------------------------------------------------

    async def offer(
        self, room: Room, begin: Callable[[Connection, Desk], tuple[Desk, Loaded] | None]
    ) -> bool:
        """Put an inbound call on a desk that is free; False if it no longer is, or the line has no campaign."""
        async with self._rooms.changing(room):
            desk = room.desk
            if state_of(desk) is not DeskState.READY:
                return False
            begun = await self.world.store.write(lambda conn: begin(conn, desk))
            if begun is None:
                return False
            room.desk, room.loaded = begun
            self._tie_operator(room)
            room.refusal = None
            self._rooms.push(room)
            room.dirty.set()
            return True

    def _tie_operator(self, room: Room) -> None:
        """From now on the operator's leg belongs to the call on the desk."""
        work, switchboard = room.desk.work, self.world.switchboard
        call = switchboard.calls.get(work.call.id) if work is not None and work.call is not None else None
        if call is not None:
            switchboard.expect(replace(call, operator_leg=room.desk.session_leg), pbx=room.pbx)

    async def withdraw(self, room: Room, call_id: str) -> bool:
        """Take an offered call off the desk; True if it still stood there unanswered."""
        async with self._rooms.changing(room):
            work = room.desk.work
            if work is None or work.call is None or work.call.id != call_id or work.offered_until is None:
                return False
            live = self.world.switchboard.calls.get(call_id)
            if live is not None and live.client.answered_at is not None:
                room.dirty.set()
                return False
            await self._rooms.clear(room)
            self._rooms.push(room)
            return True
