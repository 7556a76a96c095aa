"""The operators' desks: what each verb does, and how a desk follows its call.

One change at a time is made to a desk. A verb runs its unit of work, and only after the commit sends its order to
the PBX, once. What the PBX reports marks the desk dirty; its follower looks at the present truth and catches up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Connection

from dialer.auth.model import User
from dialer.campaigns import claim as claims_of
from dialer.campaigns import service as campaigns
from dialer.campaigns.claim import StaleClaim
from dialer.campaigns.model import Campaign, Refusal
from dialer.clients import service as clients
from dialer.clients.numbers import may_dial
from dialer.desk import work as units
from dialer.desk.model import CallRecord, Desk, Work, entry_state, evolve, follow, state_of
from dialer.desk.render import render, suggested
from dialer.desk.room import Room, Watcher, encode
from dialer.desk.view import CampaignChoice, CampaignView, DeskState, DeskView
from dialer.scripts.run import Move
from dialer.scripts.run import Refusal as ScriptRefusal
from dialer.scripts.values import Typed
from dialer.store.engine import Store
from dialer.store.errors import StoreError
from dialer.telephony.lines import Line
from dialer.telephony.model import Call, CallState, Direction, EndReason, Leg, LegRole, Outcome
from dialer.telephony.port import DialOrder, OrderUnknown, Pbx, PbxError
from dialer.telephony.switchboard import Switchboard
from dialer.telephony.tracker import outbound

log = logging.getLogger(__name__)

PAGE_GRACE = timedelta(seconds=30)  # how long a page may be gone before its claim is freed
SESSION_RING_S = 30
NO_TRACE = timedelta(seconds=10)  # beyond the ring timeout: an order of which nothing was ever heard
RETRY_S = 1.0  # pause before a desk tries again to write down what it could not


class DeskRefused(Exception):
    """A verb that can't be carried out now; nothing was changed."""

    def __init__(self, code: str, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params = dict(params or {})


@dataclass(frozen=True, kw_only=True)
class World:
    """What the desks need of the world outside: the store, the PBX, time and identity."""

    store: Store
    pbx: Pbx
    switchboard: Switchboard
    lines: Mapping[str, Line]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    find_user: Callable[[int], Awaitable[User | None]]


class Desks:
    """All desks of this daemon. `stream` names its life: a page that sees another one starts its count anew."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stream = world.new_id()
        self.rooms: dict[int, Room] = {}
        self._choices: dict[int, list[CampaignChoice]] = {}
        self._names: dict[int, CampaignView] = {}
        self._opening = asyncio.Lock()
        self.on_change: Callable[[], None] = lambda: None  # the console's, told that some desk changed

    # --- rooms ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up every desk where the last daemon left it; their calls are asked for when the PBX is at hand."""
        await self.world.store.write(lambda conn: claims_of.expire(conn, self.world.now()))
        for desk in await self.world.store.read(units.load_all):
            user = await self.world.find_user(desk.operator_id)
            if user is not None and user.active:
                await self._open(desk, user)

    async def stop(self) -> None:
        for room in self.rooms.values():
            if room.follower is not None:
                room.follower.cancel()
            for watcher in room.watchers:
                watcher.close()
        await asyncio.gather(
            *(room.follower for room in self.rooms.values() if room.follower is not None),
            return_exceptions=True,
        )

    async def room(self, user: User) -> Room:
        """The user's room, opened if it was not."""
        room = self.rooms.get(user.id)
        if room is None:
            async with self._opening:
                room = self.rooms.get(user.id)
                if room is None:
                    desk = Desk(operator_id=user.id, since=self.world.now())
                    room = await self._open(desk, user)
        room.user = user
        return room

    async def _open(self, desk: Desk, user: User) -> Room:
        room = Room(desk, user)
        if desk.work is not None:
            room.loaded = await self.world.store.read(
                lambda conn: units.load_around(conn, desk.work, user.language)  # type: ignore[arg-type]
            )
            if desk.work.call is not None and not desk.work.call.ended:
                self.world.switchboard.expect(_restored(desk.work.call, desk.session_leg))
        if desk.session_leg:
            self.world.switchboard.expect_session(desk.session_leg)
            if desk.session_up:
                self.world.switchboard.sessions[desk.session_leg] = True
        room.today = await self._today(user.id)
        await self._refresh_choices(user.id)
        self.rooms[user.id] = room
        room.follower = asyncio.create_task(self._follow(room), name=f"desk {user.id}")
        return room

    # --- pages ----------------------------------------------------------------------------------------------

    async def watch(self, user: User) -> Watcher:
        """Subscribe a page; its first frame is the present state."""
        room = await self.room(user)
        async with room.lock:
            if not room.watchers:
                await self._page_came(room)
            watcher = Watcher()
            room.watchers.add(watcher)
            watcher.put(self.frame(room))
            return watcher

    async def unwatch(self, user: User, watcher: Watcher) -> None:
        room = self.rooms.get(user.id)
        if room is None:
            return
        room.watchers.discard(watcher)
        if not room.watchers:
            async with room.lock:
                await self._page_went(room)

    async def _page_came(self, room: Room) -> None:
        work = room.desk.work
        if work is not None and work.claim is not None and work.call is None and room.loaded is not None:
            preview = timedelta(seconds=room.loaded.campaign.preview_s)
            await self._lease(room, work, work.began_at + preview)

    async def _page_went(self, room: Room) -> None:
        work = room.desk.work
        if not room.watchers and work is not None and work.claim is not None and work.call is None:
            await self._lease(room, work, min(work.claim.lease_until, self.world.now() + PAGE_GRACE))

    async def _lease(self, room: Room, work: Work, until: datetime) -> None:
        claim = work.claim
        if claim is None or claim.lease_until == until:
            return
        longer = msgspec.structs.replace(
            room.desk,
            work=msgspec.structs.replace(work, claim=msgspec.structs.replace(claim, lease_until=until)),
        )

        def extend(conn: Connection) -> Desk:
            claims_of.extend(conn, claim, until)
            return units.keep(conn, longer)

        room.desk = await self.world.store.write(extend)

    def view(self, room: Room) -> DeskView:
        campaign_id = room.desk.work.campaign_id if room.desk.work is not None else room.desk.campaign_id
        return render(
            room.desk,
            room.user,
            room.loaded,
            choices=self._choices.get(room.user.id, []),
            campaign=self._names.get(campaign_id) if campaign_id is not None else None,
            today=room.today,
            refusal=room.refusal,
            pbx_up=self.world.pbx.up,
            now=self.world.now(),
        )

    def frame(self, room: Room) -> bytes:
        return encode(self.stream, room.seq, self.view(room))

    def _push(self, room: Room) -> None:
        room.push(self.stream, lambda: self.view(room))
        self.on_change()

    async def press(self, user: User, key: str, verb: Callable[[Room], Awaitable[None]]) -> bytes:
        """Carry out one press of a button, once for its key, and give the desk as it then is."""
        room = await self.room(user)
        async with room.lock:
            if not key or not room.seen(key):
                room.refusal = None
                try:
                    await verb(room)
                except StaleClaim:
                    await self._lose_claim(room)
                finally:
                    self._push(room)
                room.remember(key)
            return self.frame(room)

    async def _lose_claim(self, room: Room) -> None:
        log.warning("claim lost: operator %s", room.user.id)
        await self._clear(room)
        room.refusal = Refusal(code="claim_lost")

    async def _clear(self, room: Room) -> None:
        """Take the work off the desk without a result."""
        desk = evolve(room.desk, self.world.now(), work=None)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))
        room.loaded = None

    # --- the verbs ------------------------------------------------------------------------------------------

    async def start_session(self, room: Room) -> None:
        """Ring the operator's own phone into its session."""
        if room.desk.session_leg:
            return
        if not self.world.pbx.up:
            raise DeskRefused("pbx_away")
        if not room.user.endpoint:
            raise DeskRefused("no_phone")
        leg = "S" + self.world.new_id()
        desk = evolve(room.desk, self.world.now(), session_leg=leg, session_up=False)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))
        self.world.switchboard.expect_session(leg)
        self._push(room)
        try:
            await self.world.pbx.start_session(leg=leg, endpoint=room.user.endpoint, timeout_s=SESSION_RING_S)
        except OrderUnknown:
            log.warning("session order without an answer: operator %s", room.user.id)
        except PbxError as error:
            self.world.switchboard.sessions.pop(leg, None)
            gone = evolve(room.desk, self.world.now(), session_leg="")
            room.desk = await self.world.store.write(lambda conn: units.keep(conn, gone))
            room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})

    async def stop_session(self, room: Room) -> None:
        leg = room.desk.session_leg
        if state_of(room.desk) in (DeskState.TALKING, DeskState.DIALLING, DeskState.RINGING):
            raise DeskRefused("still_talking")
        if leg:
            await self._order(room, self.world.pbx.hangup(leg=leg))

    async def choose_campaign(self, room: Room, campaign_id: int) -> None:
        if all(choice.id != campaign_id for choice in self._choices.get(room.user.id, [])):
            await self._refresh_choices(room.user.id)
        if all(choice.id != campaign_id for choice in self._choices.get(room.user.id, [])):
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
        desk, now = room.desk, self.world.now()
        language, new_id = room.user.language, self.world.new_id
        taken = await self.world.store.write(
            lambda conn: units.take_next(conn, desk, language=language, now=now, new_id=new_id)
        )
        await self._taken(room, taken)

    async def _taken(self, room: Room, taken: tuple[Desk, units.Loaded] | Refusal) -> None:
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
        if work.call is not None and not work.call.ended:
            return
        refusal = self._may_order(room, loaded.campaign)
        number = _number_to_dial(loaded, phone_id)
        if number is None or not may_dial(number):
            refusal = refusal or Refusal(code="no_number" if number is None else "number_forbidden")
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
            state=CallState.DIALLING,
            started_at=now,
            record=loaded.campaign.record,
        )
        desk, pbx = room.desk, self.world.pbx.name
        ordered = await self.world.store.write(
            lambda conn: units.order_call(conn, desk, work, loaded.campaign, call, pbx=pbx, now=now)
        )
        if isinstance(ordered, Refusal):
            room.refusal = ordered
            return
        if work.call is not None:
            self.world.switchboard.forget(work.call.id)
        room.desk = ordered
        await self._send(room, call, loaded.campaign)

    def _may_order(self, room: Room, campaign: Campaign) -> Refusal | None:
        if not self.world.pbx.up:
            return Refusal(code="pbx_away")
        if not room.desk.session_up:
            return Refusal(code="no_session")
        line = self.world.lines.get(campaign.line)
        if line is None:
            return Refusal(code="line_missing", params={"line": campaign.line})
        if self._busy_on(line.name) >= line.capacity:
            return Refusal(code="line_full", params={"line": line.name, "capacity": line.capacity})
        return None

    def _busy_on(self, line: str) -> int:
        works = (room.desk.work for room in self.rooms.values())
        return sum(
            1
            for work in works
            if work is not None and work.call is not None and work.call.line == line and not work.call.ended
        )

    async def _send(self, room: Room, call: CallRecord, campaign: Campaign) -> None:
        """The order itself, once. An answer that never comes is left to resynchronisation and the sweep."""
        line = self.world.lines[call.line]
        self.world.switchboard.expect(replace(outbound(call.id), operator_leg=room.desk.session_leg))
        self._push(room)
        order = DialOrder(
            call=call.id,
            number=call.number,
            line=line.dial,
            caller_id=line.caller_id,
            ring_timeout_s=campaign.ring_timeout_s,
            record=call.record,
        )
        try:
            await self.world.pbx.dial(order)
        except OrderUnknown:
            log.warning("dial order without an answer: call %s", call.id)
        except PbxError as error:
            self.world.switchboard.forget(call.id)
            await self._write_call(
                room, units.close_unsent(call, EndReason.REFUSED, Outcome.FAILED, self.world.now())
            )
            room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})

    async def answer(self, room: Room) -> None:
        """Take the inbound call that rings on the page."""
        work = room.desk.work
        if work is None or work.call is None or work.offered_until is None:
            return
        if not room.desk.session_up:
            raise DeskRefused("no_session")
        taken = evolve(room.desk, self.world.now(), work=msgspec.structs.replace(work, offered_until=None))
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, taken))
        call = work.call
        await self._order(room, self.world.pbx.take_inbound(leg=call.leg, call=call.id, record=call.record))

    async def hangup(self, room: Room) -> None:
        work = room.desk.work
        if work is not None and work.call is not None and not work.call.ended:
            at = self.world.now().timestamp() + self.world.pbx.clock_offset_s
            self.world.switchboard.hangup_ordered(work.call.id, at)
            await self._order(room, self.world.pbx.hangup(leg=work.call.leg))

    async def mute(self, room: Room, on: bool) -> None:
        work = room.desk.work
        if work is None or work.call is None or work.call.ended or not room.desk.session_leg:
            raise DeskRefused("no_call")
        await self._order(room, self.world.pbx.mute(leg=room.desk.session_leg, muted=on))
        call = msgspec.structs.replace(work.call, muted=on)
        room.desk = msgspec.structs.replace(room.desk, work=msgspec.structs.replace(work, call=call))

    async def _order(self, room: Room, order: Awaitable[None]) -> None:
        try:
            await order
        except PbxError as error:
            log.warning("order failed: operator %s, %s", room.user.id, error.code)
            room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})

    async def step(self, room: Room, step: int, move: Move) -> None:
        """One move in the script, saved before the page shows the next block."""
        work, loaded = _open_work(room)
        now, name = self.world.now(), room.user.name
        moved = await self.world.store.write(
            lambda conn: units.make_move(conn, work, loaded, step, move, operator_name=name, now=now)
        )
        self._moved(room, moved)

    async def fields(self, room: Room, step: int, fields: dict[str, Typed]) -> None:
        _, loaded = _open_work(room)
        self._moved(
            room, await self.world.store.write(lambda conn: units.fill_fields(conn, loaded, step, fields))
        )

    def _moved(self, room: Room, moved: units.Loaded | ScriptRefusal) -> None:
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

    async def save(self, room: Room, then_next: bool) -> None:
        """Give the work its result; with `then_next` the next client comes in the same transaction."""
        work, loaded = _open_work(room)
        if work.call is not None and not work.call.ended:
            raise DeskRefused("still_talking")
        if not work.draft.disposition and (proposal := suggested(work, loaded)):
            draft = msgspec.structs.replace(work.draft, disposition=proposal)
            work = msgspec.structs.replace(work, draft=draft)
        desk, now, name = room.desk, self.world.now(), room.user.name
        language, new_id = room.user.language, self.world.new_id
        then_next = then_next and not desk.on_break

        def both(conn: Connection) -> _Saved:
            saved = units.save(conn, desk, work, loaded, operator_name=name, now=now)
            if not isinstance(saved, Desk) or not then_next:
                return saved, None
            return saved, units.take_next(conn, saved, language=language, now=now, new_id=new_id)

        saved, taken = await self.world.store.write(both)
        if not isinstance(saved, Desk):
            raise DeskRefused(saved.code, saved.params)
        if work.call is not None:
            self.world.switchboard.forget(work.call.id)
        room.desk, room.loaded = saved, None
        room.today = await self._today(room.user.id)
        if taken is not None:
            await self._taken(room, taken)

    # --- following ------------------------------------------------------------------------------------------

    async def offer(
        self, room: Room, begin: Callable[[Connection, Desk], tuple[Desk, units.Loaded] | None]
    ) -> bool:
        """Put an inbound call on a desk that is free; False if it no longer is, or the line has no campaign."""
        async with room.lock:
            desk = room.desk
            if state_of(desk) is not DeskState.READY:
                return False
            begun = await self.world.store.write(lambda conn: begin(conn, desk))
            if begun is None:
                return False
            room.desk, room.loaded = begun
            self._tie_operator(room)
            room.refusal = None
            self._push(room)
            room.dirty.set()
            return True

    def _tie_operator(self, room: Room) -> None:
        """From now on the operator's leg belongs to the call on the desk."""
        work, switchboard = room.desk.work, self.world.switchboard
        call = switchboard.calls.get(work.call.id) if work is not None and work.call is not None else None
        if call is not None:
            switchboard.expect(replace(call, operator_leg=room.desk.session_leg))

    async def withdraw(self, room: Room, call_id: str) -> bool:
        """Take an offered call off the desk; True if it still stood there unanswered."""
        async with room.lock:
            work = room.desk.work
            if work is None or work.call is None or work.call.id != call_id or work.offered_until is None:
                return False
            await self._clear(room)
            self._push(room)
            return True

    def room_of_call(self, call_id: str) -> Room | None:
        for room in self.rooms.values():
            work = room.desk.work
            if work is not None and work.call is not None and work.call.id == call_id:
                return room
        return None

    def room_of_session(self, leg: str) -> Room | None:
        return next((room for room in self.rooms.values() if room.desk.session_leg == leg), None)

    async def _follow(self, room: Room) -> None:
        while True:
            await room.dirty.wait()
            room.dirty.clear()
            try:
                async with room.lock:
                    await self._catch_up(room)
                    self._push(room)
            except StoreError as error:
                log.warning("desk can't be written: operator %s, %s", room.user.id, error)
                asyncio.get_running_loop().call_later(RETRY_S, room.dirty.set)
            except Exception:
                # One desk's fault must not end its follower: it would go blind for the rest of the shift.
                log.exception("desk failed to follow: operator %s", room.user.id)

    async def _catch_up(self, room: Room) -> None:
        await self._follow_session(room)
        work = room.desk.work
        if work is None or work.call is None:
            return
        live = self.world.switchboard.calls.get(work.call.id)
        if live is None:
            return
        await self._join(room, work.call)
        after = follow(work.call, live, self._utc)
        if after == work.call:
            return
        if work.offered_until is not None and after.ended:
            await self._write_call(room, after)
            await self._clear(room)
            return
        await self._write_call(room, after)

    async def _follow_session(self, room: Room) -> None:
        desk, leg = room.desk, room.desk.session_leg
        if not leg:
            return
        up = self.world.switchboard.sessions.get(leg)
        if up is None:
            if not desk.session_up:
                room.refusal = Refusal(code="phone_no_answer")
            desk = evolve(desk, self.world.now(), session_leg="", session_up=False)
        elif up and not desk.session_up:
            desk = evolve(desk, self.world.now(), session_up=True)
        if desk is not room.desk:
            room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))

    async def _join(self, room: Room, call: CallRecord) -> None:
        """Bridge a client who waits with the operator, before anything is written: voice comes first."""
        waiting = self.world.switchboard.waiting_clients
        if call.id not in waiting:
            return
        waiting.discard(call.id)
        if room.desk.session_up:
            try:
                await self.world.pbx.bridge(client=call.leg, operator=room.desk.session_leg)
                return
            except PbxError as error:
                log.warning("bridge failed: call %s, %s", call.id, error.code)
                room.refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})
        else:
            room.refusal = Refusal(code="no_session")
        await self._order(room, self.world.pbx.hangup(leg=call.leg))

    async def _write_call(self, room: Room, after: CallRecord) -> None:
        work = room.desk.work
        if work is None or work.call is None:
            return
        before, desk, now = work.call, room.desk, self.world.now()
        moved = msgspec.structs.replace(work, call=after)
        bears_outcome = units.changed_call(before, after) or after.recording_at != before.recording_at
        if bears_outcome or entry_state(moved) is not entry_state(work):
            try:
                room.desk = await self.world.store.write(
                    lambda conn: units.follow_call(conn, desk, work, after, now)
                )
            except StaleClaim:
                await self._lose_claim(room)
        else:
            room.desk = evolve(desk, now, work=moved)

    def _utc(self, pbx_seconds: float) -> datetime:
        return datetime.fromtimestamp(pbx_seconds - self.world.pbx.clock_offset_s, UTC)

    # --- what time does -------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """What is due by the clock: previews that ran out, orders without a trace. Called about once a second."""
        now = self.world.now()
        works = [(room, room.desk.work) for room in self.rooms.values() if room.desk.work is not None]
        if any(w.claim and not w.call and w.claim.lease_until <= now for _, w in works if w is not None):
            await self._expire(now)
        for room, work in works:
            if work is not None and work.call is not None and self._without_trace(room, work.call, now):
                await self._give_up(room, work.call, now)

    async def _expire(self, now: datetime) -> None:
        gone = set(await self.world.store.write(lambda conn: claims_of.expire(conn, now)))
        for room in self.rooms.values():
            async with room.lock:
                work = room.desk.work
                if work is None or work.claim is None:
                    continue
                if (work.claim.entry_id, work.claim.epoch) in gone:
                    await self._clear(room)
                    room.refusal = Refusal(code="preview_over")
                    self._push(room)

    def _without_trace(self, room: Room, call: CallRecord, now: datetime) -> bool:
        if call.ended or call.direction != "outbound" or room.loaded is None or not self.world.pbx.up:
            return False
        live = self.world.switchboard.calls.get(call.id)
        limit = timedelta(seconds=room.loaded.campaign.ring_timeout_s) + NO_TRACE
        seen = live is not None and (
            live.client.created_at is not None or live.client.answered_at is not None
        )
        return not seen and call.answered_at is None and call.started_at + limit <= now

    async def _give_up(self, room: Room, call: CallRecord, now: datetime) -> None:
        async with room.lock:
            work = room.desk.work
            if work is None or work.call is None or work.call.id != call.id or work.call.ended:
                return
            self.world.switchboard.forget(call.id)
            await self._write_call(
                room, units.close_unsent(work.call, EndReason.LOST_SIGHT, Outcome.UNKNOWN, now)
            )
            self._push(room)

    async def refresh(self) -> None:
        """Bring the campaigns' counts up to date on the pages that show them."""
        for room in list(self.rooms.values()):
            if room.watchers and room.desk.work is None:
                before = self._choices.get(room.user.id)
                await self._refresh_choices(room.user.id)
                if self._choices.get(room.user.id) != before:
                    self._push(room)

    async def _refresh_choices(self, operator_id: int) -> None:
        def load(conn: Connection) -> tuple[list[Campaign], dict[int, dict[str, int]], list[Campaign]]:
            return campaigns.working_in(conn, operator_id), campaigns.pools(conn), campaigns.every(conn)

        mine, pools, every = await self.world.store.read(load)
        self._choices[operator_id] = [
            CampaignChoice(id=c.id, name=c.name, waiting=pools.get(c.id, {}).get("waiting", 0)) for c in mine
        ]
        self._names = {c.id: CampaignView(id=c.id, name=c.name, talking_point=c.talking_point) for c in every}

    async def _today(self, operator_id: int) -> units.Today:
        midnight = self.world.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        return await self.world.store.read(lambda conn: units.today(conn, operator_id, midnight))

    # --- the switchboard's listener -------------------------------------------------------------------------

    def call_changed(self, call: Call) -> None:
        room = self.room_of_call(call.id)
        if room is not None:
            room.dirty.set()

    def client_ready(self, call_id: str) -> None:
        room = self.room_of_call(call_id)
        if room is not None:
            room.dirty.set()

    def session_changed(self, leg: str) -> None:
        room = self.room_of_session(leg)
        if room is not None:
            room.dirty.set()

    def pbx_changed(self) -> None:
        for room in self.rooms.values():
            room.dirty.set()


_Saved = tuple[Desk | Refusal | ScriptRefusal, tuple[Desk, units.Loaded] | Refusal | None]


def _open_work(room: Room) -> tuple[Work, units.Loaded]:
    work, loaded = room.desk.work, room.loaded
    if work is None or loaded is None:
        raise DeskRefused("no_client")
    return work, loaded


def _number_to_dial(loaded: units.Loaded, phone_id: int | None) -> str | None:
    phones = [phone for phone in loaded.client.phones if not phone.flagged]
    if phone_id is not None:
        phones = [phone for phone in loaded.client.phones if phone.id == phone_id]
    return phones[0].e164 if phones else None


def _restored(call: CallRecord, session_leg: str) -> Call:
    """A call as an earlier daemon knew it, to be held against what the PBX says lives."""
    answered = call.answered_at.timestamp() if call.answered_at else None
    return Call(
        id=call.id,
        direction=Direction(call.direction),
        client=Leg(id=call.leg, role=LegRole.CLIENT, answered_at=answered),
        state=call.state,
        operator_leg=session_leg,
        bridged_at=call.bridged_at.timestamp() if call.bridged_at else None,
    )
