"""No call abroad outlives what its day had left: what the store says of each leg, held against the clock.

The PBX has the order to end such a leg by itself, and forgets it whenever the leg is joined or moved. So it is told
again after each time that it was away, or we were; and each leg is ended by us a moment before, whoever has it: a
third, a client who was handed on. An operator's own call is the sweep's, who tells them why.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from dialer.desk.rooms import Rooms
from dialer.desk.sweep import BEFORE_PBX
from dialer.desk.world import World
from dialer.telephony import dialling
from dialer.telephony.dialling import BoundedLeg
from dialer.telephony.port import OrderUnknown, Pbx, PbxError

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=1)
AGAIN = timedelta(seconds=5)  # an end that was ordered, and nothing came of it


class Bounds:
    """`run` is called twice a second; what it knows is in the store."""

    def __init__(self, world: World, rooms: Rooms) -> None:
        self.world = world
        self._rooms = rooms
        self._look_again = world.now()
        self._came: set[str] = set()  # PBXs that are to be told anew
        self._ended: dict[str, datetime] = {}  # legs and when their end was ordered last

    def pbx_changed(self, pbx: str) -> None:
        """It came or went: what it was told may be lost."""
        self._came.add(pbx)

    async def run(self) -> None:
        now = self.world.now()
        if now < self._look_again:
            return
        self._look_again = now + LOOK_EVERY
        lines = list(self.world.lines)
        legs = await self.world.store.read(lambda conn: dialling.bounded_legs(conn, lines))
        self._ended = {leg.id: self._ended[leg.id] for leg in legs if leg.id in self._ended}
        own = self._own()
        at_hand = {name for name in self._came if self.world.pbx(name).up}
        self._came -= at_hand
        for leg in legs:
            pbx = self.world.pbx(self.world.lines[leg.line].pbx)
            if leg.until - BEFORE_PBX > now:
                if pbx.name in at_hand:
                    await self._bind(pbx, leg, now)
            elif pbx.up and leg.id not in own and self._ended.get(leg.id, now - AGAIN) + AGAIN <= now:
                self._ended[leg.id] = now
                await _end(pbx, leg)

    def _own(self) -> set[str]:
        """Legs of operators' own calls, which the sweep ends."""
        works = [room.desk.work for room in self._rooms.all.values() if room.desk.work is not None]
        return {
            work.call.leg
            for work in works
            if work.call and work.call.most_s is not None and not work.handed_on
        }

    async def _bind(self, pbx: Pbx, leg: BoundedLeg, now: datetime) -> None:
        try:
            await pbx.bind(leg=leg.id, left_s=(leg.until - now).total_seconds())
        except OrderUnknown:
            self._came.add(pbx.name)
        except PbxError as error:
            log.info("leg not bounded anew: %s, %s", leg.id, error.code)  # gone, or told when it comes back


async def _end(pbx: Pbx, leg: BoundedLeg) -> None:
    log.warning("leg %s ended: the day's limit abroad is reached", leg.id)
    try:
        await pbx.hangup(leg=leg.id)
    except PbxError as error:
        log.warning("leg not ended at its limit: %s, %s", leg.id, error.code)
