"""An operator's working session as a value: what lives across reloads, crashes and moves to another computer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from dialer.campaigns.model import Claim, EntryState
from dialer.desk.talk import Controls, Guest, Standing, Third, controls
from dialer.desk.view import DeskState
from dialer.scripts.run import BrokenOff
from dialer.telephony.model import Call, CallState, Leg

BlockPause = Literal["", "stands", "over"]
"""A pause that the script's block asked for: there is none, it stands, the operator or time has overruled it."""


PauseUnsure = Literal["", "pause", "resume"]
"""What was ordered without an answer: whether silence is recorded nobody can tell, and it is ordered again."""


class CallRecord(Struct, frozen=True, kw_only=True):
    """A call as the desk and the store know it. Times are the daemon's clock, in UTC."""

    id: str
    leg: str  # the PBX's id of the client's channel
    direction: Literal["outbound", "inbound"]
    number: str
    line: str
    pbx: str = ""  # where it is; "" = the first one
    state: CallState
    started_at: datetime
    answered_at: datetime | None = None
    bridged_at: datetime | None = None
    recording_at: datetime | None = None
    recorded_again: tuple[datetime, ...] = ()  # when its further segments began
    paused_at: datetime | None = None  # silence is being recorded since then
    pause_unsure: PauseUnsure = ""
    resumed_at: datetime | None = None  # our order ended a pause: no older word of the PBX begins it again
    block_pause: BlockPause = ""
    ended_at: datetime | None = None
    outcome: str = ""
    cause: int | None = None
    end_reason: str = ""
    ended_by: str = ""
    record: bool = True
    caller_id: str = ""  # what the client sees, "" = the PBX's own
    most_s: int | None = None  # so long after `started_at` it is ended: the day's limit abroad

    @property
    def ended(self) -> bool:
        return self.state is CallState.ENDED


class Draft(Struct, frozen=True, kw_only=True):
    disposition: str = ""
    comment: str = ""
    callback_at: datetime | None = None
    reason: BrokenOff | Literal[""] = ""  # why the script was broken off, in the operator's word


class Work(Struct, frozen=True, kw_only=True):
    """The client on the page and what is done about them."""

    id: str
    direction: Literal["outbound", "inbound", "by_hand"]  # by_hand: a script is filled in, without a call
    campaign_id: int
    client_id: int
    claim: Claim | None = None  # none for inbound work
    call: CallRecord | None = None
    run_id: str = ""
    draft: Draft = Draft()
    note: str = ""
    exclude: bool = False  # the script took the client out of the pool: no result brings them back
    began_at: datetime
    offered_until: datetime | None = None  # an inbound call rings until then
    held: bool = False  # the client hears music
    returns: bool = False  # and is to come back: the order was refused or lost, and is given again
    third: Third | None = None
    away_until: datetime | None = None  # the operator's phone was lost; so long the client is kept

    @property
    def handed_on(self) -> bool:
        """Whether somebody else has the client now: the call goes on, and not here."""
        return self.call is not None and self.call.state is CallState.TRANSFERRED


class Desk(Struct, frozen=True, kw_only=True):
    """One operator's desk. `session_leg` is the channel of the operator's phone, "" where there is none."""

    operator_id: int
    session_leg: str = ""
    session_up: bool = False
    session_pbx: str = ""  # where that channel is; "" = the first one
    campaign_id: int | None = None
    on_break: bool = False
    muted: bool = False  # the PBX silences the session's leg: as was asked last
    mute_unsure: bool = False  # whether it does nobody can tell, and it is asked again
    since: datetime
    work: Work | None = None
    guest: Guest | None = None  # a colleague's call that this phone takes part in
    last_saved: str = ""  # the work saved last: a repeated save of it is no error


def is_maybe_muted(desk: Desk) -> bool:
    return desk.muted or desk.mute_unsure


def state_of(desk: Desk) -> DeskState:
    """The one word for what the operator is doing now."""
    work = desk.work
    if work is not None:
        return _state_of_work(work)
    if not desk.session_up:
        return DeskState.CONNECTING if desk.session_leg else DeskState.OFFLINE
    if desk.guest is not None:
        return DeskState.HELPING
    return DeskState.BREAK if desk.on_break else DeskState.READY


def pbx_of(desk: Desk, own: str) -> str:
    """The PBX that this desk works at: where its session is, else its call, else the operator's own phone."""
    if desk.session_leg:
        return desk.session_pbx
    call = desk.work.call if desk.work is not None else None
    return call.pbx if call is not None and not call.ended else own


_BY_CALL = {
    CallState.DIALLING: DeskState.DIALLING,
    CallState.RINGING: DeskState.RINGING,
    CallState.ENDED: DeskState.WRAPUP,
    CallState.TRANSFERRED: DeskState.WRAPUP,
}


