"""What lives on a PBX, from its reports: calls and sessions are followed, and who cares is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.telephony.model import (
    Call,
    CallState,
    ClientReady,
    EndReason,
    InboundFellBack,
    InboundOffered,
    LegAnswered,
    LegBridged,
    LegCreated,
    LegEnded,
    LegOrderFailed,
    LegRinging,
    LiveLeg,
    Place,
    SessionReady,
    Snapshot,
)
from dialer.telephony.port import Connected, Disconnected
from dialer.telephony.switchboard import Switchboard
from dialer.telephony.tracker import outbound


class Heard:
    """A listener that writes down what it is told, in order."""

    def __init__(self) -> None:
        self.words: list[tuple[str, object]] = []

    def call_changed(self, call: Call) -> None:
        self.words.append(("call", call.state))

    def client_ready(self, call_id: str) -> None:
        self.words.append(("client ready", call_id))

    def session_changed(self, leg: str) -> None:
        self.words.append(("session", leg))

    def inbound_offered(self, pbx: str, event: InboundOffered) -> None:
        self.words.append(("offered", event.leg))

    def inbound_fell_back(self, call_id: str) -> None:
        self.words.append(("fell back", call_id))

    def inbound_still_rings(self, call_id: str) -> None:
        self.words.append(("still rings", call_id))

    def pbx_changed(self, pbx: str, up: bool, reason: str) -> None:
        self.words.append(("pbx", up))

    def taken(self) -> list[tuple[str, object]]:
        words, self.words = self.words, []
        return words


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def board(heard: Heard) -> Switchboard:
    made = Switchboard("main")
    made.listen(heard)
    made.report(Connected(snapshot=stock()))
    heard.taken()
    return made


def stock(*legs: LiveLeg, started: str = "1", at: float = 100.0) -> Snapshot:
    return Snapshot(at=at, started=started, legs=legs)


def live(leg: str, *, up: bool = True, bridge: str = "", context: str = "") -> LiveLeg:
    return LiveLeg(leg=leg, name=f"PJSIP/{leg}", up=up, bridge=bridge, number="", context=context, since=90.0)


def test_a_call_is_followed_by_its_leg(board: Switchboard, heard: Heard) -> None:
    board.expect(outbound("C1"))
    for event in (
        LegCreated(leg="C1", at=1),
        LegRinging(leg="C1", at=2),
        LegRinging(leg="C1", at=2),
        LegAnswered(leg="C1", at=3),
        ClientReady(leg="C1", at=3, call="C1"),
        LegBridged(leg="C1", at=4, bridge="b"),
        LegEnded(leg="C1", at=9, cause=16),
    ):
        board.report(event)
    states = [word for kind, word in heard.taken() if kind == "call"]
    assert states[-1] is CallState.ENDED
    assert board.calls["C1"].state is CallState.ENDED
    assert board.waiting_clients == set(), "nobody waits in a call that is over"


def test_a_client_who_waits_is_told_once_and_remembered(board: Switchboard, heard: Heard) -> None:
    board.expect(outbound("C1"))
    board.report(LegAnswered(leg="C1", at=3))
    heard.taken()
    board.report(ClientReady(leg="C1", at=3, call="C1"))
    assert heard.taken() == [("client ready", "C1")]
    assert board.waiting_clients == {"C1"}


def test_what_nobody_expects_is_counted_and_not_followed(board: Switchboard, heard: Heard) -> None:
    for event in (
        LegCreated(leg="X", at=1),
        LegAnswered(leg="X", at=2),
        ClientReady(leg="X", at=3, call="nobody's"),
        LegEnded(leg="X", at=4, cause=16),
    ):
        board.report(event)
    assert heard.taken() == []
    assert (board.calls, board.sessions, board.waiting_clients) == ({}, {}, set())
    assert board.unknown_legs == 4


def test_a_call_that_was_forgotten_is_nobodys(board: Switchboard, heard: Heard) -> None:
    board.expect(outbound("C1"))
    board.report(ClientReady(leg="C1", at=3, call="C1"))
    board.forget("C1")
    board.forget("C1")
    heard.taken()
    board.report(LegEnded(leg="C1", at=4, cause=16))
    assert heard.taken() == []
    assert board.waiting_clients == set()


def test_a_leg_that_went_on_to_another_call_is_not_forgotten_with_the_first(
    board: Switchboard, heard: Heard
) -> None:
    board.expect(replace(outbound("C1"), operator_leg="S1"))
    board.expect(replace(outbound("C2"), operator_leg="S1"))
    board.forget("C1")
    board.report(LegBridged(leg="S1", at=3, bridge="b"))
    board.report(LegBridged(leg="C2", at=3, bridge="b"))
    assert board.calls["C2"].state is CallState.BRIDGED


# --- sessions ---------------------------------------------------------------------------------------------------


def test_a_session_comes_up_and_ends(board: Switchboard, heard: Heard) -> None:
    board.expect_session("S1")
    assert board.sessions == {"S1": False}
    board.report(LegAnswered(leg="S1", at=1))
    assert board.sessions == {"S1": False}, "answered is not yet in its loop"
    board.report(SessionReady(leg="S1", at=2))
    board.report(SessionReady(leg="S1", at=3))
    board.expect_session("S1")
    assert board.sessions == {"S1": True}
    board.report(LegEnded(leg="S1", at=4, cause=16))
    board.report(LegEnded(leg="S1", at=4, cause=16))
    assert board.sessions == {}
    assert heard.taken() == [("session", "S1"), ("session", "S1")]


def test_a_session_whose_order_failed_is_none(board: Switchboard, heard: Heard) -> None:
    board.expect_session("S1")
    board.report(LegOrderFailed(leg="S1", at=1, reason=3))
    assert (board.sessions, heard.taken()) == ({}, [("session", "S1")])


# --- stock-taking -----------------------------------------------------------------------------------------------


def test_after_a_gap_what_is_gone_is_closed_and_what_lives_goes_on(board: Switchboard, heard: Heard) -> None:
    board.expect(outbound("C1"))
    board.expect(outbound("C2"))
    for leg in ("C1", "C2"):
        board.report(LegAnswered(leg=leg, at=3))
    for leg in ("S1", "S2", "S3"):
        board.expect_session(leg)
    board.report(SessionReady(leg="S1", at=1))
    board.report(Disconnected(reason="cut"))
    heard.taken()
    board.report(Connected(snapshot=stock(live("C2", bridge="b"), live("S2"), live("S3", up=False))))
    assert board.calls["C1"].end_reason is EndReason.LOST_SIGHT
    assert board.calls["C2"].state is not CallState.ENDED
    assert board.sessions == {"S2": True, "S3": False}
    words = heard.taken()
    assert words[-1] == ("pbx", True), "told last, when everything is as it is"
    assert {word for kind, word in words if kind == "session"} == {"S1", "S2"}


def test_a_pbx_that_was_started_anew_has_nothing_of_before(board: Switchboard, heard: Heard) -> None:
    board.expect(outbound("C1"))
    board.report(LegAnswered(leg="C1", at=3))
    board.expect_session("S1")
    board.report(SessionReady(leg="S1", at=1))
    again = stock(live("C1"), live("S1"), started="2")
    board.report(Connected(snapshot=again))
    assert board.calls["C1"].end_reason is EndReason.PBX_RESTARTED
    assert board.sessions == {}


@pytest.mark.parametrize(
    ("leg", "word"),
    [
        (live("C1", context=Place.FALLBACK), "fell back"),
        (live("C1", up=False, context=Place.RING), "still rings"),
        (live("C1", context=Place.CLIENT), "client ready"),
    ],
)
def test_where_a_leg_stands_tells_what_was_missed(
    board: Switchboard, heard: Heard, leg: LiveLeg, word: str
) -> None:
    board.expect(outbound("C1"))
    board.report(LegCreated(leg="C1", at=1))
    heard.taken()
    board.report(Connected(snapshot=stock(leg)))
    assert (word, "C1") in heard.taken()


def test_a_client_who_talks_already_does_not_wait(board: Switchboard, heard: Heard) -> None:
    board.expect(outbound("C1"))
    board.report(Connected(snapshot=stock(live("C1", bridge="b", context=Place.CLIENT))))
    assert ("client ready", "C1") not in heard.taken()


def test_an_offer_and_the_dialplans_own_way_are_handed_on(board: Switchboard, heard: Heard) -> None:
    board.report(InboundOffered(leg="I1", at=1, number="+7", name="", dialled="1"))
    board.expect(outbound("I1"))
    board.report(InboundFellBack(leg="I1", at=2))
    assert heard.taken() == [("offered", "I1"), ("fell back", "I1")]


def test_a_switchboard_without_a_listener_is_a_mistake_in_the_wiring() -> None:
    with pytest.raises(RuntimeError, match="listener"):
        Switchboard("main").report(Disconnected(reason="cut"))
