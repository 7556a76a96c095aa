"""A supervisor at a live call: listen, whisper, barge in, take over; every mode of it is written to a log.

The supervisor's own phone is rung. The operator's page shows nothing of it, until the call is taken over. What is
open stands in the log's rows, so that another life of the daemon knows who listens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from dialer.auth.model import User
from dialer.desk import work as units
from dialer.desk.model import CallRecord, Desk, Work, evolve, state_of
from dialer.desk.parties import Parties
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.tables import listenings
from dialer.desk.talk import Goal, Third
from dialer.desk.view import DeskState
from dialer.desk.world import DeskRefused, World
from dialer.store.errors import StoreError
from dialer.telephony import thirds
from dialer.telephony.model import CallState
from dialer.telephony.port import Listening as Mode
from dialer.telephony.port import OrderUnknown, PbxError, PbxRefused
from dialer.telephony.tables import calls

log = logging.getLogger(__name__)

RINGS_S = 20
RETRY_S = 1.0
TAKE_OVER = "take_over"


class Ear(Struct, frozen=True, kw_only=True):
    """One supervisor's leg at one call, in one mode."""

    row: str
    leg: str
    user_id: int
    operator_id: int
    call_id: str
    pbx: str
    mode: Mode
    since: datetime


class Listeners:
    """`ears` by supervisor: one listens to one call at a time."""

    def __init__(self, world: World, rooms: Rooms, parties: Parties) -> None:
        self.world = world
        self._rooms = rooms
        self._parties = parties
        self.ears: dict[int, Ear] = {}
        self.names: dict[int, str] = {}
        self._unsure: set[str] = set()  # legs whose mode was ordered without an answer: it is ordered again
        self._lock = asyncio.Lock()  # presses of supervisors are few
        self._dirty = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up who listened when the last daemon ended."""
        for ear in await self.world.store.read(_load):
            user = await self.world.find_user(ear.user_id)
            self.ears[ear.user_id], self.names[ear.user_id] = ear, user.name if user is not None else ""
            self.world.switchboard.expect_ear(ear.leg, pbx=ear.pbx, up=True)
        self._task = asyncio.create_task(self._run(), name="listeners")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def legs(self) -> Mapping[str, bool]:
        """The supervisors' legs that are being rung (False) or are up (True)."""
        return self.world.switchboard.ears

    # --- what a supervisor presses --------------------------------------------------------------------------

    async def listen(self, user: User, call_id: str, mode: Mode) -> None:
        """Ring the supervisor's phone to the call, or change the mode of the one at hand. Raises `DeskRefused`."""
        async with self._lock:
            ear = self.ears.get(user.id)
            if ear is not None and ear.call_id == call_id:
                await self._change(ear, mode)
                return
            room, _, call = self._call(user, call_id)
            if ear is not None:
                await self._stop(ear)
                room, _, call = self._call(
                    user, call_id
                )  # it may have ended meanwhile, or the operator be gone
            ear = Ear(
                row=self.world.new_id(),
                leg="L" + self.world.new_id(),
                user_id=user.id,
                operator_id=room.user.id,
                call_id=call_id,
                pbx=call.pbx,
                mode=mode,
                since=self.world.now(),
            )
            spied = room.desk.session_leg
            await self._write_down(ear)
            self.ears[user.id], self.names[user.id] = ear, user.name
            self.world.switchboard.expect_ear(ear.leg, pbx=ear.pbx)
            try:
                await self.world.pbx(ear.pbx).listen(
                    leg=ear.leg, endpoint=user.endpoint, spied=spied, mode=mode, timeout_s=RINGS_S
                )
            except OrderUnknown:
                log.warning("listening ordered without an answer: user %s", user.id)
            except PbxError as error:
                self.world.switchboard.forget_ear(ear.leg)
                await self._end(ear)
                raise DeskRefused(error.code, {"detail": str(error)[:200]}) from error
            self._rooms.on_change()

    async def _change(self, ear: Ear, mode: Mode) -> None:
        if mode is ear.mode:
            return
        if not self.legs.get(ear.leg, False):
            raise DeskRefused("listening_rings")
        changed = msgspec.structs.replace(ear, row=self.world.new_id(), mode=mode, since=self.world.now())
        await self._write_down(changed, instead_of=ear)
        self.ears[ear.user_id] = changed
        try:
            await self._tell(changed)
        except OrderUnknown as error:
            # It may have been done. The log keeps what was asked for, and that is asked for until it is answered.
            self._again()
            raise DeskRefused(error.code) from error
        except PbxError as error:
            await self._write_down(msgspec.structs.replace(ear, row=self.world.new_id()), instead_of=changed)
            self.ears[ear.user_id] = ear
            raise DeskRefused(error.code, {"detail": str(error)[:200]}) from error
        self._rooms.on_change()

    async def _tell(self, ear: Ear) -> None:
        """Order the mode that the log tells. Raises `PbxError`."""
        try:
            await self.world.pbx(ear.pbx).change_listening(leg=ear.leg, mode=ear.mode)
        except OrderUnknown:
            self._unsure.add(ear.leg)
            raise
        self._unsure.discard(ear.leg)

    async def _tell_again(self, ear: Ear) -> None:
        try:
            await self._tell(ear)
        except PbxRefused:  # its end is on its way to us
            self._unsure.discard(ear.leg)
        except PbxError as error:
            log.warning("mode of listening in doubt: user %s, %s", ear.user_id, error.code)
            self._again()

    def _again(self) -> None:
        asyncio.get_running_loop().call_later(RETRY_S, self._dirty.set)

    async def leave(self, user: User) -> None:
        """Stop listening."""
        async with self._lock:
            ear = self.ears.get(user.id)
            if ear is not None:
                await self._stop(ear)
                self._rooms.on_change()

    async def _stop(self, ear: Ear) -> None:
        try:
            await self.world.pbx(ear.pbx).hangup(leg=ear.leg)
        except PbxError as error:
            if isinstance(error, OrderUnknown) or not self.world.pbx(ear.pbx).up:
                # The leg may live: it stays ours until the PBX tells.
                raise DeskRefused(error.code) from error
            log.info("listener not hung up: user %s, %s", ear.user_id, error.code)
        self.world.switchboard.forget_ear(ear.leg)
        await self._end(ear)

    async def take_over(self, user: User, call_id: str) -> None:
        """The supervisor gets the client; the operator goes on to the result. Raises `DeskRefused`."""
        async with self._lock:
            room, _, _ = self._call(user, call_id)
            ear = self.ears.get(user.id)
            at_hand = ear if ear is not None and ear.call_id == call_id and self.legs.get(ear.leg) else None
            if ear is not None and at_hand is None:
                await self._stop(ear)
            async with self._rooms.changing(room):
                _, work, call = self._call(user, call_id)
                if work.third is not None:
                    raise DeskRefused("third_there")
                third = Third(
                    row=self.world.new_id(),
                    leg=at_hand.leg if at_hand is not None else "T" + self.world.new_id(),
                    goal=Goal.TAKE_OVER,
                    name=user.name,
                    user_id=user.id,
                    since=self.world.now(),
                    ring_timeout_s=RINGS_S,
                )
                await self._begin(room, work, call, third, user)
                if at_hand is not None:
                    self.ears.pop(user.id, None)
                    self.world.switchboard.forget_ear(third.leg)
                    await self._parties.connect(room, third)
                else:
                    await self._ring(room, call, third, user)
                self._rooms.push(room)

    async def _begin(self, room: Room, work: Work, call: CallRecord, third: Third, user: User) -> None:
        now = self.world.now()
        desk = evolve(room.desk, now, work=msgspec.structs.replace(work, third=third))
        ear = self.ears.get(user.id)

        def write(conn: Connection) -> Desk:
            thirds.start(
                conn,
                id=third.row,
                leg=third.leg,
                call_id=call.id,
                goal=third.goal.value,
                user_id=user.id,
                by_id=user.id,
                started_at=now,
            )
            if ear is not None:
                conn.execute(update(listenings).where(listenings.c.id == ear.row).values(ended_at=now))
            conn.execute(
                insert(listenings).values(
                    id=third.row,
                    leg=third.leg,
                    user_id=user.id,
                    operator_id=room.user.id,
                    call_id=call.id,
                    mode=TAKE_OVER,
                    started_at=now,
                    ended_at=now,
                )
            )
            return units.keep(conn, desk)

        room.desk = await self.world.store.write(write)
        self.world.switchboard.expect_third(call.id, third.leg, pbx=call.pbx)

    async def _ring(self, room: Room, call: CallRecord, third: Third, user: User) -> None:
        try:
            await self.world.pbx(call.pbx).ring_third(
                leg=third.leg, endpoint=user.endpoint, timeout_s=third.ring_timeout_s
            )
        except OrderUnknown:
            log.warning("take-over ordered without an answer: user %s", user.id)
        except PbxError as error:
            await self._parties.bring_back(room, None)
            raise DeskRefused(error.code, {"detail": str(error)[:200]}) from error

    def _call(self, user: User, call_id: str) -> tuple[Room, Work, CallRecord]:
        """The call's room, if it can be listened to now. Raises `DeskRefused`."""
        room = self._rooms.with_call(call_id)
        work = room.desk.work if room is not None else None
        if room is None or work is None or work.call is None or state_of(room.desk) is not DeskState.TALKING:
            raise DeskRefused("call_over")
        if not user.endpoint:
            raise DeskRefused("listener_no_phone")
        if not self.world.same_pbx(user.pbx, work.call.pbx):
            raise DeskRefused("listener_elsewhere")
        if not self.world.pbx(work.call.pbx).up:
            raise DeskRefused("pbx_away")
        if not room.desk.session_up:
            raise DeskRefused("operator_away")
        return room, work, work.call

    # --- what the PBX reports -------------------------------------------------------------------------------

    def changed(self) -> None:
        """Some listener's leg is up or over."""
        self._dirty.set()

    async def _run(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                async with self._lock:
                    for ear in list(self.ears.values()):
                        if ear.leg not in self.legs:
                            await self._end(ear)
                        elif self._is_over(ear):
                            await self._stop(ear)
                        elif ear.leg in self._unsure:
                            await self._tell_again(ear)
                self._rooms.on_change()
            except DeskRefused:  # the PBX is away: asked again until it is back
                self._again()
            except StoreError as error:
                log.warning("listening can't be written: %s", error)
                self._again()
            except Exception:
                # A fault here must not leave everybody's listening without its end.
                log.exception("listeners failed to follow")
                self._again()

    def _is_over(self, ear: Ear) -> bool:
        """Whether the call is over for its listener. The operator's leg, which is heard, lives on all shift: the next
        client's call is another one, to be asked for and written down by itself.
        """
        live = self.world.switchboard.calls.get(ear.call_id)
        return live is None or live.state in (CallState.ENDED, CallState.TRANSFERRED)

    async def _write_down(self, ear: Ear, *, instead_of: Ear | None = None) -> None:
        """Who, whom, when, how: before anything is heard."""

        def write(conn: Connection) -> None:
            if instead_of is not None:
                conn.execute(
                    update(listenings).where(listenings.c.id == instead_of.row).values(ended_at=ear.since)
                )
            conn.execute(
                insert(listenings).values(
                    id=ear.row,
                    leg=ear.leg,
                    user_id=ear.user_id,
                    operator_id=ear.operator_id,
                    call_id=ear.call_id,
                    mode=ear.mode.value,
                    started_at=ear.since,
                )
            )

        await self.world.store.write(write)

    async def _end(self, ear: Ear) -> None:
        now = self.world.now()
        await self.world.store.write(
            lambda conn: (
                conn.execute(
                    update(listenings)
                    .where(listenings.c.id == ear.row, listenings.c.ended_at.is_(None))
                    .values(ended_at=now)
                ).rowcount
            )
        )
        self._unsure.discard(ear.leg)
        if self.ears.get(ear.user_id) == ear:
            del self.ears[ear.user_id]


def _load(conn: Connection) -> list[Ear]:
    rows = conn.execute(
        select(listenings, calls.c.pbx)
        .join(calls, calls.c.id == listenings.c.call_id)
        .where(listenings.c.ended_at.is_(None))
    )
    return [
        Ear(
            row=row.id,
            leg=row.leg,
            user_id=row.user_id,
            operator_id=row.operator_id,
            call_id=row.call_id,
            pbx=row.pbx,
            mode=Mode(row.mode),
            since=row.started_at,
        )
        for row in rows
    ]
