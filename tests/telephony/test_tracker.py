"""A call from its events: the same end in any order, the right outcome for each recorded flow."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.telephony.model import (
    Call,
    CallState,
    EndReason,
    Leg,
    LegAnswered,
    LegBridged,
    LegCreated,
    LegEnded,
    LegHangupRequested,
    LegHeld,
    LegOrderFailed,
    LegRinging,
    LegRole,
    LegTransferred,
    LegUnbridged,
    LiveLeg,
    Outcome,
    Party,
    PbxEvent,
    SessionReady,
    Snapshot,
)
from dialer.telephony.tracker import inbound, left_alone, order_hangup, outbound, reconcile, talk_s, track
from tests.ami import capture
from tests.telephony.orders import shuffled, strands

C, OP = "C", "O"


def follow(call: Call, events: Iterable[PbxEvent]) -> Call:
    return reduce(track, events, call)


def joined(call_id: str = C) -> Call:
    return replace(outbound(call_id), operator_leg=OP)


def recorded(name: str) -> list[tuple[Call, capture.Capture]]:
    """The calls of a capture before their first event."""
    flow = capture.load(name)
    calls = []
    for role in ("call", "second"):
        if role in flow.ids:
            leg = flow.ids.get("inbound_leg")
            call = inbound(flow.ids[role], leg, 0.0) if leg else outbound(flow.ids[role])
            third = flow.ids.get("third")
            other = Leg(id=third, role=LegRole.THIRD) if third else None
            calls.append((replace(call, operator_leg=flow.ids.get("operator", ""), third=other), flow))
    return calls


FOREIGN = sorted(f"foreign/{path.stem}" for path in (capture.FOLDER / "foreign").glob("phone_*.capture"))
FLOWS = [flow for name in (*capture.names(), *FOREIGN) for flow in recorded(name)]
STRANDS = {flow.name: strands(flow.messages()) for _, flow in FLOWS}
ORDERS_A_FLOW = 10_000 // 250 + 1
flow_numbers, seeds = st.sampled_from(range(len(FLOWS))), st.integers(0, 2**64)


def in_any_order(number: int, seed: int, orders: int) -> None:
    call, flow = FLOWS[number]
    expected = follow(call, flow.events())
    rng = random.Random(seed)
    for _ in range(orders):
        assert follow(call, shuffled(STRANDS[flow.name], rng)) == expected


@pytest.mark.parametrize("number", range(len(FLOWS)), ids=[flow.name for _, flow in FLOWS])
def test_each_flow_ends_in_the_same_state_in_any_order(number: int) -> None:
    in_any_order(number, seed=number, orders=4)


@pytest.mark.many
@settings(max_examples=250, deadline=None)
@given(flow_numbers, seeds)
def test_ten_thousand_orders_end_in_the_same_state(number: int, seed: int) -> None:
    in_any_order(number, seed, ORDERS_A_FLOW)


@pytest.mark.parametrize(
    ("name", "outcome", "ended_by"),
    [
        ("outbound_client_hangs_up", Outcome.ANSWERED, Party.CLIENT),
        ("outbound_operator_hangs_up", Outcome.ANSWERED, Party.OPERATOR),
        ("outbound_we_hang_up", Outcome.ANSWERED, Party.SYSTEM),
        ("outbound_hangup_at_answer", Outcome.ANSWERED, Party.CLIENT),
        ("outbound_duplicate_id", Outcome.ANSWERED, Party.SYSTEM),
        ("outbound_busy", Outcome.BUSY, Party.CLIENT),
        ("outbound_rejected", Outcome.REJECTED, Party.CLIENT),
        ("outbound_unavailable", Outcome.UNREACHABLE, Party.CLIENT),
        ("outbound_unallocated", Outcome.WRONG_NUMBER, Party.CLIENT),
        ("outbound_congestion", Outcome.CONGESTION, Party.CLIENT),
        ("outbound_not_answered", Outcome.NO_ANSWER, Party.SYSTEM),
        ("outbound_we_give_up", Outcome.NO_ANSWER, Party.SYSTEM),
        ("outbound_no_endpoint", Outcome.FAILED, Party.SYSTEM),
        ("outbound_no_technology", Outcome.FAILED, Party.SYSTEM),
        ("inbound_taken", Outcome.ANSWERED, Party.SYSTEM),
        ("inbound_caller_hangs_up", Outcome.ANSWERED, Party.CLIENT),
        ("asterisk_stopped", Outcome.ANSWERED, Party.SYSTEM),
        ("control_hold", Outcome.ANSWERED, Party.SYSTEM),
        ("control_hold_client_leaves", Outcome.ANSWERED, Party.CLIENT),
        ("control_alone", Outcome.ANSWERED, Party.OPERATOR),
        ("control_alone_too_long", Outcome.ANSWERED, Party.OPERATOR),
        ("control_listen_operator_goes", Outcome.ANSWERED, Party.SYSTEM),
        ("control_third_busy", Outcome.ANSWERED, Party.SYSTEM),
        ("control_blind", Outcome.ANSWERED, Party.THIRD),
        ("control_blind_operator_goes", Outcome.ANSWERED, Party.CLIENT),
        ("control_attended", Outcome.ANSWERED, Party.SYSTEM),
        ("control_attended_third_leaves", Outcome.ANSWERED, Party.SYSTEM),
        ("control_room_at_once", Outcome.ANSWERED, Party.SYSTEM),
        ("control_taken_over", Outcome.ANSWERED, Party.CLIENT),
    ],
)
def test_the_outcome_of_a_recorded_flow(name: str, outcome: Outcome, ended_by: Party) -> None:
    ((call, flow),) = recorded(name)
    end = follow(call, flow.events())
    assert (end.state, end.outcome, end.ended_by) == (CallState.ENDED, outcome, ended_by)
    assert end.end_reason is (EndReason.HANGUP if end.client.created_at is not None else EndReason.REFUSED)
    assert (talk_s(end) > 0) == (outcome is Outcome.ANSWERED)


def test_an_answered_call_was_bridged_and_recorded() -> None:
    ((call, flow),) = recorded("outbound_client_hangs_up")
    end = follow(call, flow.events())
    assert end.bridged_at is not None
    assert end.client.answered_at is not None
    assert end.client.recording_at is not None
    assert end.client.answered_at <= end.bridged_at


def test_scenario_05_a_second_order_of_a_live_id_leaves_the_call_alone() -> None:
    ((call, flow),) = recorded("outbound_duplicate_id")
    states = []
    for event in flow.events():
        call = track(call, event)
        states.append(call.state)
    assert states.index(CallState.ENDED) == len(states) - 1 or isinstance(flow.events()[-1], LegEnded)
    assert call.client.order_reason is None


def test_scenario_28_every_event_twice_is_as_good_as_once() -> None:
    for call, flow in FLOWS:
        events = flow.events()
        assert follow(call, [event for each in events for event in (each, each)]) == follow(call, events)


def test_scenario_01_answer_known_from_the_orders_answer_alone() -> None:
    """1: OriginateResponse before Newchannel."""
    call = follow(outbound(C), [LegAnswered(leg=C, at=5.0), LegCreated(leg=C, at=4.0)])
    assert call.state is CallState.ANSWERED
    assert (call.client.created_at, call.client.answered_at) == (4.0, 5.0)


def test_scenario_02_a_late_failure_changes_the_outcome_not_the_state() -> None:
    """2: Hangup before OriginateResponse(Failure)."""
    before = follow(
        outbound(C),
        [
            LegCreated(leg=C, at=1.0),
            LegRinging(leg=C, at=2.0),
            LegEnded(leg=C, at=9.0, cause=19, tech_cause="480"),
        ],
    )
    after = track(before, LegOrderFailed(leg=C, at=9.1, reason=3))
    assert (before.state, before.outcome) == (CallState.ENDED, Outcome.UNREACHABLE)
    assert (after.state, after.outcome, after.client.ended_at) == (CallState.ENDED, Outcome.NO_ANSWER, 9.0)


def test_scenario_04_an_order_without_any_channel() -> None:
    """4: no ghost stays."""
    call = track(outbound(C), LegOrderFailed(leg=C, at=1.0, reason=0))
    assert (call.state, call.end_reason, call.outcome) == (CallState.ENDED, EndReason.REFUSED, Outcome.FAILED)


def test_scenario_06_the_other_half_of_a_local_channel_knows_better() -> None:
    """6: `;1` ends with cause 0, `;2` with 17, in either order."""
    ends = [LegEnded(leg=C, at=2.0, cause=0), LegEnded(leg=C + ";2", at=2.1, cause=17)]
    for events in (ends, ends[::-1]):
        call = follow(outbound(C), [LegCreated(leg=C, at=1.0), *events])
        assert call.outcome is Outcome.BUSY


def test_scenario_07_reason_nought_but_cause_one() -> None:
    """7: an unallocated number."""
    events = [
        LegCreated(leg=C, at=1.0),
        LegOrderFailed(leg=C, at=2.0, reason=0),
        LegEnded(leg=C, at=2.0, cause=1),
    ]
    assert follow(outbound(C), events).outcome is Outcome.WRONG_NUMBER


def test_scenario_09_hangup_at_the_answer_has_no_negative_talk() -> None:
    """9: the answer is told after the end."""
    call = follow(outbound(C), [LegEnded(leg=C, at=2.0, cause=16), LegAnswered(leg=C, at=2.02)])
    assert call.outcome is Outcome.ANSWERED
    assert talk_s(call) == 0.0


def test_scenario_11_the_bridge_changes_in_mid_call() -> None:
    """11: the client leaves one bridge and enters another: still one call, one end."""
    call = follow(
        joined(),
        [
            LegAnswered(leg=C, at=1.0),
            LegBridged(leg=C, at=2.0, bridge="a"),
            LegBridged(leg=OP, at=2.1, bridge="a"),
        ],
    )
    assert call.state is CallState.BRIDGED
    call = track(call, LegUnbridged(leg=C, at=3.0, bridge="a"))
    assert call.state is CallState.ANSWERED
    call = follow(
        call,
        [
            LegBridged(leg=C, at=3.1, bridge="b"),
            LegUnbridged(leg=OP, at=3.1, bridge="a"),
            LegBridged(leg=OP, at=3.2, bridge="b"),
        ],
    )
    assert call.state is CallState.BRIDGED
    assert call.bridged_at == 2.1
    assert call.seen == {"a", "b"}


@pytest.mark.parametrize("late", [False, True])
def test_scenario_13_a_blind_transfer_frees_the_operator(late: bool) -> None:
    """13: the client's call goes on as transferred, whichever is told first."""
    call = follow(
        joined(),
        [
            LegAnswered(leg=C, at=1.0),
            LegBridged(leg=C, at=2.0, bridge="a"),
            LegBridged(leg=OP, at=2.1, bridge="a"),
        ],
    )
    moves: list[PbxEvent] = [LegTransferred(leg=C, at=5.0), LegUnbridged(leg=OP, at=5.1, bridge="a")]
    call = follow(call, moves[::-1] if late else moves)
    assert call.state is CallState.TRANSFERRED
    call = follow(
        call,
        [
            LegEnded(leg=OP, at=5.2, cause=16),
            LegUnbridged(leg=C, at=6.0, bridge="a"),
            LegEnded(leg=C, at=9.0, cause=16),
        ],
    )
    assert (call.state, call.outcome) == (CallState.ENDED, Outcome.ANSWERED)


