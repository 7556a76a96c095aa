"""Words of Asterisk to words of ours, from what a real one said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.ami.messages import Message
from dialer.ami.translate import EVENTS, WANTED, live_leg, text, timestamp, translate
from dialer.telephony.model import (
    ClientReady,
    InboundFellBack,
    InboundOffered,
    LegAnswered,
    LegBridged,
    LegCreated,
    LegDialEnded,
    LegEnded,
    LegHangupRequested,
    LegHeld,
    LegRinging,
    LegUnbridged,
    RecordingPaused,
    RecordingStarted,
    SessionReady,
)
from tests.ami import capture

CALL, SESSION = "01JCW00000000000000000C001", "01JCW00000000000000000S001"


def message(name: str, **headers: str) -> Message:
    return Message(name, {"Event": name, "Timestamp": "2.5", "Uniqueid": "1.1", **headers})


def kinds(name: str, leg: str) -> list[type]:
    return [type(event) for event in capture.load(name).events() if event.leg == leg]


def test_a_session_as_it_was_recorded() -> None:
    assert kinds("session", SESSION)[:4] == [LegCreated, LegRinging, LegAnswered, LegAnswered]
    assert SessionReady in kinds("session", SESSION)


def test_an_outbound_call_as_it_was_recorded() -> None:
    seen = kinds("outbound_client_hangs_up", CALL)
    assert seen[:2] == [LegCreated, LegRinging]
    assert set(seen) == {
        LegCreated, LegRinging, LegAnswered, RecordingStarted, ClientReady, LegBridged, LegUnbridged,
        LegHangupRequested, LegEnded,
    }  # fmt: skip
    assert seen[-1] is LegEnded


def test_an_inbound_call_as_it_was_recorded() -> None:
    flow = capture.load("inbound_taken")
    (offered,) = [event for event in flow.events() if isinstance(event, InboundOffered)]
    assert offered.leg == flow.ids["inbound_leg"]
    assert (offered.number, offered.name, offered.dialled) == ("+79161234567", "", "74951112233")
    (ready,) = [event for event in flow.events() if isinstance(event, ClientReady)]
    assert (ready.leg, ready.call) == (flow.ids["inbound_leg"], flow.ids["call"])


def test_a_fallback_as_it_was_recorded() -> None:
    flow = capture.load("inbound_fallback")
    assert [event.leg for event in flow.events() if isinstance(event, InboundFellBack)] == [
        flow.ids["inbound_leg"]
    ]


@pytest.mark.parametrize("name", [name for name in capture.names() if name.startswith("hold")])
def test_hold_as_it_was_recorded(name: str) -> None:
    assert [event.held for event in capture.load(name).events() if isinstance(event, LegHeld)] == [
        True,
        False,
        True,
        False,
    ]


def test_a_paused_recording_as_it_was_recorded() -> None:
    paused = [event for event in capture.load("mute").events() if isinstance(event, RecordingPaused)]
    assert [(event.leg, event.paused) for event in paused] == [(CALL, True), (CALL, False)]
    one_side = message("MixMonitorMute", Direction="read", State="1")
    assert translate(one_side, 0.0) is None, "somebody else's doing: no pause of ours"


def test_a_busy_line_as_it_was_recorded() -> None:
    events = capture.load("outbound_busy").events()
    assert [event.status for event in events if isinstance(event, LegDialEnded)] == ["BUSY"]
    ended = next(event for event in events if isinstance(event, LegEnded))
    assert (ended.cause, ended.tech_cause) == (17, "486")


def test_every_capture_is_understood() -> None:
    """Nothing that the shipped account lets through is unknown, save what says nothing of a leg."""
    silent = {"DialBegin", "SoftHangupRequest", "FullyBooted", "Shutdown", "Status", "StatusComplete",
              "MixMonitorStop", "CoreShowChannel", "CoreShowChannelsComplete", "ListDialplan",
              "ShowDialPlanComplete", "OutboundRegistrationDetailComplete"}  # fmt: skip
    for name in capture.names():
        for each in capture.load(name).messages():
            assert not each.name or each.name in set(EVENTS) | silent, (name, each.name)


def test_scenario_41_hostile_names_are_storable() -> None:
    offered = [
        event for event in capture.load("inbound_hostile_names").events() if isinstance(event, InboundOffered)
    ]
    assert len(offered) > 3
    assert "<script>alert(1)</script>" in [event.name for event in offered]
    for event in offered:
        for value in (event.name, event.number, event.dialled):
            value.encode()
            assert all(ord(char) >= 32 for char in value)


@settings(max_examples=500)
@given(st.binary(max_size=400))
def test_any_bytes_become_storable_text(raw: bytes) -> None:
    value = text(raw.decode("utf-8", "surrogateescape"))
    value.encode()
    assert len(value) <= 256
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in value)


def test_scenario_15_a_husk_does_not_end_the_call() -> None:
    assert translate(message("Hangup", Channel="PJSIP/a-1<ZOMBIE>", Cause="16"), 0.0) is None
    assert translate(message("Hangup", Channel="PJSIP/a-1", Cause="16"), 0.0) == LegEnded(
        leg="1.1", at=2.5, cause=16
    )


@pytest.mark.parametrize("word", ["", "<unknown>", "<null>"])
def test_an_event_of_no_channel_is_of_no_leg(word: str) -> None:
    for name in EVENTS:
        assert (
            translate(message(name, Uniqueid=word, DestUniqueid=word, TransfereeUniqueid=word), 0.0) is None
        )


def test_a_user_event_of_somebody_else() -> None:
    assert translate(message("UserEvent", UserEvent="CallwrightProbe"), 0.0) is None
    assert translate(message("VarSet"), 0.0) is None
    assert "VarSet" not in WANTED


@pytest.mark.parametrize("stamp", ["", "x", "nan", "inf", "-inf", "1e999"])
def test_a_bad_time_is_our_own(stamp: str) -> None:
    assert timestamp(Message("A", {"Timestamp": stamp}), 7.0) == 7.0
    assert math.isclose(timestamp(Message("A", {"Timestamp": "1795368564.197661"}), 7.0), 1795368564.197661)


@pytest.mark.parametrize(
    ("duration", "since"), [("00:00:05", 95.0), ("01:01:01", -3561.0), ("x", 100.0), ("", 100.0)]
)
def test_a_row_of_a_living_channel(duration: str, since: float) -> None:
    row = Message(
        "CoreShowChannel", {"Uniqueid": "1.1", "ChannelState": "6", "Duration": duration, "BridgeId": "b"}
    )
    leg = live_leg(row, 100.0)
    assert (leg.leg, leg.up, leg.bridge, leg.since) == ("1.1", True, "b", since)
