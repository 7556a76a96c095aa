"""The rooms of all operators: opened where the last daemon left them, watched by pages, pushed when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from dialer.auth.model import User
from dialer.campaigns import leases
from dialer.campaigns.claim import StaleClaim
from dialer.campaigns.model import Refusal
from dialer.desk import tapes
from dialer.desk import work as units
from dialer.desk.choices import KnownCampaigns, choices_of, look_up
from dialer.desk.kept import Loaded, Today
from dialer.desk.model import CallRecord, Desk, Work, entry_state, evolve
from dialer.desk.render import render
from dialer.desk.room import Pages, RefusedPress, Room, Watcher, encode
from dialer.desk.today import today
from dialer.desk.view import CampaignChoice, CampaignView, DeskView
from dialer.desk.world import DeskRefused, World
from dialer.store.errors import StoreError
from dialer.telephony.model import Call, Direction, Leg, LegRole

log = logging.getLogger(__name__)

PAGE_GRACE = timedelta(seconds=30)  # how long a page may be gone before its claim is freed


class Rooms:
    """`all` by operator. `stream` names this life of the daemon: a page that sees another one counts anew."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stream = world.new_id()
        self.all: dict[int, Room] = {}
        self.pages = Pages()
        self.on_change: Callable[[], None] = lambda: None  # the console's: told that some desk changed
        self.follow: Callable[[Room], Coroutine[Any, Any, None]] = _nobody_follows
        self._choices: dict[int, list[CampaignChoice]] = {}
        self._names: dict[int, CampaignView] = {}
        self._opening = asyncio.Lock()

    async def of(self, user: User) -> Room:
        """The user's room, opened if it was not."""
        room = self.all.get(user.id)
        if room is None:
            async with self._opening:
                room = self.all.get(user.id)
                if room is None:
                    desk = Desk(operator_id=user.id, since=self.world.now())
                    room = await self.open(desk, user)
        room.user = user
        return room

    @asynccontextmanager
    async def changing(self, room: Room) -> AsyncIterator[None]:
        """Hold the room for one change. Whatever goes wrong in it, the desk is read anew before the next one.

        A refusal changed nothing. After anything else (a commit whose answer never came, a race, a fault) nobody
        knows whether the store and the memory still say the same.
        """
        async with room.lock:
            if room.in_doubt:
                await self._read_again(room)
            try:
                yield
            except DeskRefused:
                raise
            except BaseException:
                room.in_doubt = True
                raise

    async def _read_again(self, room: Room) -> None:
        """Take the desk as the store has it; asked of the writer, which has then ended whatever was in doubt."""
        operator_id, language = room.user.id, room.user.language

        def load(conn: Connection) -> tuple[Desk | None, Loaded | None]:
            kept = units.load_one(conn, operator_id)
            return kept, units.load_around(conn, kept.work, language) if kept and kept.work else None

        kept, loaded = await self.world.store.write(load)
        room.desk = kept or Desk(operator_id=operator_id, since=self.world.now())
        room.loaded = loaded
        self._expect(room.desk)
        room.in_doubt = False
        room.dirty.set()
        log.warning("desk read anew: operator %s", operator_id)

    def _expect(self, desk: Desk) -> None:
        """Let the switchboard follow what this desk is about, if it does not already."""
        switchboard = self.world.switchboard
        call = desk.work.call if desk.work is not None else None
        if desk.work is not None and desk.work.handed_on:
            call = None  # it is followed elsewhere
        if call is not None and not call.ended and call.id not in switchboard.calls:
            switchboard.expect(restored(call, desk.session_leg), pbx=call.pbx)
            if desk.work is not None and desk.work.third is not None:
                switchboard.expect_third(call.id, desk.work.third.leg, pbx=call.pbx)
        if desk.session_leg:
            switchboard.recall_session(desk.session_leg, pbx=desk.session_pbx, up=desk.session_up)

    async def open(self, desk: Desk, user: User) -> Room:
        room = Room(desk, user)
        work = desk.work
        if work is not None:
            room.loaded = await self.world.store.read(
                lambda conn: units.load_around(conn, work, user.language)
            )
        room.around_guest = await self.load_guest(room)
        self._expect(desk)
        room.today = await self.figures(user)
        await self.refresh_choices(user)
        self.all[user.id] = room
        room.follower = asyncio.create_task(self.follow(room), name=f"desk {user.id}")
        return room

    async def load_guest(self, room: Room) -> Loaded | None:
        """What stands around the colleague's call that this desk takes part in, as the store has it."""
        guest, language = room.desk.guest, room.user.language
        if guest is None:
            return None
        of = Work(
            id="",
            direction="inbound",
            campaign_id=guest.campaign_id,
            client_id=guest.client_id,
            run_id=guest.run_id,
            began_at=guest.since,
        )
        return await self.world.store.read(lambda conn: units.load_around(conn, of, language))

    # --- pages ----------------------------------------------------------------------------------------------

    async def watch(self, user: User) -> Watcher:
        """Subscribe a page; its first frame is the present state."""
        room = await self.of(user)
        async with self.changing(room):
            if not room.watchers:
                await self._page_came(room)
            watcher = Watcher(self.pages)
            room.watchers.add(watcher)
            watcher.put(self.frame(room))
            return watcher

    async def unwatch(self, user: User, watcher: Watcher) -> None:
        room = self.all.get(user.id)
        if room is None:
            return
        room.watchers.discard(watcher)
        if not room.watchers:
            async with self.changing(room):
                await self.page_went(room)

    async def _page_came(self, room: Room) -> None:
        work = room.desk.work
        if work is not None and work.claim is not None and work.call is None and room.loaded is not None:
            preview = timedelta(seconds=room.loaded.campaign.preview_s)
            await self._lease(room, work, work.began_at + preview)

    async def page_went(self, room: Room) -> None:
        """Nobody looks at a preview: it ends sooner. Called with the room's lock held, or before anybody has it."""
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
            leases.extend(conn, claim, until)
            return units.keep(conn, longer)

        room.desk = await self.world.store.write(extend)

    def view(self, room: Room) -> DeskView:
        campaign_id = room.desk.work.campaign_id if room.desk.work is not None else room.desk.campaign_id
        return render(
            room.desk,
            room.user,
            room.loaded,
            room.around_guest if room.desk.guest is not None else None,
            choices=self._choices.get(room.user.id, []),
            campaign=self._names.get(campaign_id) if campaign_id is not None else None,
            today=room.today,
            refusal=room.refusal,
            pbx_up=self.world.pbx(room.pbx).up,
            now=self.world.now(),
        )

    def frame(self, room: Room, refused: RefusedPress | None = None) -> bytes:
        return encode(self.stream, room.seq, self.view(room), refused)

    def push(self, room: Room) -> bytes | None:
        """Send the desk to its pages; gives the frame, if there was anybody to draw it for."""
        self.on_change()
        return room.push(self.stream, lambda: self.view(room))

    async def lose_claim(self, room: Room) -> None:
        """The store says that the claim is not ours (any more): take the desk as the store has it.

        Only if the claim is gone indeed, the work goes with it; a client who is on the line stays on the page.
        """
        log.warning("claim in question: operator %s", room.user.id)
        await self._read_again(room)
        work = room.desk.work
        if work is None or work.claim is None:
            return
        claim, operator_id, now = work.claim, room.user.id, self.world.now()

        def still_ours(conn: Connection) -> bool:
            held = leases.is_held(conn, claim, operator_id, now)
            if not held:
                leases.let_go(conn, claim, now)
            return held

        if await self.world.store.write(still_ours):
            return
        room.refusal = Refusal(code="claim_lost")
        if work.call is not None and not work.call.ended:
            free = msgspec.structs.replace(room.desk, work=msgspec.structs.replace(work, claim=None))
            room.desk = await self.world.store.write(lambda conn: units.keep(conn, free))
        else:
            await self.clear(room)

    async def clear(self, room: Room) -> None:
        """Take the work off the desk without a result."""
        desk, now = room.desk, self.world.now()
        room.desk = await self.world.store.write(lambda conn: units.clear(conn, desk, now))
        room.loaded = None

    async def write_call(self, room: Room, after: CallRecord) -> None:
        """Put a turn of the call on the desk; in the store too, if it bears an outcome."""
        work = room.desk.work
        if work is None or work.call is None:
            return
        before, desk, now = work.call, room.desk, self.world.now()
        moved = msgspec.structs.replace(work, call=after)
        bears_outcome = units.changed_call(before, after) or tapes.changed(before, after)
        if bears_outcome or entry_state(moved) is not entry_state(work):
            try:
                room.desk = await self.world.store.write(
                    lambda conn: units.follow_call(conn, desk, work, after, now)
                )
            except StaleClaim:
                await self.lose_claim(room)
        else:
            room.desk = evolve(desk, now, work=moved)

    def with_call(self, call_id: str) -> Room | None:
        for room in self.all.values():
            work = room.desk.work
            if work is not None and work.call is not None and work.call.id == call_id:
                return room
        return None

    def with_session(self, leg: str) -> Room | None:
        return next((room for room in self.all.values() if room.desk.session_leg == leg), None)

    async def refresh(self) -> None:
        """Bring the campaigns' counts up to date on the pages that show them."""
        idle = [room for room in self.all.values() if room.watchers and room.desk.work is None]
        if not idle:
            return
        known = await self._look_up()
        for room in idle:
            choices = choices_of(known, room.user)
            if choices != self._choices.get(room.user.id):
                self._choices[room.user.id] = choices
                self.push(room)
                await asyncio.sleep(0)  # many pages: others come in between

    def choices(self, room: Room) -> list[CampaignChoice]:
        """The campaigns that the operator may work in, as last looked up."""
        return self._choices.get(room.user.id, [])

    async def refresh_choices(self, user: User) -> None:
        """Look up the campaigns that an operator may work in."""
        self._choices[user.id] = choices_of(await self._look_up(), user)

    async def _look_up(self) -> KnownCampaigns:
        known = await self.world.store.read(look_up)
        self._names = {
            c.id: CampaignView(id=c.id, name=c.name, talking_point=c.talking_point) for c in known.campaigns
        }
        return known

    async def count_today(self, room: Room) -> None:
        """Bring the operator's figures up to date; old ones stand where the store can't be read."""
        try:
            room.today = await self.figures(room.user)
        except StoreError as error:
            log.warning("figures not read: operator %s, %s", room.user.id, error)

    async def figures(self, user: User) -> Today:
        midnight = self.world.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        return await self.world.store.read(lambda conn: today(conn, user.id, user.role.value, midnight))


def restored(call: CallRecord, session_leg: str) -> Call:
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


async def _nobody_follows(room: Room) -> None:
    raise RuntimeError("the rooms were wired without a follower")
