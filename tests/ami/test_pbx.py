"""The port on a fake server: orders word for word, stock before stream, coming back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from dialer.ami.pbx import AsteriskPbx
from dialer.ami.reconnect import LONG_CAP_S, SHORT_CAP_S, Lifeline, pause_s
from dialer.telephony.model import LegAnswered, LegBridged, LegEnded, LegOrderFailed, LegUnbridged
from dialer.telephony.port import (
    Connected,
    DialOrder,
    Disconnected,
    Listening,
    OrderInvalid,
    OrderUnknown,
    Pbx,
    PbxAway,
    PbxRefused,
    Report,
)
from tests.ami.fake_server import FakeAmi, channel_row, message, serving

CALL = "01JCW00000000000000000C001"
ORDER = DialOrder(
    call=CALL,
    number="+79161234567",
    line="PJSIP/{number}@trunk",
    caller_id="+74951234567",
    ring_timeout_s=40,
    record=True,
)


class Reports:
    """Collects what the sink was told; a test waits until it contains what it looks for."""

    def __init__(self) -> None:
        self.all: list[Report] = []
        self._came = asyncio.Event()

    def __call__(self, report: Report) -> None:
        self.all.append(report)
        self._came.set()

    async def until(self, holds: Callable[[list[Report]], bool], deadline_s: float = 8) -> None:
        async with asyncio.timeout(deadline_s):
            while not holds(self.all):
                self._came.clear()
                await self._came.wait()

    def count(self, kind: type) -> int:
        return sum(isinstance(report, kind) for report in self.all)


@contextlib.asynccontextmanager
async def at_hand(fake: FakeAmi, **settings: object) -> AsyncIterator[tuple[AsteriskPbx, Reports]]:
    async with serving(fake), started(fake, **settings) as (pbx, reports):
        await reports.until(lambda all_: any(isinstance(each, Connected) for each in all_))
        yield pbx, reports


@contextlib.asynccontextmanager
async def started(fake: FakeAmi, **settings: object) -> AsyncIterator[tuple[AsteriskPbx, Reports]]:
    reports = Reports()
    pbx = AsteriskPbx(fake.settings(**settings), reports, rng=random.Random(1))
    await pbx.start()
    try:
        yield pbx, reports
    finally:
        await pbx.stop()


async def test_it_is_a_pbx() -> None:
    async with at_hand(FakeAmi()) as (pbx, _):
        the_port: Pbx = pbx
        assert the_port.up
        assert pbx.problem == ""


async def test_call_control_word_for_word() -> None:
    fake = FakeAmi()
    async with at_hand(fake) as (pbx, _):
        fake.raw = b""
        await pbx.hold(leg=CALL)
        await pbx.send_digits(leg=CALL, digits="4*")
        await pbx.dial_third(replace(ORDER, call="T1"))
        await pbx.ring_third(leg="T2", endpoint="op305", timeout_s=20)
        await pbx.gather(room=CALL, client=CALL, operator="S1", third="T1")
        await pbx.listen(leg="V1", endpoint="op305", spied="S1", mode=Listening.WHISPER, timeout_s=20)
        await pbx.change_listening(leg="V1", mode=Listening.BARGE)
        await pbx.ring_echo(leg="E1", endpoint="op301", timeout_s=20)
    assert said_in(fake) == [
        _redirected(CALL, "hold", "s"),
        ["Action: PlayDTMF", f"Channel: {CALL}", "Digit: 4"],
        ["Action: PlayDTMF", f"Channel: {CALL}", "Digit: *"],
        ["Action: Originate", "Channel: PJSIP/+79161234567@trunk", "ChannelId: T1", "Context: callwright-third",
         "Exten: s", "Priority: 1", "Timeout: 40000", "CallerID: +74951234567", "Async: true",
         "ActionID: cw-order-T1"],
        ["Action: Originate", "Channel: PJSIP/op305", "ChannelId: T2", "Context: callwright-third", "Exten: s",
         "Priority: 1", "Timeout: 20000", "Async: true", "ActionID: cw-order-T2"],
        *(["Action: Setvar", f"Channel: {leg}", "Variable: CW_ROOM", f"Value: {CALL}"] for leg in (CALL, "S1", "T1")),
        _redirected(CALL, "hold", "s"),
        ["Action: Redirect", "Channel: T1", "ExtraChannel: S1", "Context: callwright-room", "Exten: third",
         "Priority: 1", "ExtraContext: callwright-room", "ExtraExten: operator", "ExtraPriority: 1"],
        _redirected(CALL, "room", "client"),
        ["Action: Originate", "Channel: PJSIP/op305", "ChannelId: V1", "Context: callwright-listen", "Exten: whisper",
         "Priority: 1", "Timeout: 20000", "Async: true", "Variable: CW_SPIED=S1", "ActionID: cw-order-V1"],
        _redirected("V1", "listen", "barge"),
        ["Action: Originate", "Channel: PJSIP/op301", "ChannelId: E1", "Context: callwright-echo", "Exten: s",
         "Priority: 1", "Timeout: 20000", "Async: true", "ActionID: cw-order-E1"],
    ]  # fmt: skip


def _redirected(leg: str, context: str, exten: str) -> list[str]:
    place = [f"Context: callwright-{context}", f"Exten: {exten}", "Priority: 1"]
    return ["Action: Redirect", f"Channel: {leg}", *place]


def said_in(fake: FakeAmi) -> list[list[str]]:
    """The actions that were sent, without pings and ActionIDs that say nothing."""
    said = [
        block.split("\r\n")
        for block in fake.raw.decode().split("\r\n\r\n")
        if block and "Action: Ping" not in block
    ]
    return [
        [line for line in lines if not line.startswith("ActionID: cw-") or "order" in line] for lines in said
    ]


async def test_orders_word_for_word() -> None:
    fake = FakeAmi()
    async with at_hand(fake) as (pbx, _):
        fake.raw = b""
        await pbx.start_session(leg="S1", endpoint="op301", timeout_s=30)
        await pbx.dial(ORDER)
        await pbx.bridge(client=CALL, operator="S1")
        await pbx.mute(leg=CALL, muted=True)
        await pbx.pause_recording(leg=CALL, paused=True)
        await pbx.ring_inbound(leg="1795368676.1")
        await pbx.take_inbound(leg="1795368676.1", call=CALL, record=False)
        await pbx.release_inbound(leg="1795368676.1")
        await pbx.hangup(leg=CALL)
    assert said_in(fake) == [
        ["Action: Originate", "Channel: PJSIP/op301", "ChannelId: S1", "Context: callwright-session", "Exten: s",
         "Priority: 1", "Timeout: 30000", "Async: true", "ActionID: cw-order-S1"],
        ["Action: Originate", "Channel: PJSIP/+79161234567@trunk", f"ChannelId: {CALL}", "Context: callwright-client",
         "Exten: s", "Priority: 1", "Timeout: 40000", "CallerID: +74951234567", "Async: true",
         f"Variable: CW_CALL={CALL}", "Variable: CW_RECORD=1", f"ActionID: cw-order-{CALL}"],
        ["Action: Bridge", f"Channel1: {CALL}", "Channel2: S1", "Tone: no"],
        ["Action: Setvar", f"Channel: {CALL}", "Variable: MUTEAUDIO(in)", "Value: on"],
        ["Action: MixMonitorMute", f"Channel: {CALL}", "Direction: both", "State: 1"],
        ["Action: Redirect", "Channel: 1795368676.1", "Context: callwright-inbound-ring", "Exten: s", "Priority: 1"],
        ["Action: Setvar", "Channel: 1795368676.1", "Variable: CW_CALL", f"Value: {CALL}"],
        ["Action: Setvar", "Channel: 1795368676.1", "Variable: CW_RECORD", "Value: 0"],
        ["Action: Redirect", "Channel: 1795368676.1", "Context: callwright-client", "Exten: s", "Priority: 1"],
        ["Action: Redirect", "Channel: 1795368676.1", "Context: callwright-fallback", "Exten: s", "Priority: 1"],
        ["Action: Hangup", f"Channel: {CALL}", "Cause: 16"],
    ]  # fmt: skip


def bounds_in(fake: FakeAmi) -> list[tuple[str, str]]:
    said = fake.of("Setvar")
    return [(one["Channel"], one["Value"]) for one in said if one["Variable"] == "TIMEOUT(absolute)"]


async def test_a_leg_of_another_life_of_ours_is_bounded_through_each_join() -> None:
    fake = FakeAmi()
    async with at_hand(fake) as (pbx, _):
        await pbx.bridge(client=CALL, operator="T1")
        assert bounds_in(fake) == [], "nobody told us"
        await pbx.bind(leg="T1", left_s=600)
        await pbx.bridge(client=CALL, operator="T1")
        assert bounds_in(fake) == [("T1", "600")] * 2


async def test_a_join_whose_answer_is_lost_or_no_leaves_the_bound() -> None:
    """Asterisk may have joined them all the same, and its own bound is gone with that."""
    fake = FakeAmi(answers={"Bridge": lambda _: None})
    async with at_hand(fake, action_s=0.2) as (pbx, _):
        await pbx.dial_third(replace(ORDER, call="T1", most_s=600))
        with pytest.raises(OrderUnknown):
            await pbx.bridge(client=CALL, operator="T1")
        assert bounds_in(fake) == [("T1", "600")]


async def test_nothing_that_rings_is_ever_sent_twice() -> None:
    """The answer to the order is lost with the connection: after the reconnect nothing is sent again."""
    fake = FakeAmi(answers={"Originate": lambda _: None})
    async with at_hand(fake) as (pbx, reports):
        dialling = asyncio.create_task(pbx.dial(ORDER))
        await fake.wait_for("Originate")
        fake.cut()
        with pytest.raises(OrderUnknown):
            await dialling
        await reports.until(lambda _: reports.count(Connected) == 2)
        with pytest.raises(OrderInvalid):
            await pbx.dial(ORDER)
        await pbx.snapshot()
        assert len(fake.of("Originate")) == 1


async def test_away_means_at_once_and_nothing_queued() -> None:
    fake = FakeAmi()
    async with serving(fake):
        pass
    async with started(fake) as (pbx, _):
        with pytest.raises(PbxAway):
            await pbx.dial(ORDER)
        assert not pbx.up


async def test_stock_comes_before_events_even_before_earlier_ones() -> None:
    fake = FakeAmi(
        channels=["A1"], before_stock=message("Event: Hangup", "Timestamp: 7.5", "Uniqueid: A1", "Cause: 16")
    )
    async with at_hand(fake) as (_, reports):
        await reports.until(lambda all_: len(all_) == 2)
        connected, ended = reports.all
        assert isinstance(connected, Connected)
        assert connected.snapshot.started == "2026-11-22 17:31:15"
        assert [leg.leg for leg in connected.snapshot.legs] == ["A1"]
        assert ended == LegEnded(leg="A1", at=7.5, cause=16)


async def test_it_comes_back_and_says_so() -> None:
    fake = FakeAmi(channels=["A1"])
    async with at_hand(fake) as (pbx, reports):
        fake.channels = []
        fake.cut()
        await reports.until(lambda _: reports.count(Connected) == 2)
        kinds = [type(report) for report in reports.all]
        assert kinds == [Connected, Disconnected, Connected]
        last = reports.all[-1]
        assert isinstance(last, Connected)
        assert last.snapshot.legs == ()
        assert pbx.up


async def test_scenario_25_a_partial_list_is_not_taken_for_the_whole() -> None:
    fake = FakeAmi()

    def partly(headers: dict[str, str]) -> str:
        if len(fake.of("CoreShowChannels")) > 1:
            return fake.usual(headers)
        start = message("Response: Success", f"ActionID: {headers['ActionID']}", "EventList: start")
        return start + channel_row(headers["ActionID"], "A1")

    fake.answers["CoreShowChannels"] = partly
    fake.channels = ["A1", "A2"]
    async with at_hand(fake, list_s=0.3) as (_, reports):
        assert reports.count(Connected) == 1
        first = reports.all[0]
        assert isinstance(first, Connected)
        assert len(first.snapshot.legs) == 2


@pytest.mark.parametrize(("refusals", "arrives"), [(2, True), (99, False)])
async def test_a_leg_that_is_still_being_sent_elsewhere_is_asked_for_again(
    refusals: int, arrives: bool
) -> None:
    """Seen on the real one under load: a second Redirect at once is refused as if the leg were gone."""
    fake = FakeAmi(answers={"Redirect": refusing("Redirect failed, channel not up.", refusals)})
    async with at_hand(fake) as (pbx, _):
        with contextlib.nullcontext() if arrives else pytest.raises(PbxRefused):
            await pbx.hold(leg=CALL)
    assert len(fake.of("Redirect")) == (refusals + 1 if arrives else 5)


@pytest.mark.parametrize("leg", ["Channel1", "Channel2"])
@pytest.mark.parametrize(("refusals", "joined"), [(3, True), (99, False)])
async def test_legs_that_still_leave_a_bridge_are_asked_for_again(
    leg: str, refusals: int, joined: bool
) -> None:
    """Captured (control_room_left_too_soon, control_hold_left_too_soon): whoever leaves one cannot be bridged."""
    fake = FakeAmi(answers={"Bridge": refusing(f"Unable to add {leg} to bridge: PJSIP/trunk-1", refusals)})
    async with at_hand(fake) as (pbx, _):
        with contextlib.nullcontext() if joined else pytest.raises(PbxRefused):
            await pbx.bridge(client=CALL, operator="S1")
    assert len(fake.of("Bridge")) == (refusals + 1 if joined else 8)
    assert not fake.of("Redirect"), "nobody who is in no room is sent out of one"


async def test_whoever_is_in_no_bridge_is_refused_at_once() -> None:
    fake = FakeAmi(answers={"Bridge": refusing("Channel1 does not exist: 1", 1)})
    async with at_hand(fake) as (pbx, _):
        with pytest.raises(PbxRefused):
            await pbx.bridge(client=CALL, operator="S1")
    assert len(fake.of("Bridge")) == 1


@pytest.mark.parametrize("legs", [(CALL, "S1"), (CALL,), ("S1",)])
async def test_who_is_in_a_room_is_sent_out_and_has_left_before_the_bridge(legs: tuple[str, ...]) -> None:
    fake = FakeAmi()
    async with at_hand(fake) as (pbx, reports):
        fake.push("".join(in_room("Enter", leg) for leg in legs))
        await reports.until(lambda _: reports.count(LegBridged) == len(legs))
        bridging = asyncio.create_task(pbx.bridge(client=CALL, operator="S1"))
        redirect = await fake.wait_for("Redirect")
        told = [redirect[key] for key in ("Channel", "ExtraChannel") if key in redirect]
        assert (tuple(told), redirect["Context"], redirect["Exten"]) == (legs, "callwright-room", "out")
        assert not fake.of("Bridge")
        fake.push("".join(in_room("Leave", leg) for leg in legs))
        await bridging
    assert len(fake.of("Bridge")) == 1


@pytest.mark.parametrize("leg", [CALL, "S1"])
async def test_who_has_left_a_room_and_not_arrived_yet_is_not_bridged(leg: str) -> None:
    """Seen on the real one, in 1 of 100: such a leg comes into its new bridge and is hung up 0.3 ms later."""
    left = iter(range(2))

    def arriving(headers: dict[str, str]) -> str:
        assert headers["Variable"] == "CHANNEL(checkhangup)"
        assert not fake.of("Bridge")
        value = "1" if headers["Channel"] == leg and next(left, None) is not None else "0"
        return message("Response: Success", f"ActionID: {headers['ActionID']}", f"Value: {value}")

    fake = FakeAmi(answers={"Getvar": arriving})
    async with at_hand(fake) as (pbx, reports):
        fake.push("".join(in_room("Enter", one) for one in (CALL, "S1")))
        await reports.until(lambda _: reports.count(LegBridged) == 2)
        bridging = asyncio.create_task(pbx.bridge(client=CALL, operator="S1"))
        await fake.wait_for("Redirect")
        fake.push("".join(in_room("Leave", one) for one in (CALL, "S1")))
        await bridging
    assert [asked["Channel"] for asked in fake.of("Getvar")].count(leg) == 3
    assert len(fake.of("Bridge")) == 1


async def test_an_operator_whom_the_client_leaves_for_a_room_has_come_back_before_he_is_sent_there() -> None:
    """Seen on the real one, in 1 of 400: sent elsewhere on his way out of a bridge, his phone is hung up."""
    fake = FakeAmi()
    async with at_hand(fake) as (pbx, reports):
        fake.push("".join(in_bridge("Enter", leg) for leg in (CALL, "S1")))
        await reports.until(lambda _: reports.count(LegBridged) == 2)
        gathering = asyncio.create_task(pbx.gather(room=CALL, client=CALL, operator="S1", third="T1"))
        await fake.wait_for("Redirect")
        fake.push("".join(in_bridge("Leave", leg) for leg in (CALL, "S1")))
        await reports.until(lambda _: reports.count(LegUnbridged) == 2)
        assert len(fake.of("Redirect")) == 1
        fake.push(READY)
        await gathering
    assert [asked["Channel"] for asked in fake.of("Redirect")] == [CALL, "T1", CALL]


async def test_who_never_arrives_is_bridged_all_the_same_and_who_is_gone_at_once() -> None:
    """Asterisk itself has the last word."""
    for answer, asked in ((refusing("No such channel", 99), 1), (unmoved, 7)):
        fake = FakeAmi(answers={"Getvar": answer})
        async with at_hand(fake) as (pbx, reports):
            fake.push(in_room("Enter", CALL))
            await reports.until(lambda _, reports=reports: reports.count(LegBridged) == 1)
            bridging = asyncio.create_task(pbx.bridge(client=CALL, operator="S1"))
            await fake.wait_for("Redirect")
            fake.push(in_room("Leave", CALL))
            await bridging
        assert (len(fake.of("Getvar")), len(fake.of("Bridge"))) == (asked, 1)


def unmoved(headers: dict[str, str]) -> str:
    return message("Response: Success", f"ActionID: {headers['ActionID']}", "Value: 1")


def refusing(why: str, times: int) -> Callable[[dict[str, str]], str]:
    """An answer that is no so many times, and then yes."""
    left = iter(range(times))

    def answer(headers: dict[str, str]) -> str:
        word, said = ("Success", "Done") if next(left, None) is None else ("Error", why)
        return message(f"Response: {word}", f"ActionID: {headers['ActionID']}", f"Message: {said}")

    return answer


READY = message(
    "Event: UserEvent", "Timestamp: 1.5", "Uniqueid: S1", "UserEvent: CallwrightSession", "State: ready"
)


def in_bridge(what: str, leg: str) -> str:
    return message(f"Event: Bridge{what}", "Timestamp: 1.5", f"Uniqueid: {leg}", "BridgeUniqueid: b1")


def in_room(what: str, leg: str) -> str:
    return message(
        f"Event: Bridge{what}", "Timestamp: 1.5", f"Uniqueid: {leg}", "BridgeUniqueid: r1", "BridgeType: base",
        "BridgeCreator: ConfBridge",
    )  # fmt: skip


async def test_a_refused_login_is_said_once_and_tried_slowly(caplog: pytest.LogCaptureFixture) -> None:
    fake = FakeAmi(secret="another")
    with caplog.at_level(logging.INFO, "dialer.ami"):
        async with serving(fake), started(fake) as (pbx, reports):
            await fake.wait_for("Login")
            async with asyncio.timeout(5):
                while "pbx.secret" not in pbx.problem:
                    await asyncio.sleep(0.01)
            assert fake.connections == 1
            assert not pbx.up
            assert reports.all == []
    assert [record.message for record in caplog.records] == [f"ami_cannot_connect asterisk: {pbx.problem}"]


async def test_a_fault_of_ours_is_told_and_does_not_end_the_line(caplog: pytest.LogCaptureFixture) -> None:
    faults = [ZeroDivisionError("twice"), ZeroDivisionError("twice")]

    def clock() -> float:
        if faults:
            raise faults.pop()
        return time.time()

    fake, reports = FakeAmi(), Reports()
    async with serving(fake):
        line = Lifeline(fake.settings(), reports, clock=clock, rng=random.Random(1))
        task = asyncio.create_task(line.run())
        await reports.until(lambda all_: any(isinstance(each, Connected) for each in all_))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    told = [record.getMessage() for record in caplog.records if record.exc_info]
    assert told == ["ami_failed asterisk"], "once a reason, not once a try"


async def test_late_answers_to_orders_become_events() -> None:
    fake = FakeAmi()
    async with at_hand(fake) as (pbx, reports):
        await pbx.dial(ORDER)
        fake.push(
            message("Event: OriginateResponse", "Timestamp: 1.5", f"ActionID: cw-order-{CALL}", "Response: Success",
                    "Reason: 4", f"Uniqueid: {CALL}")
            + message("Event: OriginateResponse", "Timestamp: 2.5", f"ActionID: cw-order-{CALL}", "Response: Failure",
                      "Reason: 0", "Uniqueid: <null>")
            + message("Event: OriginateResponse", "Timestamp: 3.5", "ActionID: somebody", "Response: Failure",
                      "Reason: 0", f"Uniqueid: {CALL}")
            + message("Event: Hangup", "Timestamp: 4.5", f"Uniqueid: {CALL}", "Cause: 17")
        )  # fmt: skip
        await reports.until(lambda all_: isinstance(all_[-1], LegEnded))
        assert reports.all[1:] == [
            LegAnswered(leg=CALL, at=1.5),
            LegOrderFailed(leg=CALL, at=2.5, reason=0),
            LegEnded(leg=CALL, at=4.5, cause=17),
        ]


async def test_events_without_their_time_are_a_problem_with_a_mend() -> None:
    fake = FakeAmi()
    async with at_hand(fake) as (pbx, reports):
        fake.push(message("Event: Hangup", "Uniqueid: 1", "Cause: 16"))
        await reports.until(lambda all_: isinstance(all_[-1], LegEnded))
        assert "timestampevents" in pbx.problem


def test_pauses_grow_differ_and_are_capped() -> None:
    rng = random.Random(7)
    soon = [pause_s(tries, False, rng) for tries in range(1, 60)]
    assert soon[0] <= 0.2
    assert max(soon) <= SHORT_CAP_S
    assert len(set(soon)) == len(soon)
    assert SHORT_CAP_S < max(pause_s(tries, False, rng) for tries in range(100, 10_000, 100)) <= LONG_CAP_S
    assert all(LONG_CAP_S * 0.6 <= pause_s(tries, True, rng) <= LONG_CAP_S for tries in range(1, 50))
