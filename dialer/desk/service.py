"""The operators' desks, whole: rooms, verbs, orders, following, and what time does.

One change at a time is made to a desk: by a press of its operator, by what the PBX reports, or by the clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from dialer.auth.model import User
from dialer.campaigns.claim import StaleClaim
from dialer.desk import work as units
from dialer.desk.bounds import Bounds
from dialer.desk.control import Control
from dialer.desk.following import Following
from dialer.desk.handed import Handed
from dialer.desk.line_stop import hang_up_line
from dialer.desk.listening import Listeners
from dialer.desk.orders import Orders
from dialer.desk.parties import Parties
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.script_verbs import ScriptVerbs
from dialer.desk.sweep import Sweep
from dialer.desk.taping import Taping
from dialer.desk.verbs import Verbs
from dialer.desk.world import DeskRefused, World
from dialer.telephony.model import Call

log = logging.getLogger(__name__)

__all__ = ["DeskRefused", "Desks", "World"]


class Desks:
    """All desks of this daemon. `verbs` are for `press` alone, which holds the room's lock."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rooms = Rooms(world)
        orders = Orders(world, self.rooms)
        self.taping = Taping(world, self.rooms, orders)
        self.verbs = Verbs(world, self.rooms, orders, self.taping)
        self.scripts = ScriptVerbs(world, self.rooms, orders)
        self.handed = Handed(world, self.rooms)
        self.parties = Parties(world, self.rooms, orders, self.handed)
        self.control = Control(world, self.rooms, orders, self.parties, self.verbs)
        self.listeners = Listeners(world, self.rooms, self.parties)
        self.following = Following(world, self.rooms, orders, self.parties)
        self.sweep = Sweep(world, self.rooms, self.parties, self.taping)
        self.bounds = Bounds(world, self.rooms)
        self.rooms.follow = self.following.run

    async def start(self) -> None:
        """Take up every desk where the last daemon left it; their calls are asked for when the PBX is at hand."""
        for desk in await self.world.store.read(units.load_all):
            user = await self.world.find_user(desk.operator_id)
            try:
                if user is not None and user.active:
                    await self.rooms.open(desk, user)
            except Exception:
                # One desk that can't be taken up must not keep everybody else from working.
                log.exception("desk not taken up: operator %s", desk.operator_id)
        await self.handed.start()
        await self.listeners.start()
        await self._rescue()
        await self.sweep.expire(self.world.now())

    async def _rescue(self) -> None:
        """Free what is out with nobody: entries and calls that no desk of this daemon knows."""
        works = [room.desk.work for room in self.rooms.all.values() if room.desk.work is not None]
        held = {(work.claim.entry_id, work.claim.epoch) for work in works if work.claim is not None}
        known = {work.call.id for work in works if work.call is not None and not work.call.ended}
        known |= set(self.handed.calls)
        thirds = {work.third.row for work in works if work.third is not None and not work.handed_on}
        thirds |= {call.row for call in self.handed.calls.values()}
        now = self.world.now()
        freed = await self.world.store.write(lambda conn: units.rescue(conn, held, known, thirds, now))
        if any(freed):
            log.warning("out with nobody: %s entries freed, %s calls closed", *freed)
        for room in list(self.rooms.all.values()):
            async with room.lock:
                await self.rooms.page_went(
                    room
                )  # while no daemon was there: its page comes back, or it does not

    async def stop(self) -> None:
        await self.listeners.stop()
        await self.handed.stop()
        for room in self.rooms.all.values():
            if room.follower is not None:
                room.follower.cancel()
            for watcher in room.watchers:
                watcher.close()
        await asyncio.gather(
            *(room.follower for room in self.rooms.all.values() if room.follower is not None),
            return_exceptions=True,
        )

    async def press(self, user: User, key: str, verb: Callable[[Room], Awaitable[None]]) -> bytes:
        """Carry out one press of a button, once for its key, and give the desk as it then is."""
        room = await self.rooms.of(user)
        frame: bytes | None = None
        async with self.rooms.changing(room):
            if not key or not room.seen(key):
                room.refusal = None
                try:
                    await verb(room)
                except StaleClaim:
                    await self.rooms.lose_claim(room)
                finally:
                    frame = self.rooms.push(room)
                room.remember(key)
            return frame or self.rooms.frame(room)

    async def hang_up_line(self, line: str) -> int:
        """End every live leg that was dialled over a line ("" = over all); gives how many there were."""
        return await hang_up_line(self.world, self.rooms, self.verbs, line)

    def user_changed(self, user: User) -> None:
        """The page of a user who changed language is drawn anew in it."""
        room = self.rooms.all.get(user.id)
        if room is not None:
            room.user = user
            self.rooms.push(room)

    async def recount(self, user_id: int | None) -> None:
        """Something waits for an operator to be seen to, or does no more; None: for any of them."""
        rooms = self.rooms.all.values() if user_id is None else [self.rooms.all.get(user_id)]
        for room in list(rooms):
            if room is not None and room.watchers:
                await self.rooms.count_today(room)
                self.rooms.push(room)

    # --- the switchboard's listener -------------------------------------------------------------------------

    def call_changed(self, call: Call) -> None:
        room = self.rooms.with_call(call.id)
        if room is not None:
            room.dirty.set()
        self.handed.changed(call.id)
        guest = self.rooms.with_session(call.third.id) if call.third is not None else None
        if guest is not None:
            guest.dirty.set()
        if self.listeners.ears:
            self.listeners.changed()

    def client_ready(self, call_id: str) -> None:
        room = self.rooms.with_call(call_id)
        if room is not None:
            room.dirty.set()

    def session_changed(self, leg: str) -> None:
        room = self.rooms.with_session(leg)
        if room is not None:
            room.dirty.set()
        self.listeners.changed()

    def pbx_changed(self, pbx: str) -> None:
        """One PBX came or went: the desks that work at it look again, and no others."""
        self.bounds.pbx_changed(pbx)
        for room in self.rooms.all.values():
            if self.world.same_pbx(room.pbx, pbx):
                room.dirty.set()
        self.handed.all_changed()
