"""The verbs of an operator: what each press of a button does to the desk.

A verb runs its unit of work, and only after the commit sends its order to the PBX, once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from dialer.automation.model import ActionRefused
from dialer.campaigns.model import Campaign, Refusal
from dialer.clients import service as clients
from dialer.desk import steps
from dialer.desk import work as units
from dialer.desk.doing import Presser
from dialer.desk.kept import Loaded
from dialer.desk.model import CallRecord, Desk, Work, evolve, state_of
from dialer.desk.orders import Orders, Sent
from dialer.desk.render import suggested
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.taping import Taping
from dialer.desk.view import DeskState
from dialer.desk.world import DeskRefused, World
from dialer.scripts.run import Move
from dialer.scripts.run import Refusal as ScriptRefusal
from dialer.scripts.values import Typed
from dialer.telephony.model import CallState
from dialer.telephony.port import OrderUnknown, PbxError

log = logging.getLogger(__name__)
T = TypeVar("T")

SESSION_RING_S = 30
_IN_CALL = (DeskState.TALKING, DeskState.DIALLING, DeskState.RINGING, DeskState.HELPING)


class Verbs:
    """Each method is called with the room's lock held; it raises `DeskRefused` and changes nothing, or does it."""

    def __init__(self, world: World, rooms: Rooms, orders: Orders, taping: Taping) -> None:
        self.world = world
        self._rooms = rooms
        self._orders = orders
        self._taping = taping

    async def start_session(self, room: Room) -> None:
        """Ring the operator's own phone into its session."""
        if room.desk.session_leg:
            return
        pbx = self._orders.pbx(room)
        if not pbx.up:
            raise DeskRefused("pbx_away")
        if not room.user.endpoint:
            raise DeskRefused("no_phone")
        leg = "S" + self.world.new_id()
        there = {"session_leg": leg, "session_pbx": pbx.name}
        desk = evolve(room.desk, self.world.now(), **there, session_up=False, muted=False, mute_unsure=False)
        room.connecting_since = self.world.now()
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))
        self.world.switchboard.expect_session(leg, pbx=pbx.name)
        self._rooms.push(room)
        try:
            await pbx.start_session(leg=leg, endpoint=room.user.endpoint, timeout_s=SESSION_RING_S)
        except OrderUnknown:
            log.warning("session order without an answer: operator %s", room.user.id)
        except PbxError as error:
            self.world.switchboard.forget_session(leg)
            gone = evolve(room.desk, self.world.now(), session_leg="")
            room.desk = await self.world.store.write(lambda conn: units.keep(conn, gone))
            room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})

    async def stop_session(self, room: Room) -> None:
        leg = room.desk.session_leg
        if state_of(room.desk) in _IN_CALL:
            raise DeskRefused("still_talking")
        pbx = self._orders.pbx(room)
        if leg and await self._orders.send(room, pbx.hangup(leg=leg)) is Sent.REFUSED and pbx.up:
            self.world.switchboard.forget_session(leg)  # the PBX knows no such leg: then there is none
            room.dirty.set()

    async def choose_campaign(self, room: Room, campaign_id: int) -> None:
        if all(choice.id != campaign_id for choice in self._rooms.choices(room)):
            await self._rooms.refresh_choices(room.user)
        if all(choice.id != campaign_id for choice in self._rooms.choices(room)):
            raise DeskRefused("campaign_not_yours")
        desk = evolve(room.desk, self.world.now(), campaign_id=campaign_id)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))

    async def take_break(self, room: Room, on: bool) -> None:
        desk = evolve(room.desk, self.world.now(), on_break=on)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))

    async def next(self, room: Room) -> None:
        """Hand the operator the next free client, or say why not."""
        if room.desk.work is not None:
            return
        if room.desk.on_break:
            raise DeskRefused("on_break")
        if room.desk.guest is not None:
            raise DeskRefused("helping")
        desk, now = room.desk, self.world.now()
        language, new_id, refuses = room.user.language, self.world.new_id, self._refuses(room)
        taken = await self.world.store.write(
            lambda conn: units.take_next(
                conn, desk, refuses=refuses, language=language, now=now, new_id=new_id
            )
        )
        await self._taken(room, taken)

    def _refuses(self, room: Room) -> Callable[[Campaign], Refusal | None]:
        """Nobody is handed a client with whom the PBXs can't join them."""
        return lambda campaign: self._orders.elsewhere(room, campaign.line)

    async def _taken(self, room: Room, taken: tuple[Desk, Loaded] | Refusal) -> None:
        if isinstance(taken, Refusal):
            room.refusal = taken
            return
        room.desk, room.loaded = taken
        if room.loaded.campaign.auto_dial and room.desk.session_up:
            await self.dial(room, None)

    async def dial(self, room: Room, phone_id: int | None) -> None:
        """Ring the client: written down first, sent once."""
        work, loaded = room.desk.work, room.loaded
        if work is None or loaded is None or work.claim is None:
            raise DeskRefused("no_client")
        if work.call is not None and not work.call.ended and not work.handed_on:
            return
        refusal = self._orders.why_not(room, loaded.campaign)
        number = _number_to_dial(loaded, phone_id)
        if number is None:
            refusal = refusal or Refusal(code="no_number")
        if refusal is not None or number is None:
            room.refusal = refusal
            return
        call_id, now = self.world.new_id(), self.world.now()
        call = CallRecord(
            id=call_id,
            leg=call_id,
            direction="outbound",
            number=number,
            line=loaded.campaign.line,
            pbx=self._orders.pbx(room).name,
            state=CallState.DIALLING,
            started_at=now,
            record=loaded.campaign.record,
        )
        desk, line = room.desk, self.world.lines[call.line]
        ordered = await self.world.store.write(
            lambda conn: units.order_call(conn, desk, work, loaded.campaign, call, line=line, now=now)
        )
        if isinstance(ordered, Refusal):
            room.refusal = ordered
            return
        if work.call is not None and not work.handed_on:
            self.world.switchboard.forget(work.call.id)
        room.desk = ordered
        written = ordered.work.call if ordered.work is not None else None
        await self._orders.dial(room, written or call, loaded.campaign)

    async def answer(self, room: Room) -> None:
        """Take the inbound call that rings on the page."""
        work = room.desk.work
        if work is None or work.call is None or work.offered_until is None:
            return
        if not room.desk.session_up:
            raise DeskRefused("no_session")
        offered = room.desk
        taken = evolve(offered, self.world.now(), work=msgspec.structs.replace(work, offered_until=None))
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, taken))
        call = work.call
        try:
            await self.world.pbx(call.pbx).take_inbound(leg=call.leg, call=call.id, record=call.record)
        except OrderUnknown:
            # It may be on its way to us: not offered again; what the PBX says of it decides.
            log.warning("answer without a word: call %s", call.id)
        except PbxError as error:
            room.desk = await self.world.store.write(lambda conn: units.keep(conn, offered))  # it rings on
            room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})

    async def hangup(self, room: Room) -> None:
        work = room.desk.work
        if work is not None and work.call is not None and not work.call.ended and not work.handed_on:
            pbx = self.world.pbx(work.call.pbx)
            if not pbx.up:  # and so it is not we who end the call
                room.refusal = Refusal(code="pbx_away")
                return
            at = self.world.now().timestamp() + pbx.clock_offset_s
            self.world.switchboard.hangup_ordered(work.call.id, at)
            await self._orders.send(room, pbx.hangup(leg=work.call.leg))

    async def mute(self, room: Room, on: bool) -> None:
        work = room.desk.work
        if work is None or work.call is None or work.call.ended or not room.desk.session_leg:
            raise DeskRefused("no_call")
        await self._orders.mute(room, on)

    async def step(
        self, room: Room, step: int, move: Move, without: Collection[int] = (), why: str = ""
    ) -> None:
        """One move in the script, saved with what it does before the page shows the next block.

        `without` are actions that were refused, by number: the operator goes on without them.
        """
        work, loaded = _open_work(room)
        desk, now, by = room.desk, self.world.now(), self._presser(room, without, why)

        def make(conn: Connection) -> tuple[Desk, Loaded] | ScriptRefusal:
            moved = steps.make_move(conn, work, loaded, step, move, by=by, now=now)
            if isinstance(moved, ScriptRefusal):
                return moved
            changed, around = moved
            if changed is work:
                return desk, around
            return units.keep(conn, msgspec.structs.replace(desk, work=changed)), around

        made = await self._with_actions(make)
        if isinstance(made, ScriptRefusal):
            raise DeskRefused(made.code, made.params)
        room.desk, room.loaded = made
        if without:
            await self._rooms.count_today(room)
        await self._taping.follow_script(room, stepped=room.loaded != loaded)

    def _presser(self, room: Room, without: Collection[int], why: str) -> Presser:
        return Presser(
            operator_id=room.desk.operator_id,
            name=room.user.name,
            hooks=self.world.hooks,
            without=frozenset(without),
            why=why.strip()[:2000],
        )

    async def _with_actions(self, work: Callable[[Connection], T]) -> T:
        """A unit of work that carries out what a script asks for: all of it is stored, or nothing."""
        try:
            return await self.world.store.write(work)
        except ActionRefused as refused:
            raise DeskRefused(refused.refused.code, refused.params) from refused

    async def fields(self, room: Room, step: int, fields: dict[str, Typed]) -> None:
        _, loaded = _open_work(room)
        self._moved(
            room, await self.world.store.write(lambda conn: steps.fill_fields(conn, loaded, step, fields))
        )

    def _moved(self, room: Room, moved: Loaded | ScriptRefusal) -> None:
        if isinstance(moved, ScriptRefusal):
            raise DeskRefused(moved.code, moved.params)
        room.loaded = moved

    async def draft(self, room: Room, changes: Mapping[str, object], note: str | None) -> None:
        """Keep a result that is not saved yet; `changes` are fields of `Draft`."""
        work, loaded = _open_work(room)
        draft = msgspec.structs.replace(work.draft, **changes)
        if draft.disposition and loaded.campaign.disposition(draft.disposition) is None:
            raise DeskRefused("disposition_unknown")
        changed = msgspec.structs.replace(work, draft=draft, note=work.note if note is None else note[:2000])
        desk = msgspec.structs.replace(room.desk, work=changed)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))

    async def name_client(self, room: Room, name: str) -> None:
        work, loaded = _open_work(room)
        if not name.strip():
            raise DeskRefused("name_missing")

        def rename(conn: Connection) -> clients.Client:
            clients.rename(conn, work.client_id, name.strip()[:200])
            return clients.load(conn, work.client_id)

        client = await self.world.store.write(rename)
        room.loaded = msgspec.structs.replace(loaded, client=client)

    async def save(self, room: Room, then_next: bool, without: Collection[int] = (), why: str = "") -> None:
        """Give the work its result; with `then_next` the next client comes in the same transaction."""
        work, loaded = _open_work(room)
        if work.call is not None and not work.call.ended and not work.handed_on:
            raise DeskRefused("still_talking")
        if not work.draft.disposition and (proposal := suggested(work, loaded)):
            draft = msgspec.structs.replace(work.draft, disposition=proposal)
            work = msgspec.structs.replace(work, draft=draft)
        desk, now, by = room.desk, self.world.now(), self._presser(room, without, why)
        language, new_id, refuses = room.user.language, self.world.new_id, self._refuses(room)
        then_next = then_next and not desk.on_break

        def both(conn: Connection) -> _Saved:
            saved = units.save(conn, desk, work, loaded, by=by, now=now)
            if not isinstance(saved, Desk) or not then_next:
                return saved, None
            return saved, units.take_next(
                conn, saved, refuses=refuses, language=language, now=now, new_id=new_id
            )

        saved, taken = await self._with_actions(both)
        if not isinstance(saved, Desk):
            raise DeskRefused(saved.code, saved.params)
        if work.call is not None and not work.handed_on:
            self.world.switchboard.forget(work.call.id)
        room.desk, room.loaded = saved, None
        if taken is not None:
            await self._taken(room, taken)
        await self._rooms.count_today(room)


_Saved = tuple[Desk | Refusal | ScriptRefusal, tuple[Desk, Loaded] | Refusal | None]


def _open_work(room: Room) -> tuple[Work, Loaded]:
    work, loaded = room.desk.work, room.loaded
    if work is None or loaded is None:
        raise DeskRefused("no_client")
    return work, loaded


def _number_to_dial(loaded: Loaded, phone_id: int | None) -> str | None:
    phones = [phone for phone in loaded.client.phones if not phone.flagged]
    if phone_id is not None:
        phones = [phone for phone in loaded.client.phones if phone.id == phone_id]
    return phones[0].e164 if phones else None