def test_a_transfer_that_failed_brings_the_client_back() -> None:
    call = follow(
        joined(),
        [
            LegAnswered(leg=C, at=1.0),
            LegBridged(leg=C, at=2.0, bridge="a"),
            LegBridged(leg=OP, at=2.1, bridge="a"),
        ],
    )
    call = follow(
        call,
        [
            LegTransferred(leg=C, at=5.0),
            LegUnbridged(leg=OP, at=5.1, bridge="a"),
            LegUnbridged(leg=C, at=5.1, bridge="a"),
        ],
    )
    call = follow(call, [LegBridged(leg=C, at=8.0, bridge="b"), LegBridged(leg=OP, at=8.1, bridge="b")])
    assert call.state is CallState.BRIDGED
    assert track(call, LegUnbridged(leg=OP, at=9.0, bridge="b")).state is CallState.ANSWERED


def test_hold() -> None:
    call = follow(
        joined(),
        [
            LegAnswered(leg=C, at=1.0),
            LegBridged(leg=C, at=2.0, bridge="a"),
            LegHeld(leg=C, at=2.0, held=True),
        ],
    )
    assert call.state is CallState.ANSWERED
    call = track(call, LegBridged(leg=OP, at=2.1, bridge="a"))
    assert call.state is CallState.HELD
    call = track(call, LegHeld(leg=C, at=3.0, held=False))
    assert call.state is CallState.BRIDGED
    call = track(call, LegHeld(leg=OP, at=4.0, held=True))
    assert call.state is CallState.HELD
    assert track(call, LegHeld(leg=OP, at=5.0, held=False)).state is CallState.BRIDGED


