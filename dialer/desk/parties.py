"""Client, operator and a third: joined as the desk means it and the PBX reports it.

By level: what stands on the desk is what is meant, the legs' facts are what is; this brings the one to the other,
also after a gap or in another life of the daemon. Voice comes first, then the writing. Called with the room's lock.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from dialer.campaigns import claim as claims_of
from dialer.campaigns.model import EntryState, Refusal
from dialer.desk import work as units
from dialer.desk.handed import Handed, HandedCall
from dialer.desk.model import CallRecord, Desk, Work, evolve, is_maybe_muted
from dialer.desk.orders import Orders, Sent
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.talk import (
    Goal,
    Stage,
    Third,
    is_alone,
    is_held,
    operator_hung_up,
    stage_seen,
    todo,
    together,
)
from dialer.desk.world import World
from dialer.telephony import service as calls
from dialer.telephony import thirds
from dialer.telephony.model import Call, CallState, Direction, EndReason, Outcome
from dialer.telephony.outcome import outcome_of
from dialer.telephony.port import OrderUnknown, Pbx, PbxError

log = logging.getLogger(__name__)

KEPT = timedelta(
    seconds=20
)  # how long a client waits for an operator whose phone was lost; the dialplan's own limit
_WHY = {
    Outcome.BUSY: "third_busy",
    Outcome.REJECTED: "third_busy",
    Outcome.NO_ANSWER: "third_no_answer",
    Outcome.UNREACHABLE: "third_unreachable",
    Outcome.WRONG_NUMBER: "third_unreachable",
}


class Parties:
    def __init__(self, world: World, rooms: Rooms, orders: Orders, handed: Handed) -> None:
        self.world = world
        self._rooms = rooms
        self._orders = orders
        self._handed = handed
        self._joining: set[str] = set()  # thirds' legs that were ordered to be joined and are not yet seen so
        self._asked_out: set[str] = set()  # calls whose guest wants to leave
        self._cut: dict[
            str, datetime
        ] = {}  # calls that were hung up because nobody came back to them, and when

    # --- the follower's part --------------------------------------------------------------------------------

    async def catch_up(self, room: Room, live: Call) -> None:
        """Do what is due between the three, and write down what became of it."""
        asked_out = live.id in self._asked_out
        self._asked_out.discard(live.id)  # whatever comes now: it is not to meet the next third
        if await self._return_to(room, live):
            return  # what the facts say now is from before the join; the next report says what came of it
        work = room.desk.work
        third = work.third if work is not None else None
        if third is None:
            await self._see_hold(room, live)
            await self._return(room, live)
            return
        match todo(third, live):
            case "release":
                await self._drop(room, third)
            case "bring_back":
                await self.bring_back(room, why_gone(third, live))
            case "connect":
                await self.connect(room, third)
            case "settle":
                await self._settle(room, third, stage_seen(third, live))
        if asked_out and room.desk.work is not None and room.desk.work.third is not None:
            await self.bring_back(room, Refusal(code="third_left", params={"name": third.name}))

    async def _see_hold(self, room: Room, live: Call) -> None:
        """Whether the client hears music is what the PBX says, whichever order came through."""
        work = room.desk.work
        if work is None or work.away_until is not None or not (is_held(live) or together(live)):
            return
        held = is_held(live) and not together(
            live
        )  # a word about music may come after the join that ended it
        returns = work.returns and held
        if (work.held, work.returns) != (held, returns):
            seen = msgspec.structs.replace(work, held=held, returns=returns)
            desk = evolve(room.desk, self.world.now(), work=seen)
            room.desk = await self.world.store.write(lambda conn: units.keep(conn, desk))

    async def _return(self, room: Room, live: Call) -> None:
        """A client whose way back was refused or lost is asked for again, until the bridges show it."""
        work = room.desk.work
        if work is None or work.call is None or not work.returns or not _on_line(work, live):
            return
        if not together(live) and self.pbx(work).up:
            await self._rejoin(room, work.call)

    def ask_out(self, call_id: str) -> None:
        """A guest wants to leave a call; its host's follower sees to it."""
        self._asked_out.add(call_id)

    def pbx(self, work: Work) -> Pbx:
        """The PBX at which the work's call is."""
        return self.world.pbx(work.call.pbx if work.call is not None else "")

    async def connect(self, room: Room, third: Third) -> None:
        """Join a third who is ready: with the operator, or with the client, as it was meant."""
        work = room.desk.work
        if work is None or work.call is None or third.leg in self._joining:
            return
        self._joining.add(third.leg)
        first = room.desk.session_leg if third.goal is Goal.CONSULT else work.call.leg
        try:
            if third.goal is Goal.CONSULT:
                await self.pbx(work).bridge(client=third.leg, operator=first)
            else:
                await self.pbx(work).bridge(client=first, operator=third.leg)
        except OrderUnknown:
            log.warning("join without an answer: call %s", work.call.id)
        except PbxError as error:
            log.warning("third not joined: call %s, %s", work.call.id, error.code)
            await self.bring_back(room, _refusal(error))

    async def bring_back(self, room: Room, refusal: Refusal | None) -> None:
        """Client and operator together again, the third out; `refusal` tells the operator why."""
        work = room.desk.work
        if work is None or work.call is None or work.third is None:
            return
        live = self.world.switchboard.calls.get(work.call.id)
        joined = live is not None and together(live) and work.third.stage is not Stage.TOGETHER
        if not joined:
            joined = await self._rejoin(room, work.call)
        if not joined and work.third.in_session and live is not None and _with_third(work, live):
            # The colleague's leg is not hung up; they are not to speak on while nobody knows of it.
            await self._orders.send(room, self.pbx(work).hold(leg=work.call.leg))
        await self._drop(room, work.third, held=not joined)
        if refusal is not None:
            room.refusal = refusal

    async def _rejoin(self, room: Room, call: CallRecord) -> bool:
        if not room.desk.session_up:
            return False
        order = self.world.pbx(call.pbx).bridge(client=call.leg, operator=room.desk.session_leg)
        return await self._orders.send(room, order) is Sent.DONE

    async def _drop(self, room: Room, third: Third, *, held: bool = False) -> None:
        """The third is out of the call: hung up, or a colleague set free, and written down."""
        work, now = room.desk.work, self.world.now()
        if work is None or work.call is None:
            return
        live = self.world.switchboard.calls.get(work.call.id)
        leg = live.third if live is not None and live.third and live.third.id == third.leg else None
        if not third.in_session and (leg is None or leg.ended_at is None) and self.pbx(work).up:
            try:
                await self.pbx(work).hangup(leg=third.leg)
            except PbxError as error:  # gone already, most often
                log.info("third not hung up: call %s, %s", work.call.id, error.code)
        self._joining.discard(third.leg)
        outcome = outcome_of(leg, Direction.OUTBOUND, EndReason.HANGUP).value if leg is not None else ""
        desk = evolve(room.desk, now, work=msgspec.structs.replace(work, third=None, held=held, returns=held))

        def write(conn: Connection) -> Desk:
            thirds.end(conn, third.row, third.leg, now, outcome)
            return units.keep(conn, desk)

        room.desk = await self.world.store.write(write)
        self.world.switchboard.drop_third(work.call.id, pbx=work.call.pbx)
        self.tell_guest(third)

    def tell_guest(self, third: Third) -> None:
        """A colleague's desk looks whether its phone is still wanted."""
        guest = self._rooms.with_session(third.leg) if third.in_session else None
        if guest is not None:
            guest.dirty.set()

    async def _settle(self, room: Room, third: Third, stage: Stage) -> None:
        """Write down where the third stands by the PBX's word."""
        self._joining.discard(third.leg)
        if stage is Stage.HANDED:
            await self.hand_on(room)
            return
        work, now = room.desk.work, self.world.now()
        if work is None:
            return
        settled = msgspec.structs.replace(third, stage=stage, since=now)
        held = stage is Stage.SPEAKING
        desk = evolve(room.desk, now, work=msgspec.structs.replace(work, third=settled, held=held))

        def write(conn: Connection) -> Desk:
            thirds.joined(conn, third.row, third.leg, now)
            return units.keep(conn, desk)

        room.desk = await self.world.store.write(write)

    async def hand_on(self, room: Room) -> None:
        """Somebody else has the client: the operator is free for the result, the call is followed elsewhere."""
        work, loaded = room.desk.work, room.loaded
        if work is None or work.call is None:
            return
        record, third, now = work.call, work.third, self.world.now()
        over = msgspec.structs.replace(record, state=CallState.TRANSFERRED)
        # A pause that stands goes with the call, and is ended there: here it would be taken for a forgotten one.
        left = msgspec.structs.replace(over, paused_at=None, pause_unsure="", block_pause="")
        settled = msgspec.structs.replace(third, stage=Stage.HANDED, since=now) if third is not None else None
        changed = msgspec.structs.replace(
            work, call=left, third=settled, held=False, returns=False, away_until=None
        )
        desk = evolve(room.desk, now, work=changed)

        def write(conn: Connection) -> Desk:
            calls.change(conn, record.id, now, transferred_at=now)
            if third is not None:
                thirds.joined(conn, third.row, third.leg, now)
            if work.claim is not None:
                claims_of.move(conn, work.claim, EntryState.WRAPUP)
            return units.keep(conn, desk)

        room.desk = await self.world.store.write(write)
        self._handed.adopt(
            HandedCall(
                record=over,
                third=third.leg if third is not None else "",
                row=third.row if third is not None else "",
                has_it=third.name if third is not None else "",
                client=loaded.client.name if loaded is not None else "",
                campaign=loaded.campaign.name if loaded is not None else "",
            )
        )
        guest = self._rooms.with_session(third.leg) if third is not None and third.in_session else None
        if guest is not None:
            guest.around_guest = loaded  # with what was answered while the two spoke
            guest.dirty.set()
        if is_maybe_muted(room.desk):
            # A mute belongs to one call; the leg that it silences lives all shift.
            await self._orders.mute(room, False)

    # --- the operator's phone is gone -----------------------------------------------------------------------

    def lost(self, desk: Desk, live: Call | None) -> Desk:
        """The desk whose session has ended in mid-call: the client is kept for a while, unless somebody hung up."""
        work = desk.work
        if not _on_line(work, live) or live is None or operator_hung_up(live):
            return desk
        if work is None or work.away_until is not None:
            return desk
        away = msgspec.structs.replace(work, away_until=self.world.now() + KEPT)
        return msgspec.structs.replace(desk, work=away)

    async def _return_to(self, room: Room, live: Call) -> bool:
        """An operator whose phone is back gets the client (True: just ordered); one who hung up ends the call."""
        desk, work = room.desk, room.desk.work
        if work is None or not _on_line(work, live):
            return False
        if work.away_until is None:
            gone = operator_hung_up(live) and not together(live) and not _with_third(work, live)
            if gone and (is_alone(live) or not desk.session_leg):
                await self._cut_off(room, work, live)
            return False
        if not desk.session_up:
            return False
        third = work.third if work.third is not None and work.third.stage is Stage.TOGETHER else None
        apart = not together(live)
        if apart:
            joined = self._gather(work, room, third) if third is not None else self._bridge(work, room)
            if await self._orders.send(room, joined) is not Sent.DONE:
                return False
        changed = msgspec.structs.replace(work, away_until=None, held=False, returns=False)
        back = evolve(room.desk, self.world.now(), work=changed)
        room.desk = await self.world.store.write(lambda conn: units.keep(conn, back))
        return apart

    async def _bridge(self, work: Work, room: Room) -> None:
        if work.call is not None:
            await self.pbx(work).bridge(client=work.call.leg, operator=room.desk.session_leg)

    async def _gather(self, work: Work, room: Room, third: Third) -> None:
        if work.call is not None:
            await self.pbx(work).gather(
                room=work.call.id,
                client=work.call.leg,
                operator=room.desk.session_leg,
                third=third.leg,
                in_session=third.in_session,
            )

    async def _cut_off(self, room: Room, work: Work, live: Call) -> None:
        """Hang the client up; once more after a while, as an order, or a hangup itself, may be lost."""
        now = self.world.now()
        if work.call is None or not self.pbx(work).up:
            return
        last = self._cut.get(work.call.id)
        if last is None or last + CUT_AGAIN <= now:
            self._cut[work.call.id] = now
            await self._orders.send(room, self.pbx(work).hangup(leg=live.client.id))

    # --- what time does -------------------------------------------------------------------------------------

    async def sweep(self, room: Room, now: datetime) -> None:
        """A client for whom nobody came back is let go; a third of whom nothing was heard is given up."""
        async with self._rooms.changing(room):
            work = room.desk.work
            live = self.world.switchboard.calls.get(work.call.id) if work is not None and work.call else None
            if work is None or live is None:
                return
            if work.away_until is not None and work.away_until <= now and not room.desk.session_up:
                await self._cut_off(room, work, live)
            if is_overdue(work.third, now):
                await self.bring_back(
                    room,
                    Refusal(code="third_no_answer", params={"name": work.third.name if work.third else ""}),
                )
            self._rooms.push(room)
        self._cut = {call: at for call, at in self._cut.items() if call in self.world.switchboard.calls}


