"""The verbs of an operator in a call: hold, digits, a third person, transfer, and getting one's call back.

What is meant is written on the desk before the order goes out, so that another life of the daemon goes on from it;
what comes of it, `Parties` sees by the PBX's word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Connection

from dialer.campaigns.model import Refusal
from dialer.clients.numbers import national, normalise
from dialer.desk import work as units
from dialer.desk.kept import Loaded
from dialer.desk.model import CallRecord, Desk, Work, controls_of, evolve, state_of
from dialer.desk.orders import Orders, Sent
from dialer.desk.parties import Parties
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.talk import Goal, Guest, Stage, Third
from dialer.desk.verbs import Verbs
from dialer.desk.view import DeskState
from dialer.desk.world import DeskRefused, World
from dialer.telephony import dialling, thirds
from dialer.telephony.dialling import Dial, Permit
from dialer.telephony.model import Leg, LegRole
from dialer.telephony.policy import Refused
from dialer.telephony.port import DialOrder, OrderStopped, OrderUnknown, PbxError

log = logging.getLogger(__name__)

COLLEAGUE_RINGS_S = 20
MOST_DIGITS = 32
_DIGITS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom to bring in: a colleague, or a number outside as somebody wrote it."""

    user_id: int | None = None
    number: str = ""


class Control:
    """Each method is called with the room's lock held; it raises `DeskRefused` and changes nothing, or does it."""

    def __init__(self, world: World, rooms: Rooms, orders: Orders, parties: Parties, verbs: Verbs) -> None:
        self.world = world
        self._rooms = rooms
        self._orders = orders
        self._parties = parties
        self._verbs = verbs

    # --- the client alone -----------------------------------------------------------------------------------

    async def hold(self, room: Room, on: bool) -> None:
        """The client hears music, or the operator again."""
        work, call = self._in_call(room, "hold")
        if on == work.held and not work.returns:
            return
        pbx, session = self.world.pbx(call.pbx), room.desk.session_leg
        order = pbx.hold(leg=call.leg) if on else pbx.bridge(client=call.leg, operator=session)
        done = await self._orders.send(room, order) is Sent.DONE
        if done or not on:  # nobody is left with music for an order that was lost
            await self._keep(
                room, msgspec.structs.replace(work, held=on or not done, returns=not on and not done)
            )

    async def digits(self, room: Room, digits: str) -> None:
        """Keys for whoever the operator speaks with; never logged, they may be a card's."""
        work, call = self._in_call(room, "digits")
        if not digits or len(digits) > MOST_DIGITS or not _DIGITS.issuperset(digits):
            raise DeskRefused("digits_form", {"limit": MOST_DIGITS})
        speaking = work.third is not None and work.third.stage is Stage.SPEAKING
        leg = work.third.leg if work.third is not None and speaking else call.leg
        await self._orders.send(room, self.world.pbx(call.pbx).send_digits(leg=leg, digits=digits))

    # --- a third person -------------------------------------------------------------------------------------

    async def transfer(self, room: Room, target: Target, goal: Goal) -> None:
        """Put the client on hold and bring somebody in: to speak with first, or to have the client at once."""
        work, call = self._in_call(room, "transfer")
        if room.loaded is None:
            raise DeskRefused("no_client")
        if target.user_id is not None:
            await self._to_colleague(room, work, call, target.user_id, goal)
        else:
            await self._to_number(room, work, call, room.loaded, target.number, goal)

    async def _to_number(
        self, room: Room, work: Work, call: CallRecord, loaded: Loaded, written: str, goal: Goal
    ) -> None:
        line = self.world.lines.get(loaded.campaign.line)
        if line is None:
            raise DeskRefused("line_missing", {"line": loaded.campaign.line})
        number = normalise(written, line.region)
        if number is None:
            raise DeskRefused("number_form")
        now, leg = self.world.now(), self.world.new_id()
        dial = Dial(
            id=leg,
            number=number,
            line=line,
            operator_id=room.user.id,
            campaign_id=work.campaign_id,
            caller_ids=loaded.campaign.caller_ids,
        )
        third = Third(
            row=self.world.new_id(),
            leg=leg,
            goal=goal,
            name=national(number),
            number=number,
            since=now,
            ring_timeout_s=loaded.campaign.ring_timeout_s,
        )
        given: list[Permit] = []

        def ask(conn: Connection) -> Refused | None:
            permit = dialling.permit(conn, dial, now)
            if isinstance(permit, Refused):
                return permit
            given.append(permit)
            return None

        await self._begin(room, work, call, third, line=line.name, may=ask)
        order = DialOrder(
            call=leg,
            number=number,
            line=line.dial,
            caller_id=given[-1].caller_id,
            most_s=given[-1].most_s,
            ring_timeout_s=third.ring_timeout_s,
            record=False,
        )
        await self._bring_in(room, call, third, held=work.held, order=order)

    async def _to_colleague(self, room: Room, work: Work, call: CallRecord, user_id: int, goal: Goal) -> None:
        user = await self.world.find_user(user_id)
        if user is None or not user.active or user.id == room.user.id:
            raise DeskRefused("colleague_unknown")
        other = self._rooms.all.get(user.id)
        there = other.pbx if other is not None else user.pbx
        if not self.world.same_pbx(there, call.pbx):
            raise DeskRefused("colleague_elsewhere", {"name": user.name})
        if other is not None and other.desk.session_leg:
            await self._to_session(room, work, call, other, goal)
            return
        if not user.endpoint or user.endpoint == room.user.endpoint:
            raise DeskRefused("colleague_no_phone", {"name": user.name})
        third = Third(
            row=self.world.new_id(),
            leg="T" + self.world.new_id(),
            goal=goal,
            name=user.name,
            user_id=user.id,
            since=self.world.now(),
            ring_timeout_s=COLLEAGUE_RINGS_S,
        )
        await self._begin(room, work, call, third)
        await self._bring_in(room, call, third, held=work.held, endpoint=user.endpoint)

    async def _to_session(self, room: Room, work: Work, call: CallRecord, other: Room, goal: Goal) -> None:
        """A colleague who is free in a session: their phone is there already, and nothing rings."""
        # Whoever holds the other desk may be waiting for this one: so it is taken at once or not at all.
        if other.lock.locked() or state_of(other.desk) is not DeskState.READY:
            raise DeskRefused("colleague_busy", {"name": other.user.name})
        async with self._rooms.changing(other):
            desk, now = other.desk, self.world.now()
            if state_of(desk) is not DeskState.READY:
                raise DeskRefused("colleague_busy", {"name": other.user.name})
            third = Third(
                row=self.world.new_id(),
                leg=desk.session_leg,
                goal=goal,
                name=other.user.name,
                user_id=other.user.id,
                in_session=True,
                since=now,
                ring_timeout_s=COLLEAGUE_RINGS_S,
            )
            guest = Guest(
                call_id=call.id,
                leg=desk.session_leg,
                host_id=room.user.id,
                host=room.user.name,
                campaign_id=work.campaign_id,
                client_id=work.client_id,
                number=national(call.number),
                since=now,
                run_id=work.run_id,
            )
            lent = evolve(desk, now, guest=guest)
            await self._begin(room, work, call, third, also=lambda conn: units.keep(conn, lent))
            other.desk = lent
            other.around_guest = room.loaded
            self.world.switchboard.expect_third(call.id, third.leg, pbx=call.pbx)
            self._rooms.push(other)
        await self._bring_in(room, call, third, held=work.held)

    async def _begin(
        self,
        room: Room,
        work: Work,
        call: CallRecord,
        third: Third,
        *,
        line: str = "",
        may: Callable[[Connection], Refused | None] = lambda conn: None,
        also: Callable[[Connection], object] = lambda conn: None,
    ) -> None:
        """Write down who is to come, before anything is ordered. Raises `DeskRefused`."""
        now = self.world.now()
        desk = evolve(
            room.desk, now, work=msgspec.structs.replace(work, third=third, held=True, returns=False)
        )

        def write(conn: Connection) -> Desk | Refused:
            if (refusal := may(conn)) is not None:
                return refusal
            thirds.start(
                conn,
                id=third.row,
                leg=third.leg,
                call_id=call.id,
                goal=third.goal.value,
                line=line,
                number=third.number,
                user_id=third.user_id,
                by_id=room.user.id,
                started_at=now,
            )
            also(conn)
            return units.keep(conn, desk)

        written = await self.world.store.write(write)
        if isinstance(written, Refused):
            raise DeskRefused(written.code, written.params)
        room.desk = written

    async def _bring_in(
        self,
        room: Room,
        call: CallRecord,
        third: Third,
        *,
        held: bool,
        order: DialOrder | None = None,
        endpoint: str = "",
    ) -> None:
        """The orders themselves, once: the client on hold, then the third's phone."""
        pbx = self.world.pbx(call.pbx)
        self.world.switchboard.expect_third(call.id, third.leg, pbx=call.pbx)
        self._rooms.push(room)
        try:
            if not held:
                await pbx.hold(leg=call.leg)
            if order is not None:
                self._check_stop(room)
                await pbx.dial_third(order)
            elif endpoint:
                await pbx.ring_third(leg=third.leg, endpoint=endpoint, timeout_s=third.ring_timeout_s)
        except OrderUnknown:
            log.warning("third ordered without an answer: call %s", call.id)
        except PbxError as error:
            refusal = Refusal(code=error.code, params={"detail": str(error)[:200]})
            await self._parties.bring_back(room, refusal)
            return
        if third.in_session:
            await self._parties.connect(room, third)

    def _check_stop(self, room: Room) -> None:
        """Raises `OrderStopped` where the line was stopped since the dial was written down."""
        if room.loaded is not None and self.world.stops.stands(room.loaded.campaign.line):
            raise OrderStopped(room.loaded.campaign.line)

    async def complete(self, room: Room) -> None:
        """The third gets the client; the operator is out."""
        work, call = self._in_call(room, "complete")
        await self._aim(room, work, Goal.HAND_OVER)
        if work.third is None:
            return
        order = self.world.pbx(call.pbx).bridge(client=call.leg, operator=work.third.leg)
        if await self._orders.send(room, order) is Sent.REFUSED:
            await self._aim(room, work, work.third.goal)

    async def join(self, room: Room) -> None:
        """All three speak together."""
        work, call = self._in_call(room, "join")
        await self._aim(room, work, Goal.TOGETHER)
        if work.third is None:
            return
        order = self.world.pbx(call.pbx).gather(
            room=call.id,
            client=call.leg,
            operator=room.desk.session_leg,
            third=work.third.leg,
            in_session=work.third.in_session,
        )
        if await self._orders.send(room, order) is Sent.REFUSED:
            await self._aim(room, work, work.third.goal)

    async def back(self, room: Room) -> None:
        """Without the third: the client comes back, whether the third rings, speaks, or is with both."""
        self._in_call(room, "back")
        await self._parties.bring_back(room, None)

    async def hangup(self, room: Room) -> None:
        """Hang up whom the operator hears: a third who was asked, else the client."""
        work = room.desk.work
        third = work.third if work is not None else None
        asked = third is not None and third.goal is not Goal.TAKE_OVER
        if third is not None and asked and third.stage in (Stage.RINGING, Stage.SPEAKING):
            await self.back(room)
        else:
            await self._verbs.hangup(room)

    async def _aim(self, room: Room, work: Work, goal: Goal) -> None:
        """What the third is meant for from now on; written before the order."""
        if work.third is not None:
            aimed = msgspec.structs.replace(work.third, goal=goal)
            await self._keep(room, msgspec.structs.replace(work, third=aimed))

    async def leave(self, room: Room) -> None:
        """Out of a colleague's call: the client goes back to the colleague, or the call ends if it was handed on."""
        guest = room.desk.guest
        if guest is None:
            return
        live = self.world.switchboard.calls.get(guest.call_id)
        host = self._rooms.with_call(guest.call_id)
        host_has_it = host is not None and host.desk.work is not None and not host.desk.work.handed_on
        if host is not None and host_has_it:
            self._parties.ask_out(guest.call_id)
            host.dirty.set()
        elif live is not None:
            await self._orders.send(room, self._orders.pbx(room).hangup(leg=live.client.id))

    # --- the phone ------------------------------------------------------------------------------------------

    async def rejoin(self, room: Room) -> None:
        """Ring the operator's phone anew, in place of a leg that is lost; a client who waits is joined to it."""
        desk = room.desk
        if desk.session_leg and not desk.session_up:
            return  # it rings already
        pbx = self._orders.pbx(room)
        if not pbx.up:
            raise DeskRefused("pbx_away")
        if not room.user.endpoint:
            raise DeskRefused("no_phone")
        old = desk.session_leg
        call = desk.work.call if desk.work is not None else None
        live = self.world.switchboard.calls.get(call.id) if call is not None else None
        gone = self._parties.lost(msgspec.structs.replace(desk, muted=False, mute_unsure=False), live)
        gone = evolve(gone, self.world.now(), session_leg="", session_up=False, guest=None)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, gone))
        if old:
            self.world.switchboard.forget_session(old)
            try:
                await pbx.hangup(leg=old)
            except PbxError as error:  # it is lost indeed
                log.info("old session not hung up: operator %s, %s", room.user.id, error.code)
        await self._verbs.start_session(room)
        live = self.world.switchboard.calls.get(call.id) if call is not None else None
        if live is not None and room.desk.session_leg:
            leg = Leg(id=room.desk.session_leg, role=LegRole.OPERATOR)
            tied = replace(live, operator_leg=leg.id, operator=leg)
            self.world.switchboard.expect(tied, pbx=call.pbx if call is not None else "")
        room.dirty.set()

    # --- small things ---------------------------------------------------------------------------------------

    def _in_call(self, room: Room, button: str) -> tuple[Work, CallRecord]:
        reason = getattr(controls_of(room.desk, pbx_up=self._orders.pbx(room).up), button)
        work = room.desk.work
        if reason or work is None or work.call is None:
            raise DeskRefused(reason or "no_talk")
        return work, work.call

    async def _keep(self, room: Room, work: Work) -> None:
        desk = evolve(room.desk, self.world.now(), work=work)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))
