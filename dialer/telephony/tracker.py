"""From what a PBX reports to what a call is: a pure function of (call, event).

Reports come in almost any order: only one channel's own events keep theirs, and even among those an order's
answer may come before or after the channel's. So an event first becomes facts about a leg, merged in a way
that does not care for order (the earliest time, the first cause); state and outcome follow from the facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import itemgetter

from dialer.telephony.lifecycle import Move, after
from dialer.telephony.model import (
    Call,
    CallState,
    Direction,
    EndReason,
    Leg,
    LegAlone,
    LegAnswered,
    LegBridged,
    LegCreated,
    LegDialEnded,
    LegEnded,
    LegHangupRequested,
    LegHeld,
    LegOrderFailed,
    LegRinging,
    LegRole,
    LegSetAside,
    LegTransferred,
    LegUnbridged,
    LiveLeg,
    Party,
    PbxEvent,
    Place,
    RecordingPaused,
    RecordingStarted,
    Snapshot,
    ThirdReady,
)
from dialer.telephony.outcome import outcome_of

_CLOCKS_AGREE_S = 0.25
_STANDS = {LegSetAside: Place.HOLD, LegAlone: Place.ALONE, ThirdReady: Place.THIRD}
_STANDING: dict[str, Place] = {place.value: place for place in _STANDS.values()}
OTHER_HALF = ";2"  # Asterisk adds it to our id for the far half of a Local channel


def track(call: Call, event: PbxEvent) -> Call:
    """The call after an event of one of its legs; the same call if the event says nothing new of it."""
    if event.leg == call.client.id:
        return _settled(call, replace(call, client=_learned(call.client, event)))
    if event.leg == call.client.id + OTHER_HALF:
        if isinstance(event, LegEnded):
            return _settled(call, replace(call, client=replace(call.client, other_cause=event.cause)))
        return call
    if call.operator_leg and event.leg == call.operator_leg:
        operator = call.operator
        if operator is None or operator.id != event.leg:
            operator = Leg(id=event.leg, role=LegRole.OPERATOR)
        return _settled(call, replace(call, operator=_learned(operator, event)))
    if call.third is not None and event.leg == call.third.id:
        return _settled(call, replace(call, third=_learned(call.third, event)))
    return call


def order_hangup(call: Call, at: float) -> Call:
    """Remember that we hang this call up on the operator's word (`at` in the PBX's clock)."""
    client = replace(call.client, hangup_ordered_at=_earliest(call.client.hangup_ordered_at, at))
    return _settled(call, replace(call, client=client))


def reconcile(calls: Mapping[str, Call], snapshot: Snapshot, *, restarted: bool) -> list[tuple[Call, Call]]:
    """Hold what we remember against what lives: (before, after) of each call that the snapshot changes.

    A call whose client is gone is closed as lost sight of; after a restart of the PBX all are closed, for no
    channel outlives it. Legs that live and belong to no call are not adopted here: they may be anybody's.
    """
    live = {} if restarted else {leg.leg: leg for leg in snapshot.legs}
    reason = EndReason.PBX_RESTARTED if restarted else EndReason.LOST_SIGHT
    changed = []
    for call in calls.values():
        if call.state is CallState.ENDED:
            continue
        row = live.get(call.client.id)
        if row is None and not restarted and (call.client.created_at or 0.0) > snapshot.at:
            continue  # it came after the question
        now = _closed(call, reason, snapshot.at) if row is None else _seen(call, row, live, snapshot.at)
        if now != call:
            changed.append((call, now))
    return changed


def left_alone(call: Call) -> bool:
    """The client is there and nobody is with him any more, though somebody was, and nobody set him aside."""
    client = call.client
    if call.state is CallState.ENDED or not client.room:
        return call.state is not CallState.ENDED and client.stands is Place.ALONE
    others = [leg for leg in (call.operator, call.third) if leg is not None]
    were = [leg for leg in others if client.bridge in dict(leg.stays)]
    return bool(were) and all(leg.bridge != client.bridge for leg in others)


def lingering(call: Call) -> list[str]:
    """Legs whose own end hung up and that live on. Asterisk loses the hangup of a leg that is bridged in that very
    instant (seen on 22.10): it stays in the bridge with nobody behind it, until it is hung up once more.
    """
    if call.state is CallState.ENDED:
        return []
    legs = (call.client, call.third)
    return [leg.id for leg in legs if leg is not None and leg.hangup_requested and leg.ended_at is None]


def talk_s(call: Call) -> float:
    """Seconds from answer to end; never negative, though answer and end may be reported crosswise."""
    start, end = call.client.answered_at, call.client.ended_at
    return 0.0 if start is None or end is None else max(0.0, end - start)


def _learned(leg: Leg, event: PbxEvent) -> Leg:
    at = event.at
    match event:
        case LegCreated():
            return replace(leg, created_at=_earliest(leg.created_at, at))
        case LegRinging():
            return replace(leg, ringing_at=_earliest(leg.ringing_at, at))
        case LegAnswered():
            return replace(leg, answered_at=_earliest(leg.answered_at, at))
        case LegDialEnded(status=status):
            return replace(leg, dial_status=leg.dial_status or status)
        case LegOrderFailed(reason=reason):
            return replace(leg, order_reason=reason if leg.order_reason is None else leg.order_reason)
        case LegBridged(bridge=bridge, room=room):
            stays = _stayed(leg.stays, bridge, at)
            if _told_again(leg.placed_at, at):
                return replace(leg, stays=stays)
            stands = leg.stands if _told_again(leg.stands_at, at) else None
            return replace(leg, bridge=bridge, placed_at=at, room=room, stands=stands, stays=stays)
        case LegUnbridged(bridge=bridge):
            if leg.bridge != bridge or _told_again(leg.placed_at, at):
                return leg
            return replace(leg, bridge="", placed_at=at, room=False)
        case LegSetAside() | LegAlone() | ThirdReady():
            return _stood(leg, _STANDS[type(event)], at)
        case LegHeld(held=held):
            return leg if _told_again(leg.held_at, at) else replace(leg, held=held, held_at=at)
        case LegTransferred():
            return replace(leg, transferred_at=_earliest(leg.transferred_at, at))
        case LegHangupRequested():
            return replace(leg, hangup_requested_at=_earliest(leg.hangup_requested_at, at))
        case LegEnded():
            return _over(leg, event)
        case RecordingStarted():
            return replace(leg, recordings_at=tuple(sorted({*leg.recordings_at, at})))
        case RecordingPaused(paused=paused) if (at, paused) not in leg.pauses:
            return replace(leg, pauses=tuple(sorted((*leg.pauses, (at, paused)), key=itemgetter(0))))
    return leg


def _stood(leg: Leg, place: Place, at: float) -> Leg:
    """The dialplan tells it apart from the bridges: a place holds until a bridge that was entered after it."""
    if _told_again(leg.stands_at, at):
        return leg
    entered = max((since for _, since in leg.stays), default=None)
    over = leg.ended_at is not None or _told_again(entered, at)
    return replace(leg, stands=leg.stands if over else place, stands_at=at)


def _told_again(last: float | None, at: float) -> bool:
    """Whether an event is older than what is known, as when a second connection tells it late."""
    return last is not None and at < last


def _over(leg: Leg, event: LegEnded) -> Leg:
    if leg.cause is not None:
        return leg
    return replace(_gone(leg, event.at), cause=event.cause, tech_cause=event.tech_cause)


def _gone(leg: Leg, at: float) -> Leg:
    ended_at = _earliest(leg.ended_at, at)
    return replace(leg, ended_at=ended_at, bridge="", room=False, stands=None, held=False)


def _stayed(stays: tuple[tuple[str, float], ...], bridge: str, at: float) -> tuple[tuple[str, float], ...]:
    known = dict(stays)
    known[bridge] = min(at, known.get(bridge, at))
    return tuple(sorted(known.items()))


def _settled(before: Call, call: Call) -> Call:
    """Draw from the facts what follows from them."""
    client, operator = call.client, call.operator
    ours = dict(client.stays)
    theirs = dict(operator.stays) if operator else {}
    together = [max(at, theirs[bridge]) for bridge, at in ours.items() if bridge in theirs]
    state = after(before.state, _moves(before, call))
    call = replace(call, state=state, bridged_at=min(together, default=call.bridged_at), seen=frozenset(ours))
    if state is not CallState.ENDED:
        return call
    end = _end_reason(call)
    outcome = outcome_of(client, call.direction, end)
    return replace(call, end_reason=end, outcome=outcome, ended_by=_ended_by(call, end))


def _moves(before: Call, now: Call) -> tuple[Move, ...]:
    """What happened between two sets of facts, in the order in which it makes sense."""
    was, is_ = before.client, now.client
    moves = []
    if is_.ringing_at is not None and was.ringing_at is None:
        moves.append(Move.RING)
    if is_.answered_at is not None and was.answered_at is None:
        moves.append(Move.ANSWER)
    if _joined(now) and not _joined(before):
        moves.append(Move.JOIN)
        if _held(now):
            moves.append(Move.HOLD)
    elif _joined(before) and not _joined(now):
        moves.append(Move.PART)
        if is_.transferred_at is not None and _together_since(before) <= is_.transferred_at:
            moves.append(Move.TRANSFER)  # the operator is seen to leave only after having sent the client on
    elif _joined(now) and _held(now) != _held(before):
        moves.append(Move.HOLD if _held(now) else Move.RESUME)
    moves.extend(_moves_aside(before, now))
    if is_.transferred_at is not None and was.transferred_at is None:
        moves.append(Move.TRANSFER)
    if _is_over(now):
        moves.append(Move.END)
    return tuple(moves)


def _moves_aside(before: Call, now: Call) -> Iterator[Move]:
    """Into our own hold and out of it, and on to the third."""
    was, is_ = _aside(before), _aside(now)
    if is_ and not was:
        yield Move.HOLD
    elif was and not is_ and not _joined(now):
        yield Move.PART
    if _passed_on(now) and not _passed_on(before):
        yield Move.TRANSFER


def _aside(call: Call) -> bool:
    return call.client.stands is Place.HOLD and not call.client.bridge


def _passed_on(call: Call) -> bool:
    """The client speaks with the third alone. In a room an operator who was not there yet is still to come."""
    client, operator, third = call.client, call.operator, call.third
    if not client.bridge or third is None or third.bridge != client.bridge or _joined(call):
        return False
    return not client.room or (operator is not None and client.bridge in dict(operator.stays))


def _joined(call: Call) -> bool:
    return (
        bool(call.client.bridge) and call.operator is not None and call.operator.bridge == call.client.bridge
    )


def _held(call: Call) -> bool:
    return call.client.held or (call.operator is not None and call.operator.held)


def _together_since(call: Call) -> float:
    bridge = call.client.bridge
    stays = (call.client.stays, call.operator.stays if call.operator else ())
    return max(dict(each).get(bridge, 0.0) for each in stays)


def _is_over(call: Call) -> bool:
    client = call.client
    never_made = client.order_reason is not None and client.created_at is None and client.answered_at is None
    return client.ended_at is not None or never_made


def _end_reason(call: Call) -> EndReason:
    if call.client.cause is not None:
        return EndReason.HANGUP
    return call.end_reason or EndReason.REFUSED


def _ended_by(call: Call, end: EndReason) -> Party | None:
    """Who hung up first. Nobody can tell of a call that ended unseen."""
    client = call.client
    if end is EndReason.LOST_SIGHT:
        return None
    # Our order's time is our clock's: it may seem to come a moment after the end that it brought about.
    ordered = client.hangup_ordered_at
    if ordered is not None and client.ended_at is not None and ordered - client.ended_at < _CLOCKS_AGREE_S:
        ordered = min(ordered, client.ended_at)
    words = [(client.hangup_requested_at, Party.CLIENT), (ordered, Party.OPERATOR)]
    words.append(_left_alone(call))
    latest = client.ended_at if client.ended_at is not None else float("inf")
    said = [(at, who) for at, who in words if at is not None and at <= latest]
    return min(said)[1] if said else Party.SYSTEM


def _left_alone(call: Call) -> tuple[float | None, Party]:
    """Who of those whom the client was with last hung up last, when none of them is left."""
    last = max(((at, bridge) for bridge, at in call.client.stays), default=(0.0, ""))[1]
    there = [leg for leg in (call.operator, call.third) if leg is not None and last in dict(leg.stays)]
    said = [(leg.hangup_requested_at, leg.role) for leg in there]
    sent_on = call.client.transferred_at
    heard = [(at, role) for at, role in said if at is not None and (sent_on is None or at < sent_on)]
    silent = [leg for leg in there if leg.hangup_requested_at is None]
    if not heard:
        return None, Party.SYSTEM
    at, role = max(heard)
    if any(leg.ended_at is None or leg.ended_at > at for leg in silent):
        return None, Party.SYSTEM
    return at, Party(role.value)


def _closed(call: Call, reason: EndReason, at: float) -> Call:
    return _settled(call, replace(call, client=_gone(call.client, at), end_reason=reason))


def _seen(call: Call, row: LiveLeg, live: Mapping[str, LiveLeg], at: float) -> Call:
    """Take over what a living client's row says; times that nobody saw are the snapshot's, at the latest."""
    client = replace(call.client, created_at=_earliest(call.client.created_at, row.since))
    if row.up and client.answered_at is None:
        client = replace(client, answered_at=at)
    now = replace(call, client=_placed(client, row, at))
    operator = call.operator
    if operator is None and call.operator_leg in live:
        operator = Leg(id=call.operator_leg, role=LegRole.OPERATOR)
    now = replace(now, operator=_found(operator, live, at), third=_found(call.third, live, at))
    return _settled(call, now)


def _found(leg: Leg | None, live: Mapping[str, LiveLeg], at: float) -> Leg | None:
    """What a snapshot says of another's leg."""
    if leg is None:
        return None
    row = live.get(leg.id)
    if row is None:
        return _gone(leg, at)
    return _placed(replace(leg, answered_at=at) if row.up and leg.answered_at is None else leg, row, at)


def _placed(leg: Leg, row: LiveLeg, at: float) -> Leg:
    stands = None if row.bridge else _STANDING.get(row.context)
    if leg.role is LegRole.OPERATOR:
        stands = None
    if row.bridge == leg.bridge:
        return replace(leg, stands=stands, stands_at=at if stands else leg.stands_at)
    stays = _stayed(leg.stays, row.bridge, at) if row.bridge else leg.stays
    room = bool(row.bridge) and row.context == Place.ROOM
    return replace(
        leg, bridge=row.bridge, room=room, stands=stands, stands_at=at if stands else None, stays=stays
    )


def _earliest(known: float | None, at: float) -> float:
    return at if known is None or at < known else known


def outbound(call_id: str) -> Call:
    """A call that is about to be dialled; the client's leg will bear the call's id."""
    client = Leg(id=call_id, role=LegRole.CLIENT)
    return Call(id=call_id, direction=Direction.OUTBOUND, client=client)


def inbound(call_id: str, leg: str, at: float) -> Call:
    """A call that came in on `leg` and hears ringing."""
    client = Leg(id=leg, role=LegRole.CLIENT, created_at=at)
    return Call(id=call_id, direction=Direction.INBOUND, client=client, state=CallState.RINGING)
