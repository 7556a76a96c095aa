"""What an operator does to the recording of a call: keeps a card number out of it, and lets it go on.

A pause begins for the operator only when the PBX has said that it does: what is said before that is recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import Connection

from dialer.campaigns.model import Refusal
from dialer.desk import work as units
from dialer.desk.block_pause import by_hand, due
from dialer.desk.forgotten import lasts_too_long
from dialer.desk.model import BlockPause, CallRecord, Desk, evolve
from dialer.desk.orders import PAUSE_UNSURE, Orders, Sent
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.world import DeskRefused, World
from dialer.events import PauseForgotten
from dialer.store import outbox
from dialer.telephony import service as calls

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
        if on is (call.paused_at is not None) and not call.pause_unsure:
            return
        if on:
            await self._pause(room, call, by_hand(room.loaded))
        else:
            await self._go_on(room, call, how="operator")

    def is_due(self, room: Room) -> bool:
        """Whether the script's block asks for something that is not so, and may be ordered now."""
        call = _own_call(room)
        ready = room.block_pause_after is None or room.block_pause_after <= self.world.now()
        if call is None or call.ended or not ready or not self.world.pbx(call.pbx).up:
            return False
        return call.pause_unsure != "" or due(call, room.loaded) != ""

    async def follow_script(self, room: Room, *, stepped: bool = False) -> None:
        """Pause where the script's block says so, go on when it is left (`block_pause`); the sweep tries again."""
        call = _own_call(room)
        what = due(call, room.loaded, stepped=stepped) if call is not None else ""
        if call is None or call.ended or not (what or call.pause_unsure):
            return
        room.block_pause_after = self.world.now() + AGAIN
        if what == "pause":
            await self._pause(room, call, "stands")
        elif what == "forget":
            await self._keep(room, block_pause="")
        elif what == "resume":
            await self._go_on(room, call, how="script")
        elif call.pause_unsure == "pause":
            await self._pause(room, call, call.block_pause)
        else:
            await self._go_on(room, call, how="operator")

    async def catch_up(self, room: Room) -> None:
        """The same by the clock: a recording that began on such a block, an order refused or in doubt, a restart."""
        async with self._rooms.changing(room):
            if self.is_due(room):
                await self.follow_script(room)
                self._rooms.push(room)

    async def _pause(self, room: Room, call: CallRecord, block_pause: BlockPause) -> None:
        """After an answer that is lost it may be paused: it is asked again, and has to go on again."""
        asked, user_id = self.world.now(), room.user.id
        sent = await self._send(room, call, paused=True)
        if sent is Sent.REFUSED:
            return
        unsure = "pause" if sent is Sent.UNKNOWN else ""

        def begin(conn: Connection) -> None:
            if call.paused_at is None:
                calls.pause_recording(conn, call.id, user_id=user_id, at=asked)

        since = call.paused_at or asked
        await self._keep(room, begin, paused_at=since, pause_unsure=unsure, block_pause=block_pause)

    async def _go_on(
        self, room: Room, call: CallRecord, *, how: Literal["operator", "script", "time"]
    ) -> bool:
        """Let the recording go on; False if that is not sure yet."""
        over: BlockPause = "" if how == "script" else by_hand(room.loaded)
        sent = await self._send(room, call, paused=False)
        if sent is Sent.UNKNOWN:  # asked again, by whom it was asked now
            stands = over if how == "operator" else call.block_pause
            await self._keep(room, pause_unsure="resume", block_pause=stands)
        if sent is not Sent.DONE:
            return False
        now, operator_id = self.world.now(), room.user.id

        def end(conn: Connection) -> None:
            if calls.resume_recording(conn, call.id, how=how, at=now) and how == "time":
                outbox.append(conn, PauseForgotten(call_id=call.id, operator_id=operator_id), now)

        await self._keep(room, end, paused_at=None, pause_unsure="", resumed_at=now, block_pause=over)
        return True

    async def _send(self, room: Room, call: CallRecord, *, paused: bool) -> Sent:
        order = self.world.pbx(call.pbx).pause_recording(leg=call.leg, paused=paused)
        sent = await self._orders.send(room, order)
        if sent is Sent.UNKNOWN:
            room.refusal = Refusal(code=PAUSE_UNSURE)
        elif sent is Sent.DONE:
            room.no_longer(PAUSE_UNSURE)
        return sent

    async def _keep(
        self, room: Room, also: Callable[[Connection], None] = lambda conn: None, **changes: object
    ) -> None:
        """Put changes on the desk's call, and write them with what belongs to them."""
        work = room.desk.work
        if work is None or work.call is None:
            return
        call = msgspec.structs.replace(work.call, **changes)
        if call == work.call:
            return
        desk = evolve(room.desk, self.world.now(), work=msgspec.structs.replace(work, call=call))

        def write(conn: Connection) -> Desk:
            also(conn)
            return units.keep(conn, desk)

        room.desk = await self.world.store.write(write)

    def is_forgotten(self, call: CallRecord, now: datetime) -> bool:
        return lasts_too_long(call, self.world.longest_pause, now) and self.world.pbx(call.pbx).up

    async def resume_forgotten(self, room: Room) -> None:
        """Let a recording go on whose pause lasted too long, and tell the operator; tried again until it does."""
        async with self._rooms.changing(room):
            work = room.desk.work
            if work is None or work.call is None or not self.is_forgotten(work.call, self.world.now()):
                return
            if await self._go_on(room, work.call, how="time"):
                log.warning("pause forgotten: call %s is recorded again", work.call.id)
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