NO_TRACE = timedelta(seconds=10)  # beyond the ring timeout
CUT_AGAIN = timedelta(seconds=2)  # a leg ends within milliseconds of its hangup


def is_due(work: Work | None, now: datetime) -> bool:
    """Whether time has run out for somebody in this call."""
    return work is not None and (
        (work.away_until is not None and work.away_until <= now) or is_overdue(work.third, now)
    )


def is_overdue(third: Third | None, now: datetime) -> bool:
    if third is None or third.stage is not Stage.RINGING:
        return False
    return third.since + timedelta(seconds=third.ring_timeout_s) + NO_TRACE <= now


def why_gone(third: Third, live: Call) -> Refusal | None:
    """What to tell the operator of a third who is not there (any more); of a supervisor nothing."""
    if third.goal is Goal.TAKE_OVER:
        return None
    name: dict[str, str | int] = {"name": third.name}
    if third.stage is not Stage.RINGING or live.third is None:
        return Refusal(code="third_left", params=name)
    outcome = outcome_of(live.third, Direction.OUTBOUND, EndReason.HANGUP)
    return Refusal(code=_WHY.get(outcome, "third_failed"), params=name)


def _on_line(work: Work | None, live: Call | None) -> bool:
    """Whether a client who was with the operator is still there, and still the operator's."""
    if work is None or work.call is None or live is None or work.handed_on:
        return False
    return live.bridged_at is not None and live.state is not CallState.ENDED


def _with_third(work: Work, live: Call) -> bool:
    """Whether the client speaks with the third: an operator who hangs up leaves those two together."""
    third = live.third
    if work.third is None or third is None or third.id != work.third.leg:
        return False
    return bool(third.bridge) and third.bridge == live.client.bridge


def _refusal(error: PbxError) -> Refusal:
    return Refusal(code=error.code, params={"detail": str(error)[:200]})
