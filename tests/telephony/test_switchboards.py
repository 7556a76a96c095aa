"""One lookup over several PBXs: what one of them says concerns its own calls and sessions alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.model import (
    CallState,
    ClientReady,
    EndReason,
    LegAnswered,
    LegEnded,
    PbxEvent,
    SessionReady,
    Snapshot,
)
from dialer.telephony.port import Connected
from dialer.telephony.switchboards import Switchboards
from dialer.telephony.tracker import outbound
from tests.telephony.test_switchboard import Heard

EMPTY = Snapshot(at=100.0, started="1", legs=())
PBXS = ("a", "b")


@pytest.fixture
def boards() -> Switchboards:
    return _boards()


def _boards() -> Switchboards:
    made = Switchboards(PBXS)
    made.listen(Heard())
    return made


def test_no_name_means_the_first_and_a_strange_one_nowhere(boards: Switchboards) -> None:
    assert boards.at("") is boards.at("a")
    assert boards.at("gone") is boards.at("gone too")
    assert boards.at("gone") not in boards.boards.values()
    assert Switchboards([]).at("").calls == {}


def test_a_call_is_found_wherever_it_is_and_forgotten_there(boards: Switchboards) -> None:
    boards.expect(outbound("C1"), pbx="a")
    boards.expect(outbound("C2"), pbx="b")
    assert set(boards.calls) == {"C1", "C2"}
    boards.hangup_ordered("C2", 5.0)
    assert boards.calls["C2"].client.hangup_ordered_at == 5.0
    boards.forget("C2")
    assert set(boards.calls) == {"C1"}


def test_who_waits_is_known_until_somebody_comes(boards: Switchboards) -> None:
    boards.expect(outbound("C2"), pbx="b")
    boards.at("b").report(ClientReady(leg="C2", at=1, call="C2"))
    assert boards.is_waiting("C2")
    boards.no_longer_waits("C2")
    assert not boards.is_waiting("C2")


def test_sessions_are_recalled_until_their_pbx_was_asked(boards: Switchboards) -> None:
    boards.recall_session("S1", pbx="a", up=True)
    boards.at("b").report(Connected(snapshot=EMPTY))
    assert boards.sessions == {"S1": True}, "the other PBX knows nothing of it"
    boards.at("a").report(Connected(snapshot=EMPTY))
    assert boards.sessions == {}
    boards.recall_session("S1", pbx="a", up=True)
    assert boards.sessions == {}, "asked, and it is not there"
    boards.expect_session("S2", pbx="b")
    assert boards.sessions == {"S2": False}
    boards.forget_session("S2")
    assert boards.sessions == {}


def test_what_is_nowhere_ends(boards: Switchboards) -> None:
    boards.expect(outbound("C1"), pbx="gone")
    boards.expect(outbound("C2"), pbx="a")
    boards.recall_session("S1", pbx="gone", up=True)
    boards.close_what_is_nowhere(50.0)
    assert boards.calls["C1"].end_reason is EndReason.LOST_SIGHT
    assert boards.calls["C2"].state is CallState.DIALLING
    assert boards.sessions == {}


_LEGS = st.sampled_from(["C1", "C2", "S1", "17000.1"])
_EVENTS = st.one_of(
    st.builds(LegAnswered, leg=_LEGS, at=st.floats(1, 50)),
    st.builds(LegEnded, leg=_LEGS, at=st.floats(1, 50), cause=st.just(16)),
    st.builds(SessionReady, leg=_LEGS, at=st.floats(1, 50)),
    st.just(Connected(snapshot=EMPTY)),
    st.just(Connected(snapshot=Snapshot(at=200.0, started="2", legs=()))),
)


@given(st.lists(_EVENTS))
def test_whatever_one_pbx_reports_changes_nothing_of_the_others(reports: list[PbxEvent | Connected]) -> None:
    boards = _boards()
    boards.expect(outbound("C1"), pbx="a")
    boards.expect_session("S1", pbx="a")
    before = (dict(boards.at("a").calls), dict(boards.at("a").sessions))
    for report in reports:
        boards.at("b").report(report)
    assert (boards.at("a").calls, boards.at("a").sessions) == before