def test_who_hung_up_first() -> None:
    both = follow(
        joined(),
        [
            LegAnswered(leg=C, at=1.0),
            LegBridged(leg=C, at=2.0, bridge="a"),
            LegBridged(leg=OP, at=2.1, bridge="a"),
        ],
    )
    end = LegEnded(leg=C, at=9.0, cause=16)
    client = LegHangupRequested(leg=C, at=8.9)
    operator = LegHangupRequested(leg=OP, at=8.8)
    assert follow(both, [client, operator, end]).ended_by is Party.OPERATOR
    assert follow(both, [end, client]).ended_by is Party.CLIENT
    assert follow(both, [end]).ended_by is Party.SYSTEM
    assert follow(both, [end, LegHangupRequested(leg=OP, at=3600.0)]).ended_by is Party.SYSTEM
    assert track(order_hangup(both, 8.95), end).ended_by is Party.OPERATOR
    assert track(order_hangup(both, 9.1), end).ended_by is Party.OPERATOR  # our clock, a little ahead
    assert follow(order_hangup(both, 8.95), [client, end]).ended_by is Party.CLIENT


def states(name: str) -> list[CallState]:
    """The states that a recorded call went through."""
    ((call, flow),) = recorded(name)
    seen = [call.state]
    for event in flow.events():
        call = track(call, event)
        if call.state is not seen[-1]:
            seen.append(call.state)
    return seen