def _state_of_work(work: Work) -> DeskState:
    if work.call is None:
        return DeskState.FILLING if work.direction == "by_hand" else DeskState.PREVIEW
    if work.offered_until is not None:
        return DeskState.OFFERED
    return _BY_CALL.get(work.call.state, DeskState.TALKING)


_ENTRY_BY_STATE = {
    DeskState.PREVIEW: EntryState.CLAIMED,
    DeskState.DIALLING: EntryState.CALLING,
    DeskState.RINGING: EntryState.CALLING,
    DeskState.TALKING: EntryState.TALKING,
    DeskState.WRAPUP: EntryState.WRAPUP,
}


def entry_state(work: Work) -> EntryState | None:
    """Where the entry of this work stands in its life; none for work without an entry."""
    return _ENTRY_BY_STATE.get(_state_of_work(work)) if work.claim is not None else None


def controls_of(desk: Desk, *, pbx_up: bool) -> Controls:
    """Which buttons of the call may be pressed at this desk."""
    work = desk.work
    return controls(
        Standing(
            pbx_up=pbx_up,
            talking=state_of(desk) is DeskState.TALKING,
            away=work is not None and work.away_until is not None,
            held=work is not None and work.held,
            third=work.third if work is not None else None,
        )
    )


def evolve(desk: Desk, now: datetime, **changes: object) -> Desk:
    """The desk with changes; `since` moves only when what the operator is doing does."""
    changed = msgspec.structs.replace(desk, **changes)
    if state_of(changed) is state_of(desk) and (changed.work is None) == (desk.work is None):
        return changed
    return msgspec.structs.replace(changed, since=now)


def follow(record: CallRecord, call: Call, utc: Callable[[float], datetime], now: datetime) -> CallRecord:
    """What the record becomes when the PBX's view of the call is `call`; `utc` turns the PBX's clock into ours.

    A call of which the PBX never made a channel has no end of its own: it ends `now`.

    A time once written down stays, so that a better measure of the clocks' difference moves no mark.
    """

    def at(kept: datetime | None, seconds: float | None) -> datetime | None:
        return kept if kept is not None or seconds is None else utc(seconds)

    answered_at = at(record.answered_at, call.client.answered_at)
    recording_at = at(record.recording_at, call.client.recording_at)
    if recording_at is None and record.record and call.bridged_at is not None:
        # The dialplan starts it before the bridge, and nobody heard of it: its length will tell its beginning.
        recording_at = answered_at
    began = _all_starts(recording_at, record.recorded_again, map(utc, call.client.recordings_at))
    ended_at = at(record.ended_at, call.client.ended_at)
    if call.state is CallState.ENDED and ended_at is None:
        ended_at = now
    paused_at = _paused_at(record, call.client, utc)
    return msgspec.structs.replace(
        record,
        state=call.state,
        answered_at=answered_at,
        bridged_at=at(record.bridged_at, call.bridged_at),
        recording_at=recording_at,
        recorded_again=began,
        paused_at=paused_at,
        pause_unsure=_pause_unsure(record, paused_at, call.client, utc),
        ended_at=ended_at,
        outcome=call.outcome.value if call.outcome else record.outcome,
        cause=call.client.cause,
        end_reason=call.end_reason.value if call.end_reason else record.end_reason,
        ended_by=call.ended_by.value if call.ended_by else record.ended_by,
    )


_SAME_START = timedelta(seconds=0.5)  # a better measure of the clocks' difference makes no new segment


def _all_starts(
    first: datetime | None, known: tuple[datetime, ...], told: Iterable[datetime]
) -> tuple[datetime, ...]:
    """The beginnings after the first one: those written down, and those that the PBX told besides."""
    again = list(known)
    for moment in told:
        if first is not None and all(abs(moment - each) > _SAME_START for each in (first, *again)):
            again.append(moment)
    return tuple(sorted(again))


def _paused_at(record: CallRecord, leg: Leg, utc: Callable[[float], datetime]) -> datetime | None:
    if not leg.pauses:  # nothing was heard in this life of the daemon
        return record.paused_at
    told_at = utc(leg.pauses[-1][0])
    if record.paused_at is not None and told_at < record.paused_at:
        return record.paused_at  # the PBX's word of this pause is still to come
    if record.paused_at is None and record.resumed_at is not None and told_at <= record.resumed_at:
        return None  # and so is its word that it ended
    return (record.paused_at or told_at) if leg.paused else None


def _pause_unsure(
    record: CallRecord, paused_at: datetime | None, leg: Leg, utc: Callable[[float], datetime]
) -> PauseUnsure:
    if paused_at is None or record.pause_unsure != "pause" or not leg.paused:
        return record.pause_unsure if paused_at is not None else ""
    return record.pause_unsure if utc(leg.pauses[-1][0]) < paused_at else ""
