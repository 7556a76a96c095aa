"""Orders and their events as a real Asterisk told them, and in other orders in which it may tell them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.ami.messages import Message
from dialer.telephony.model import CallState, EndReason, Outcome
from dialer.telephony.tracker import talk_s
from tests.ami import capture
from tests.scenarios.replay import calls_of, earlier, place, play, tell


def recorded_as(first: str, second: str) -> list[str]:
    """Flows in which these two events of the call came in this order: Asterisk gives any, a new recording another."""
    found = []
    for name in capture.names():
        flow = capture.load(name)
        if set(flow.ids) == {"call", "operator"}:
            order = [
                message.name
                for message in flow.messages()
                if flow.ids["call"] in (message.get("Uniqueid"), message.get("DestUniqueid"))
            ]
            if {first, second} <= set(order) and order.index(first) < order.index(second):
                found.append(name)
    return found


@pytest.mark.parametrize("name", ["outbound_client_hangs_up", "mute", "outbound_operator_hangs_up"])
def test_scenario_01_the_orders_answer_before_the_channel(name: str) -> None:
    as_recorded, flow = play(name)
    call = flow.ids["call"]
    retold = tell(
        earlier(flow.messages(), "OriginateResponse", "Newchannel", call),
        calls_of(flow),
        flow.ids["operator"],
    )
    assert retold.board.calls == as_recorded.board.calls
    assert (len(retold.board.calls), retold.ends(call)) == (1, 1)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("outbound_rejected", Outcome.REJECTED),
        ("outbound_trunk_dead", Outcome.NO_ANSWER),
        ("outbound_we_give_up", Outcome.NO_ANSWER),
        ("outbound_busy", Outcome.BUSY),
        ("foreign/local_not_answered", Outcome.NO_ANSWER),
    ],
)
def test_scenario_02_the_hangup_before_the_orders_failure(name: str, outcome: Outcome) -> None:
    """As it was recorded, or, where it was recorded the other way round, so."""
    flow = capture.load(name)
    call, messages = flow.ids["call"], flow.messages()
    if place(messages, "Hangup", call) > place(messages, "OriginateResponse", call):
        messages = earlier(messages, "Hangup", "OriginateResponse", call)
    told = tell(messages, calls_of(flow))
    known = told.board.calls[call]
    assert (known.state, known.outcome, told.ends(call)) == (CallState.ENDED, outcome, 1)
    assert known.client.ended_at == float(messages[place(messages, "Hangup", call)].get("Timestamp"))


def test_both_orders_of_hangup_and_failure_were_recorded() -> None:
    assert recorded_as("Hangup", "OriginateResponse")
    assert recorded_as("OriginateResponse", "Hangup")


@pytest.mark.parametrize("name", recorded_as("OriginateResponse", "DialEnd"))
def test_scenario_03_the_orders_answer_before_the_end_of_the_dialling(name: str) -> None:
    """Recorded in this order; and the same with the answer before even the ringing."""
    flow = capture.load(name)
    call, messages = flow.ids["call"], flow.messages()
    for told in (
        play(name)[0],
        tell(earlier(messages, "OriginateResponse", "DialBegin", call), calls_of(flow), flow.ids["operator"]),
    ):
        leg = told.board.calls[call].client
        if leg.answered_at is not None:
            assert leg.ringing_at is not None
            assert 0 <= leg.answered_at - leg.ringing_at < 1


@pytest.mark.parametrize("name", ["outbound_no_endpoint", "outbound_no_technology"])
def test_scenario_04_no_channel_was_ever_made(name: str) -> None:
    told, flow = play(name)
    known = told.board.calls[flow.ids["call"]]
    assert (known.state, known.outcome, known.end_reason) == (
        CallState.ENDED,
        Outcome.FAILED,
        EndReason.REFUSED,
    )
    assert known.client.created_at is None
    assert told.ends(known.id) == 1


def test_scenario_05_a_second_order_fails_and_the_call_lives() -> None:
    flow = capture.load("outbound_duplicate_id")
    call, messages = flow.ids["call"], flow.messages()
    first = place(messages, "OriginateResponse", call)
    second = first + 1 + place(messages[first + 1 :], "OriginateResponse", call)
    assert messages[second].get("Response") == "Failure"
    known = tell(messages[: second + 1], calls_of(flow)).board.calls[call]
    assert known.state is CallState.ANSWERED
    assert known.client.order_reason is None


@pytest.mark.parametrize("name", ["outbound_busy", "foreign/local_busy"])
def test_scenario_06_busy(name: str) -> None:
    told, flow = play(name)
    assert told.board.calls[flow.ids["call"]].outcome is Outcome.BUSY


def test_scenario_07_an_unallocated_number() -> None:
    told, flow = play("outbound_unallocated")
    known = told.board.calls[flow.ids["call"]]
    assert (known.outcome, known.client.order_reason, known.client.cause) == (Outcome.WRONG_NUMBER, 0, 1)


def test_scenario_08_nobody_answers_in_time() -> None:
    """Let ring for three seconds."""
    told, flow = play("outbound_not_answered")
    known = told.board.calls[flow.ids["call"]]
    assert (known.outcome, known.client.order_reason) == (Outcome.NO_ANSWER, 3)
    assert known.client.ringing_at is not None and known.client.ended_at is not None
    assert known.client.ended_at - known.client.ringing_at == pytest.approx(3, abs=0.3)


def test_scenario_09_a_hangup_in_the_moment_of_the_answer() -> None:
    told, flow = play("outbound_hangup_at_answer")
    known = told.board.calls[flow.ids["call"]]
    assert (known.state, known.outcome, told.ends(known.id)) == (CallState.ENDED, Outcome.ANSWERED, 1)
    assert 0 <= talk_s(known) < 0.1
    assert told.board.sessions[flow.ids["operator"]], "the operator is free for the next one"


# --- calls beside each other --------------------------------------------------------------------------------

TOGETHER = ("outbound_client_hangs_up", "outbound_busy", "outbound_not_answered", "outbound_two_at_once",
            "outbound_operator_hangs_up", "inbound_taken", "outbound_rejected", "hold")  # fmt: skip


def renamed(flow: capture.Capture, number: int) -> capture.Capture:
    """The same flow with ids of its own."""
    ids = {role: f"{leg}-{number}" for role, leg in flow.ids.items()}
    pieces = []
    for who, data in flow.pieces:
        for role, leg in flow.ids.items():
            data = data.replace(leg.encode(), ids[role].encode())
        pieces.append((who, data))
    return replace(flow, ids=ids, pieces=tuple(pieces))


FLOWS = [renamed(capture.load(name), number) for number, name in enumerate(TOGETHER)]
HEARD = [flow.messages() for flow in FLOWS]


@given(st.integers(0, 2**64))
def test_scenario_10_events_of_many_calls_run_through_each_other(seed: int) -> None:
    """Eight flows at once, in any mixture that keeps each one's own order: each ends as if it were alone."""
    rng = random.Random(seed)
    tickets = [number for number, messages in enumerate(HEARD) for _ in messages]
    rng.shuffle(tickets)
    rest = [iter(messages) for messages in HEARD]
    mixed: list[Message] = [next(rest[number]) for number in tickets]
    calls = [call for flow in FLOWS for call in calls_of(flow)]
    together = tell(mixed, calls, *(flow.ids["operator"] for flow in FLOWS))
    for flow, messages in zip(FLOWS, HEARD, strict=True):
        alone = tell(messages, calls_of(flow), flow.ids["operator"])
        for call_id, states in alone.states.items():
            assert together.board.calls[call_id] == alone.board.calls[call_id]
            assert together.states[call_id] == states