_BEGINS = [CallState.DIALLING, CallState.RINGING, CallState.ANSWERED, CallState.BRIDGED]


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("control_hold", "answered held answered bridged answered held ended"),
        ("control_third_busy", "answered held answered bridged ended"),
        ("control_third_no_answer", "answered held answered bridged ended"),
        ("control_attended_back", "answered held answered bridged ended"),
        ("control_attended", "answered held answered transferred ended"),
        ("control_blind", "answered held answered transferred ended"),
        ("control_blind_operator_goes", "answered held answered transferred ended"),
        ("control_room", "answered held answered bridged ended"),
        ("control_room_operator_lost", "answered held answered bridged transferred ended"),
        ("control_listen", "ended"),
    ],
)
def test_scenario_14_the_states_of_a_transfer(name: str, then: str) -> None:
    """14: on hold, with the third, back with the operator: as each was seen on a real Asterisk."""
    seen = [each for each in states(name)[len(_BEGINS) :] if each is not CallState.ANSWERED]
    assert states(name)[: len(_BEGINS)] == _BEGINS
    assert seen == [each for each in map(CallState, then.split()) if each is not CallState.ANSWERED]


@pytest.mark.parametrize(
    ("name", "then", "ended_by"),
    [
        ("phone_blind_transfer", "transferred ended", Party.SYSTEM),
        ("phone_blind_transfer_fails", "transferred ended", Party.SYSTEM),
        ("phone_attended_transfer", "transferred ended", Party.SYSTEM),
        ("phone_attended_transfer_fails", "ended", Party.SYSTEM),
        ("phone_park", "transferred ended", Party.SYSTEM),
    ],
)
def test_scenario_13_a_phone_sends_the_client_on_by_itself(name: str, then: str, ended_by: Party) -> None:
    """13, 14, 16: REFER, REFER with Replaces, park: one call with its recording, the operator free at once."""
    ((call, flow),) = recorded(f"foreign/{name}")
    seen = [each for each in states(f"foreign/{name}")[len(_BEGINS) :] if each is not CallState.ANSWERED]
    assert seen == [CallState(each) for each in then.split()]
    end = follow(call, flow.events())
    assert (end.outcome, end.ended_by) == (Outcome.ANSWERED, ended_by)
    assert (end.client.recording_at is not None and end.client.transferred_at is not None) or then == "ended"
    if then != "ended":
        freed = [one.at for one in flow.events() if isinstance(one, SessionReady)][-1]
        assert freed - (end.client.transferred_at or 0.0) < 0.1


