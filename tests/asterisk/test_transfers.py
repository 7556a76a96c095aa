"""A phone transfers, parks and picks up by itself on a real Asterisk: one call each time, and the operator free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.telephony.model import Call, CallState, LegBridged, LegEnded, Outcome, SessionReady
from dialer.telephony.tracker import inbound, left_alone, outbound, track
from tests.ami import capture
from tests.rig import record, record_foreign
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import FarEnd, desk_phones, provider
from tests.rig.network import Network
from tests.rig.record import CALL, OPERATOR


@pytest.fixture(scope="module")
def asterisk() -> Iterator[AsteriskServer]:
    with Network():
        server = record_foreign.server()
        ends: list[FarEnd] = []
        try:
            server.start()
            ends += [provider(), desk_phones()]
            yield server
        finally:
            for end in ends:
                end.remove()
            server.remove()


def played(
    asterisk: AsteriskServer, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[capture.Capture, list[Call]]:
    """What Asterisk said in a flow, and the call after each event."""
    monkeypatch.setitem(record.FLOWS, name, record_foreign.FLOWS[name])
    record.record(name, asterisk, folder)
    flow = capture.load(str(folder / name))
    leg = flow.ids.get("inbound_leg")
    call = inbound(CALL, leg, 0.0) if leg else replace(outbound(CALL), operator_leg=OPERATOR)
    calls = []
    for event in flow.events():
        call = track(call, event)
        calls.append(call)
    return flow, calls


def went_on(flow: capture.Capture, calls: list[Call]) -> None:
    """The client was sent on, the operator was free at once, and one call ended once, with its recording."""
    states = [call.state for call in calls]
    assert CallState.TRANSFERRED in states
    end = calls[-1]
    assert (end.state, end.outcome) == (CallState.ENDED, Outcome.ANSWERED)
    assert end.client.recording_at is not None and end.client.transferred_at is not None
    ready = [one.at for one in flow.events() if isinstance(one, SessionReady)]
    # Asterisk writes the time of each as its own thread comes to it: one may lie some microseconds before the other.
    assert -0.001 <= ready[-1] - end.client.transferred_at < 0.2
    ends = [one for one in flow.events() if isinstance(one, LegEnded) and one.leg == CALL]
    assert len(ends) == 1


def test_scenario_13_the_phones_own_blind_transfer(
    asterisk: AsteriskServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, calls = played(asterisk, tmp_path, "phone_blind_transfer", monkeypatch)
    went_on(flow, calls)
    assert any(left_alone(call) for call in calls)


def test_scenario_14_the_phones_own_attended_transfer(
    asterisk: AsteriskServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_on(*played(asterisk, tmp_path, "phone_attended_transfer", monkeypatch))


def test_scenario_14_a_transfer_to_nobody_leaves_the_client_with_the_operator(
    asterisk: AsteriskServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, calls = played(asterisk, tmp_path, "phone_attended_transfer_fails", monkeypatch)
    states = [call.state for call in calls]
    assert CallState.TRANSFERRED not in states
    joined = states.index(CallState.BRIDGED)
    assert set(states[joined:]) <= {CallState.BRIDGED, CallState.ANSWERED, CallState.ENDED}
    assert states[-1] is CallState.ENDED


def test_scenario_16_parked_and_taken_back(
    asterisk: AsteriskServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, calls = played(asterisk, tmp_path, "phone_park", monkeypatch)
    went_on(flow, calls)
    bridges = [one.bridge for one in flow.events() if isinstance(one, LegBridged) and one.leg == CALL]
    assert len(set(bridges)) == 3  # with the operator, in the lot, with who took him back


def test_scenario_16_picked_up_elsewhere(
    asterisk: AsteriskServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, calls = played(asterisk, tmp_path, "phone_pickup", monkeypatch)
    assert (calls[-1].state, calls[-1].outcome) == (CallState.ENDED, Outcome.ANSWERED)
    leg = flow.ids["inbound_leg"]
    assert sum(isinstance(one, LegEnded) and one.leg == leg for one in flow.events()) == 1
