"""What the kill switch ends when it is told to: every leg that was dialled out over a line."""

from __future__ import annotations

import asyncio
import logging

from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.verbs import Verbs
from dialer.desk.world import World
from dialer.telephony import dialling
from dialer.telephony.policy import SERVICE
from dialer.telephony.port import PbxError

log = logging.getLogger(__name__)


async def hang_up_line(world: World, rooms: Rooms, verbs: Verbs, line: str) -> int:
    """End what lives on a line ("" = on all lines); gives how many legs there were.

    Operators' own calls end as by their own key. What else was dialled (a third person, a client who was handed
    on to one: how stolen logins make money) is hung up by its leg, as the store knows it.
    """
    theirs = [room for room in rooms.all.values() if _is_out(room, line)]
    own = {room.desk.work.call.leg for room in theirs if room.desk.work and room.desk.work.call}
    live = await world.store.read(lambda conn: dialling.live_legs(conn, line))
    others = [(leg, on) for leg, on in live if leg not in own]
    await asyncio.gather(
        *(_end_call(rooms, verbs, room, line) for room in theirs),
        *(_end_leg(world, leg, on) for leg, on in others),
    )
    return len(theirs) + len(others)


async def _end_call(rooms: Rooms, verbs: Verbs, room: Room, line: str) -> None:
    async with rooms.changing(room):
        if _is_out(room, line):
            await verbs.hangup(room)
        rooms.push(room)


async def _end_leg(world: World, leg: str, line: str) -> None:
    known = world.lines.get(line)
    try:
        await world.pbx(known.pbx if known is not None else "").hangup(leg=leg)
    except PbxError as error:
        log.warning("leg not ended by the stop: %s, %s", leg, error.code)


def _is_out(room: Room, line: str) -> bool:
    """Whether the operator still has a call that went out over the line; one that was handed on is not theirs."""
    work = room.desk.work
    if work is None or work.call is None or work.call.ended or work.handed_on:
        return False
    return work.call.direction == "outbound" and line in (SERVICE, work.call.line)
