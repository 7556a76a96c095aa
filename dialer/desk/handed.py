"""Calls that go on without their operator: followed to their end, whoever's desk is busy with what meanwhile.

A call comes here at the moment in which somebody else has the client. From then on its desk asks for the result and
knows no more of it; its end and its third's, and with them the line's capacity, are written down from here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from msgspec import Struct, structs
from sqlalchemy import Connection, select

from dialer.campaigns.tables import campaigns
from dialer.clients.tables import clients
from dialer.desk import tapes
from dialer.desk import work as units
from dialer.desk.model import CallRecord, follow
from dialer.desk.rooms import Rooms, restored
from dialer.desk.talk import is_alone
from dialer.desk.world import World
from dialer.store.errors import StoreError
from dialer.telephony import service as calls
from dialer.telephony import thirds
from dialer.telephony.model import CallState, EndReason, Leg, LegRole, Outcome
from dialer.telephony.port import PbxError

log = logging.getLogger(__name__)

RETRY_S = 1.0


class HandedCall(Struct, frozen=True, kw_only=True):
    """`third` is the leg that has the client, "" where the operator's own phone sent the client on."""

    record: CallRecord
    third: str
    row: str  # the third's row in the store
    has_it: str  # who has the client, as people write it
    client: str
    campaign: str


class Handed:
    """`calls` by id: those that are in the air with nobody of ours who asks for a result."""

    def __init__(self, world: World, rooms: Rooms) -> None:
        self.world = world
        self._rooms = rooms
        self.calls: dict[str, HandedCall] = {}
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what an earlier daemon left in the air."""
        for call in await self.world.store.read(_load):
            self._follow(call)
        self._task = asyncio.create_task(self._run(), name="calls handed on")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def adopt(self, call: HandedCall) -> None:
        """Follow it from now on; its row says already that it was handed on."""
        self._follow(call)
        self.changed(call.record.id)

    def _follow(self, call: HandedCall) -> None:
        switchboard, call_id = self.world.switchboard, call.record.id
        self.calls[call_id] = call
        live = switchboard.calls.get(call_id) or restored(call.record, "")
        third = live.third or (Leg(id=call.third, role=LegRole.THIRD) if call.third else None)
        switchboard.expect(replace(live, operator_leg="", third=third), pbx=call.record.pbx)

    def changed(self, call_id: str) -> None:
        """Something about a call is different; called by whoever hears of it."""
        if call_id in self.calls:
            self._dirty.add(call_id)
            self._wake.set()

    def all_changed(self) -> None:
        for call_id in self.calls:
            self.changed(call_id)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._dirty:
                call_id = self._dirty.pop()
                try:
                    await self._look(call_id)
                except StoreError as error:
                    log.warning("call can't be written: %s, %s", call_id, error)
                    self._again(call_id)
                except Exception:
                    # One call's fault must not end the following of all others.
                    log.exception("call handed on failed to follow: %s", call_id)
                    self._again(call_id)

    def _again(self, call_id: str) -> None:
        asyncio.get_running_loop().call_later(RETRY_S, self.changed, call_id)

    async def _look(self, call_id: str) -> None:
        call = self.calls.get(call_id)
        if call is None:
            return None
        live = self.world.switchboard.calls.get(call_id)
        if live is None or live.state is CallState.ENDED:
            return await self._end(call)
        pbx = self.world.pbx(call.record.pbx)
        if is_alone(live) and pbx.up:
            # Whoever had the client is gone. A client who is gone too says so in a moment.
            with contextlib.suppress(PbxError):
                await pbx.hangup(leg=live.client.id)
        elif call.record.paused_at is not None and pbx.up:
            await self._record_again(call)
        return None

    async def _record_again(self, call: HandedCall) -> None:
        """A pause is the operator's: nobody is left who would end it."""
        record, now = call.record, self.world.now()
        try:
            await self.world.pbx(record.pbx).pause_recording(leg=record.leg, paused=False)
        except PbxError as error:
            log.warning("recording stays paused for now: call %s, %s", record.id, error.code)
            self._again(record.id)
            return
        await self.world.store.write(
            lambda conn: calls.resume_recording(conn, record.id, how="handed", at=now)
        )
        resumed = structs.replace(record, paused_at=None)
        self.calls[record.id] = structs.replace(call, record=resumed)

    async def _end(self, call: HandedCall) -> None:
        record, now = call.record, self.world.now()
        live = self.world.switchboard.calls.get(record.id)
        if live is None:
            after = units.close_unsent(record, EndReason.LOST_SIGHT, Outcome.UNKNOWN, now)
        else:
            after = follow(record, live, self._clock_of(record.pbx), now)

        def write(conn: Connection) -> None:
            changes = units.changed_call(record, after)
            calls.change(conn, record.id, now, recorded=after.recording_at is not None, **changes)
            tapes.follow(conn, record, after, now)
            if call.row:
                thirds.end(conn, call.row, call.third, after.ended_at or now)

        await self.world.store.write(write)
        del self.calls[record.id]
        if self._rooms.with_call(record.id) is None or live is not None:
            self.world.switchboard.forget(record.id)
        guest = self._rooms.with_session(call.third)
        if guest is not None:
            guest.dirty.set()
        self._rooms.on_change()

    def _clock_of(self, pbx: str) -> Callable[[float], datetime]:
        offset_s = self.world.pbx(pbx).clock_offset_s
        return lambda pbx_seconds: datetime.fromtimestamp(pbx_seconds - offset_s, UTC)


def _load(conn: Connection) -> list[HandedCall]:
    found = []
    for row in thirds.handed_on(conn):
        name = conn.execute(select(clients.c.name).where(clients.c.id == row.client_id)).scalar()
        campaign = conn.execute(
            select(campaigns.c.name, campaigns.c.record).where(campaigns.c.id == row.campaign_id)
        ).one_or_none()
        record = CallRecord(
            id=row.id,
            leg=row.leg,
            pbx=row.pbx,
            direction=row.direction,
            number=row.number,
            line=row.line,
            state=CallState.TRANSFERRED,
            started_at=row.started_at,
            answered_at=row.answered_at,
            bridged_at=row.bridged_at,
            recording_at=row.recording_at,
            paused_at=row.paused_at,
            record=campaign is None or campaign.record,
        )
        call = HandedCall(
            record=record,
            third=row.third_leg or "",
            row=row.third_row or "",
            has_it=row.has_it or row.third_number or "",
            client=name or "",
            campaign=campaign.name if campaign is not None else "",
        )
        found.append(call)
    return found
