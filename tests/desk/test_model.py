"""A desk as a value: one word for what the operator does, times that stay, an entry that follows the call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.campaigns.model import MOVES, Claim, EntryState
from dialer.desk.model import CallRecord, Desk, Draft, Work, entry_state, evolve, follow, state_of
from dialer.desk.view import DeskState
from dialer.telephony.lifecycle import LIFECYCLE
from dialer.telephony.model import Call, CallState, Direction, EndReason, Leg, LegRole, Outcome, Party

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CLAIM = Claim(entry_id=1, client_id=1, epoch=1, attempts=0, lease_until=NOW + timedelta(minutes=2))

moments = st.integers(0, 3600).map(lambda s: NOW + timedelta(seconds=s))
records = st.builds(
    CallRecord,
    id=st.just("C"),
    leg=st.just("C"),
    direction=st.just("outbound"),
    number=st.just("+79000000001"),
    line=st.just("main"),
    state=st.sampled_from(CallState),
    started_at=st.just(NOW),
    answered_at=st.none() | moments,
    bridged_at=st.none() | moments,
    recording_at=st.none() | moments,
    ended_at=st.none() | moments,
    outcome=st.sampled_from(["", "busy"]),
    record=st.booleans(),
)
works = st.builds(
    Work,
    id=st.just("W"),
    direction=st.just("outbound"),
    campaign_id=st.just(1),
    client_id=st.just(1),
    claim=st.none() | st.just(CLAIM),
    call=st.none() | records,
    began_at=st.just(NOW),
    offered_until=st.none() | moments,
)
desks = st.builds(
    Desk,
    operator_id=st.just(1),
    session_leg=st.sampled_from(["", "S1"]),
    session_up=st.booleans(),
    on_break=st.booleans(),
    since=st.just(NOW),
    work=st.none() | works,
)
seconds = st.none() | st.floats(1_700_000_000, 1_700_003_600)
calls = st.builds(
    Call,
    id=st.just("C"),
    direction=st.sampled_from(Direction),
    client=st.builds(
        Leg,
        id=st.just("C"),
        role=st.just(LegRole.CLIENT),
        answered_at=seconds,
        ended_at=seconds,
        recordings_at=st.lists(st.floats(1_700_000_000, 1_700_003_600), max_size=3).map(
            lambda each: tuple(sorted(each))
        ),
        cause=st.none() | st.integers(0, 127),
    ),
    state=st.sampled_from(CallState),
    bridged_at=seconds,
    outcome=st.none() | st.sampled_from(Outcome),
    end_reason=st.none() | st.sampled_from(EndReason),
    ended_by=st.none() | st.sampled_from(Party),
)


def utc(pbx_seconds: float) -> datetime:
    return datetime.fromtimestamp(pbx_seconds, UTC)


def record(state: CallState) -> CallRecord:
    return CallRecord(
        id="C",
        leg="C",
        direction="outbound",
        number="+79000000001",
        line="main",
        state=state,
        started_at=NOW,
    )


def work(call: CallState | None = None, *, claim: Claim | None = CLAIM) -> Work:
    return Work(
        id="W",
        direction="outbound",
        campaign_id=1,
        client_id=1,
        claim=claim,
        call=record(call) if call else None,
        began_at=NOW,
    )


# --- one word for what the operator is doing --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("desk", "state"),
    [
        ({}, DeskState.OFFLINE),
        ({"session_leg": "S"}, DeskState.CONNECTING),
        ({"session_leg": "S", "session_up": True}, DeskState.READY),
        ({"session_leg": "S", "session_up": True, "on_break": True}, DeskState.BREAK),
        ({"on_break": True}, DeskState.OFFLINE),
        ({"work": work()}, DeskState.PREVIEW),
        ({"work": work(), "on_break": True}, DeskState.PREVIEW),
        ({"work": work(CallState.DIALLING)}, DeskState.DIALLING),
        ({"work": work(CallState.RINGING)}, DeskState.RINGING),
        ({"work": work(CallState.ANSWERED)}, DeskState.TALKING),
        ({"work": work(CallState.BRIDGED)}, DeskState.TALKING),
        ({"work": work(CallState.HELD)}, DeskState.TALKING),
        ({"work": work(CallState.TRANSFERRED)}, DeskState.WRAPUP),
        ({"work": work(CallState.ENDED)}, DeskState.WRAPUP),
        (
            {"work": msgspec.structs.replace(work(CallState.RINGING, claim=None), offered_until=NOW)},
            DeskState.OFFERED,
        ),
    ],
)
def test_the_word_for_each_state(desk: dict[str, object], state: DeskState) -> None:
    assert state_of(Desk(operator_id=1, since=NOW, **desk)) is state  # type: ignore[arg-type]


@given(desks)
def test_a_desk_survives_the_store(desk: Desk) -> None:
    again = msgspec.json.decode(msgspec.json.encode(desk), type=Desk)
    assert again == desk
    assert state_of(again) is state_of(desk)


@given(desks)
def test_only_an_empty_desk_in_session_is_ready(desk: Desk) -> None:
    ready = desk.work is None and desk.session_up and not desk.on_break
    assert (state_of(desk) is DeskState.READY) == ready


@given(desks, desks)
def test_since_moves_when_what_the_operator_does_does(desk: Desk, other: Desk) -> None:
    later = NOW + timedelta(hours=1)
    changes = {name: getattr(other, name) for name in ("session_leg", "session_up", "on_break", "work")}
    changed = evolve(desk, later, **changes)
    assert msgspec.structs.replace(changed, since=NOW) == msgspec.structs.replace(desk, **changes)
    if state_of(changed) is not state_of(desk):
        assert changed.since == later
    elif (changed.work is None) == (desk.work is None):
        assert changed.since == NOW


def test_typing_is_no_change_of_state() -> None:
    desk = Desk(operator_id=1, since=NOW, work=work(CallState.ENDED))
    assert desk.work is not None
    typed = msgspec.structs.replace(desk.work, note="a", draft=Draft(comment="b"))
    assert evolve(desk, NOW + timedelta(seconds=9), work=typed).since == NOW


# --- the entry follows the call ---------------------------------------------------------------------------------


# A client handed on is no more this desk's: what becomes of the call then moves no entry.
@pytest.mark.parametrize(
    ("state", "after"),
    [(state, after) for (state, _), after in LIFECYCLE.items() if state is not CallState.TRANSFERRED],
)
def test_each_turn_of_a_call_is_a_move_that_its_entry_may_make(state: CallState, after: CallState) -> None:
    before, then = entry_state(work(state)), entry_state(work(after))
    assert before is not None
    assert then is not None
    assert then is before or then in MOVES[before]


def test_dialling_again_is_a_move_that_an_entry_may_make() -> None:
    assert entry_state(work()) is EntryState.CLAIMED
    for before in (work(), work(CallState.ENDED)):
        stands = entry_state(before)
        assert stands is not None
        assert EntryState.CALLING in MOVES[stands]


@given(works)
def test_work_without_a_claim_has_no_entry(given_work: Work) -> None:
    assert (entry_state(given_work) is None) == (given_work.claim is None or state_of_offered(given_work))


def state_of_offered(given_work: Work) -> bool:
    return given_work.call is not None and given_work.offered_until is not None


# --- what the PBX says of a call --------------------------------------------------------------------------------


@given(records, calls)
def test_a_time_once_written_down_stays(before: CallRecord, call: Call) -> None:
    after = follow(before, call, utc, NOW)
    for name in ("answered_at", "bridged_at", "recording_at", "ended_at"):
        kept = getattr(before, name)
        assert kept is None or getattr(after, name) == kept
    assert after.state is call.state
    assert (after.id, after.number, after.started_at) == (before.id, before.number, before.started_at)


@given(records, calls, calls)
def test_hearing_it_twice_changes_nothing(before: CallRecord, call: Call, other: Call) -> None:
    after = follow(before, call, utc, NOW)
    shifted = follow(after, call, lambda s: utc(s + 0.5), NOW + timedelta(seconds=5))
    assert shifted == after, "a better measure of the clocks' difference moves no mark"


@given(records, calls, moments, st.lists(st.tuples(moments, st.booleans()), max_size=3))
def test_no_word_from_before_our_own_order_pauses_again(
    before: CallRecord, call: Call, resumed_at: datetime, words: list[tuple[datetime, bool]]
) -> None:
    told = tuple(sorted((at.timestamp(), paused) for at, paused in words))
    heard = replace(call, client=replace(call.client, pauses=told))
    after = follow(msgspec.structs.replace(before, resumed_at=resumed_at), heard, utc, NOW)
    assert after.paused_at is None or after.paused_at > resumed_at
    assert (after.paused_at is not None) == (heard.client.paused and utc(told[-1][0]) > resumed_at)


@given(records, calls)
def test_a_call_that_is_over_has_its_end(before: CallRecord, call: Call) -> None:
    after = follow(before, call, utc, NOW)
    assert after.ended_at is not None or call.state is not CallState.ENDED


@given(records, calls)
def test_no_outcome_is_taken_back(before: CallRecord, call: Call) -> None:
    after = follow(before, call, utc, NOW)
    assert after.outcome or not before.outcome
    if call.outcome is not None:
        assert after.outcome == call.outcome.value