def test_scenario_16_a_call_in_the_fallback_is_picked_up_elsewhere() -> None:
    """16: another phone takes it: still one call, answered, and ended once."""
    flow = capture.load("foreign/phone_pickup")
    leg = flow.ids["inbound_leg"]
    call = follow(inbound(C, leg, 0.0), flow.events())
    assert (call.state, call.outcome) == (CallState.ENDED, Outcome.ANSWERED)
    assert sum(isinstance(one, LegEnded) and one.leg == leg for one in flow.events()) == 1


def test_scenario_14_the_third_that_failed_says_why() -> None:
    """14: busy, not answered, given up: the third's leg tells it, the call goes on."""
    for name, cause, reason in (
        ("control_third_busy", 17, 0),
        ("control_third_no_answer", 19, 3),
        ("control_third_given_up", 16, 0),
    ):
        ((call, flow),) = recorded(name)
        third = follow(call, flow.events()).third
        assert third is not None
        assert (third.cause, third.order_reason, third.answered_at) == (cause, reason, None)


def test_a_client_is_alone_from_the_end_of_his_bridge_to_the_next() -> None:
    """The operator's leg is lost and another one gets the client back; that one is lost too."""
    for name in ("control_given_back", "control_alone_twice"):
        ((call, flow),) = recorded(name)
        told = [left_alone(call)]
        for event in flow.events():
            call = track(call, event)
            if event.leg == flow.ids["next_session"] and call.operator_leg != event.leg:
                call = replace(call, operator_leg=event.leg)
            if left_alone(call) is not told[-1]:
                told.append(left_alone(call))
        again = [True, False] if name == "control_alone_twice" else []
        assert told == [False, True, False, *again]


def test_a_client_whom_both_left_in_the_room_is_alone() -> None:
    ((call, flow),) = recorded("control_room_operator_lost")
    alone = [(event.leg, left_alone(call := track(call, event))) for event in flow.events()]
    first = next(number for number, (_, is_alone) in enumerate(alone) if is_alone)
    assert alone[first][0] == flow.ids["third"]
    assert call.state is CallState.ENDED


def test_a_recording_is_paused_and_goes_on() -> None:
    ((call, flow),) = recorded("control_recording_paused")
    paused = [(call := track(call, event)).client.paused for event in flow.events()]
    assert [is_ for number, is_ in enumerate(paused) if number == 0 or is_ is not paused[number - 1]] == [
        False,
        True,
        False,
    ]