# --- legs that move -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["foreign/local_optimised", "foreign/local_bridged"])
def test_scenario_11_a_local_channel_of_somebody_else(name: str) -> None:
    """As they were recorded: the one stays whole, of the other Asterisk hangs halves up in mid-call."""
    told, flow = play(name)
    call = flow.ids["call"]
    assert (told.ends(call), told.board.calls[call].outcome) == (1, Outcome.ANSWERED)
    assert told.states[call][-1] is CallState.ENDED


def test_scenario_12_the_linkedid_changes_at_the_bridge() -> None:
    """Of the client's leg it becomes the session's; nobody of ours asks for it."""
    told, flow = play("outbound_client_hangs_up")
    call = flow.ids["call"]
    linked = [
        message.get("Linkedid")
        for message in flow.messages()
        if message.get("Uniqueid") == call and message.get("Linkedid")
    ]
    assert (linked[0], linked[-1]) == (call, flow.ids["operator"])
    assert list(told.board.calls) == [call]
    assert (told.ends(call), told.board.calls[call].bridged_at is not None) == (1, True)


def test_scenario_13_a_blind_transfer_as_it_was_recorded() -> None:
    told, flow = play("foreign/blind_transfer")
    call = flow.ids["call"]
    states = told.states[call]
    assert CallState.TRANSFERRED in states
    assert states[-1] is CallState.ENDED
    known = told.board.calls[call]
    assert known.client.recording_at is not None
    assert known.client.transferred_at is not None and known.client.ended_at is not None
    assert known.client.ended_at > known.client.transferred_at + 1, "it went on without the operator"
    assert told.board.sessions[flow.ids["operator"]]


# --- the same twice -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOGETHER)
def test_scenario_28_two_sessions_tell_the_same(name: str) -> None:
    """The second one is late by the whole of what lies between any two messages."""
    flow = capture.load(name)
    once, _ = play(name)
    messages = flow.messages()
    for late in (1, 7, len(messages)):
        both = [messages[0:late], *([a, b] for a, b in zip(messages[late:], messages, strict=False))]
        tail = messages[len(messages) - late :]
        twice = tell([m for part in (*both, tail) for m in part], calls_of(flow), flow.ids["operator"])
        assert twice.board.calls == once.board.calls
        assert twice.states == once.states
