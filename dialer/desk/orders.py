"""Orders to the PBX on behalf of a desk: each sent once, after its commit; what comes of it is written down."""

from __future__ import annotations

import enum
import logging
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import msgspec

from dialer.campaigns.model import Campaign, Refusal
from dialer.desk import work as units
from dialer.desk.model import CallRecord
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.world import World
from dialer.telephony.model import EndReason, Outcome
from dialer.telephony.port import DialOrder, OrderUnknown, Pbx, PbxError
from dialer.telephony.tracker import outbound

log = logging.getLogger(__name__)

MUTE_UNSURE = "mute_unsure"
PAUSE_UNSURE = "pause_unknown"

FRESH = timedelta(seconds=5)  # an order that waited longer behind its commit (a process stopped) is not sent


class Sent(enum.Enum):
    """What became of an order. After UNKNOWN the PBX may have done it: what it reports of the legs decides."""

    DONE = enum.auto()
    REFUSED = enum.auto()  # or not sent at all: nothing has changed
    UNKNOWN = enum.auto()

    def __bool__(self) -> bool:
        """Of three no one is the other two's opposite: whoever asks says which."""
        raise TypeError("compare with Sent.DONE, Sent.REFUSED or Sent.UNKNOWN")


class Orders:
    def __init__(self, world: World, rooms: Rooms) -> None:
        self.world = world
        self._rooms = rooms

    def why_not(self, room: Room, campaign: Campaign) -> Refusal | None:
        """Why nothing can be dialled from this desk now; None = it can."""
        if not self.pbx(room).up:
            return Refusal(code="pbx_away")
        if not room.desk.session_up:
            return Refusal(code="no_session")
        if campaign.line not in self.world.lines:
            return Refusal(code="line_missing", params={"line": campaign.line})
        return self.elsewhere(room, campaign.line)

    def elsewhere(self, room: Room, line: str) -> Refusal | None:
        """Nobody can be joined across two PBXs: why not with this line's clients, if it leads out of another one."""
        known = self.world.lines.get(line)
        if known is None or self.world.same_pbx(known.pbx, room.pbx):
            return None
        there, here = self.world.pbx(known.pbx).name, self.world.pbx(room.pbx).name
        return Refusal(code="line_elsewhere", params={"line": line, "there": there, "here": here})

    def pbx(self, room: Room) -> Pbx:
        """The PBX that this desk works at."""
        return self.world.pbx(room.pbx)

    async def dial(self, room: Room, call: CallRecord, campaign: Campaign) -> None:
        """The order itself, once. An answer that never comes is left to resynchronisation and the sweep."""
        line = self.world.lines[call.line]
        expected = replace(outbound(call.id), operator_leg=room.desk.session_leg)
        self.world.switchboard.expect(expected, pbx=call.pbx)
        self._rooms.push(room)
        order = DialOrder(
            call=call.id,
            number=call.number,
            line=line.dial,
            caller_id=call.caller_id,
            ring_timeout_s=campaign.ring_timeout_s,
            record=call.record,
            most_s=call.most_s,
        )
        if self.world.now() - call.started_at > FRESH:
            log.warning("dial order not sent, too old: call %s", call.id)
            await self._not_sent(room, call, Refusal(code="order_stale"))
            return
        if self.world.stops.stands(line.name):
            await self._not_sent(room, call, Refusal(code="line_stopped", params={"line": line.name}))
            return
        try:
            await self.world.pbx(call.pbx).dial(order)
        except OrderUnknown:
            log.warning("dial order without an answer: call %s", call.id)
        except PbxError as error:
            await self._not_sent(room, call, Refusal(code=error.code, params={"detail": str(error)[:200]}))

    async def _not_sent(self, room: Room, call: CallRecord, refusal: Refusal) -> None:
        self.world.switchboard.forget(call.id)
        unsent = units.close_unsent(call, EndReason.REFUSED, Outcome.FAILED, self.world.now())
        await self._rooms.write_call(room, unsent)
        room.refusal = refusal

    async def send(self, room: Room, order: Awaitable[None]) -> Sent:
        """Send any other order; what became of it. A failure is shown on the page and changes nothing."""
        try:
            await order
        except PbxError as error:
            log.warning("order failed: operator %s, %s", room.user.id, error.code)
            room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})
            return Sent.UNKNOWN if isinstance(error, OrderUnknown) else Sent.REFUSED
        return Sent.DONE

    async def mute(self, room: Room, on: bool) -> None:
        """Silence the operator's own leg, or hear it again. An answer that is lost leaves the wish and the doubt:
        `Following` asks again until there is one, and the page says so meanwhile.
        """
        sent = await self.send(room, self.pbx(room).mute(leg=room.desk.session_leg, muted=on))
        if sent is Sent.REFUSED:
            return
        desk = msgspec.structs.replace(room.desk, muted=on, mute_unsure=sent is Sent.UNKNOWN)
        if sent is Sent.UNKNOWN:
            room.refusal = Refusal(code=MUTE_UNSURE)
        else:
            room.no_longer(MUTE_UNSURE)
        if desk != room.desk:
            room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))