def test_strangers_events_change_nothing() -> None:
    call = joined()
    assert track(call, LegEnded(leg="X", at=1.0, cause=16)) is call
    assert track(call, LegRinging(leg="", at=1.0)) is call


# --- holding memory against what lives ----------------------------------------------------------------------


def row(leg: str, *, up: bool = True, bridge: str = "") -> LiveLeg:
    return LiveLeg(leg=leg, name=leg, up=up, bridge=bridge, number="", context="", since=10.0)


def stock(*rows: LiveLeg, at: float = 100.0) -> Snapshot:
    return Snapshot(at=at, started="then", legs=rows)


def test_scenario_17_a_call_that_ended_unseen_is_lost_sight_of() -> None:
    talking = track(outbound(C), LegAnswered(leg=C, at=50.0))
    asked = outbound("D")
    ((_, answered), (_, unknown)) = reconcile({C: talking, "D": asked}, stock(), restarted=False)
    assert (answered.state, answered.end_reason, answered.outcome) == (
        CallState.ENDED,
        EndReason.LOST_SIGHT,
        Outcome.ANSWERED,
    )
    assert answered.client.ended_at == 100.0
    assert answered.ended_by is None
    assert (unknown.end_reason, unknown.outcome) == (EndReason.LOST_SIGHT, Outcome.UNKNOWN)


def test_scenario_21_after_a_restart_nothing_lives_whatever_the_list_says() -> None:
    talking = track(outbound(C), LegAnswered(leg=C, at=50.0))
    ((_, closed),) = reconcile({C: talking}, stock(row(C)), restarted=True)
    assert (closed.end_reason, closed.ended_by) == (EndReason.PBX_RESTARTED, Party.SYSTEM)


def test_scenario_18_a_living_call_is_taken_over_with_its_bridge() -> None:
    dialled = replace(outbound(C), operator_leg=OP)
    ((before, after),) = reconcile(
        {C: dialled}, stock(row(C, bridge="a"), row(OP, bridge="a")), restarted=False
    )
    assert before.state is CallState.DIALLING
    assert after.state is CallState.BRIDGED
    assert after.client.answered_at == 100.0
    assert reconcile({C: after}, stock(row(C, bridge="a"), row(OP, bridge="a")), restarted=False) == []


def test_the_operator_gone_meanwhile() -> None:
    call = follow(
        joined(),
        [
            LegAnswered(leg=C, at=1.0),
            LegBridged(leg=C, at=2.0, bridge="a"),
            LegBridged(leg=OP, at=2.1, bridge="a"),
        ],
    )
    ((_, after),) = reconcile({C: call}, stock(row(C, bridge="")), restarted=False)
    assert after.state is CallState.ANSWERED


def test_scenario_26_the_dead_do_not_rise() -> None:
    """26: a row that was written before the hangup was told."""
    over = track(outbound(C), LegEnded(leg=C, at=99.0, cause=16))
    assert reconcile({C: over}, stock(row(C)), restarted=False) == []


def test_a_call_younger_than_the_list_is_left_alone() -> None:
    young = track(outbound(C), LegCreated(leg=C, at=100.5))
    assert reconcile({C: young}, stock(), restarted=False) == []


def test_the_true_end_may_still_be_told_after_the_list() -> None:
    """The hangup was under way when the list was made: it mends the reason, not the state."""
    talking = track(outbound(C), LegAnswered(leg=C, at=50.0))
    ((_, closed),) = reconcile({C: talking}, stock(), restarted=False)
    end = follow(closed, [LegHangupRequested(leg=C, at=98.9), LegEnded(leg=C, at=99.0, cause=16)])
    assert (end.state, end.end_reason, end.ended_by) == (CallState.ENDED, EndReason.HANGUP, Party.CLIENT)
    assert end.client.ended_at == 99.0
