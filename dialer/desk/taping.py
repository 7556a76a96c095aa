"""What an operator does to the recording of a call: keeps a card number out of it, and lets it go on.

A pause begins for the operator only when the PBX has said that it does: what is said before that is recorded.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from dialer.campaigns.model import Refusal
from dialer.desk import work as units
from dialer.desk.block_pause import by_hand, due
from dialer.desk.forgotten import lasts_too_long
from dialer.desk.model import BlockPause, CallRecord, Desk, evolve
from dialer.desk.orders import Orders, Sent
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.world import DeskRefused, World
from dialer.events import PauseForgotten
from dialer.store import outbox
from dialer.telephony import service as calls
from dialer.telephony.port import OrderUnknown, PbxError

log = logging.getLogger(__name__)

AGAIN = timedelta(seconds=3)  # after the PBX refused a pause that a block asks for


class Taping:
    """Each verb is called with the room's lock held."""

    def __init__(self, world: World, rooms: Rooms, orders: Orders) -> None:
        self.world = world
        self._rooms = rooms
        self._orders = orders

    async def pause(self, room: Room, on: bool) -> None:
        """Pause the recording, or let it go on."""
        call = _recorded_call(room)
        if on is (call.paused_at is not None):
            return
        if on:
            await self._pause(room, call, by_hand(room.loaded))
            return
        order = self.world.pbx(call.pbx).pause_recording(leg=call.leg, paused=False)
        if await self._orders.send(room, order) is Sent.DONE:
            await self._resumed(room, how="operator")

    def is_due(self, room: Room) -> bool:
        """Whether the script's block asks for something that is not so, and may be ordered now."""
        call = _own_call(room)
        ready = room.block_pause_after is None or room.block_pause_after <= self.world.now()
        return ready and call is not None and self.world.pbx(call.pbx).up and due(call, room.loaded) != ""

    async def follow_script(self, room: Room, *, stepped: bool = False) -> None:
        """Pause where the script's block says so, go on when it is left (`block_pause`); the sweep tries again."""
        call = _own_call(room)
        what = due(call, room.loaded, stepped=stepped) if call is not None else ""
        if call is None or not what:
            return
        room.block_pause_after = self.world.now() + AGAIN
        if what == "pause":
            await self._pause(room, call, "stands")
        elif what == "forget":
            await self._forget(room)
        else:
            order = self.world.pbx(call.pbx).pause_recording(leg=call.leg, paused=False)
            if await self._orders.send(room, order) is Sent.DONE:
                await self._resumed(room, how="script")

    async def catch_up(self, room: Room) -> None:
        """The same by the clock: a recording that began on such a block, an order that was refused, a restart."""
        async with self._rooms.changing(room):
            if self.is_due(room):
                await self.follow_script(room)
                self._rooms.push(room)

    async def _pause(self, room: Room, call: CallRecord, block_pause: BlockPause) -> None:
        asked = self.world.now()
        try:
            await self.world.pbx(call.pbx).pause_recording(leg=call.leg, paused=True)
        except OrderUnknown:
            # It may be paused: then it has to go on again, by the operator's word or by time.
            room.refusal = Refusal(code="pause_unknown")
        except PbxError as error:
            room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})
            return
        user_id, desk = room.user.id, _with_pause(room, asked, block_pause, self.world.now())

        def write(conn: Connection) -> Desk:
            calls.pause_recording(conn, call.id, user_id=user_id, at=asked)
            return units.keep(conn, desk)

        room.desk = await self.world.store.write(write)

    async def _resumed(self, room: Room, *, how: str) -> None:
        call, now, operator_id = _recorded_call(room), self.world.now(), room.user.id
        desk = _with_pause(room, None, "" if how == "script" else by_hand(room.loaded), now)

        def write(conn: Connection) -> Desk:
            if calls.resume_recording(conn, call.id, how=how, at=now) and how == "time":
                outbox.append(conn, PauseForgotten(call_id=call.id, operator_id=operator_id), now)
            return units.keep(conn, desk)

        room.desk = await self.world.store.write(write)

    async def _forget(self, room: Room) -> None:
        call = _recorded_call(room)
        desk = _with_pause(room, call.paused_at, "", self.world.now())
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))

    def is_forgotten(self, call: CallRecord, now: datetime) -> bool:
        return lasts_too_long(call, self.world.longest_pause, now) and self.world.pbx(call.pbx).up

    async def resume_forgotten(self, room: Room) -> None:
        """Let a recording go on whose pause lasted too long, and tell the operator; tried again until it does."""
        async with self._rooms.changing(room):
            work = room.desk.work
            if work is None or work.call is None or not self.is_forgotten(work.call, self.world.now()):
                return
            order = self.world.pbx(work.call.pbx).pause_recording(leg=work.call.leg, paused=False)
            if await self._orders.send(room, order) is Sent.DONE:
                log.warning("pause forgotten: call %s is recorded again", work.call.id)
                await self._resumed(room, how="time")
                room.refusal = Refusal(code="pause_forgotten")
            self._rooms.push(room)


def _own_call(room: Room) -> CallRecord | None:
    work = room.desk.work
    return work.call if work is not None and not work.handed_on else None


def _recorded_call(room: Room) -> CallRecord:
    call = _own_call(room)
    if call is None or call.ended:
        raise DeskRefused("no_call")
    if call.recording_at is None:
        raise DeskRefused("not_recorded")
    return call


def _with_pause(room: Room, since: datetime | None, block_pause: BlockPause, now: datetime) -> Desk:
    work = room.desk.work
    if work is None or work.call is None:
        return room.desk
    resumed_at = now if since is None else work.call.resumed_at
    call = msgspec.structs.replace(work.call, paused_at=since, resumed_at=resumed_at, block_pause=block_pause)
    return evolve(room.desk, now, work=msgspec.structs.replace(work, call=call))
