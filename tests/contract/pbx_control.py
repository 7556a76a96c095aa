"""Call control behind the telephony port: hold, a third person, a room, a supervisor, digits, a pause."""

from __future__ import annotations

import asyncio
import wave
from dataclasses import replace

import numpy as np
import pytest

from dialer.telephony.model import (
    Call,
    CallState,
    Leg,
    LegAlone,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegOrderFailed,
    LegRinging,
    LegRole,
    LegSetAside,
    Party,
    RecordingPaused,
    SessionReady,
    ThirdReady,
)
from dialer.telephony.port import Listening, OrderInvalid, PbxRefused
from dialer.telephony.tracker import left_alone, outbound
from tests.contract.pbx_bench import Bench, new_id
from tests.contract.pbx_steps import (
    BUSY,
    LEAVES,
    LEAVES_LATE,
    RINGS_ON,
    STAYS,
    answered,
    ended,
    joined,
    loudness_or_nothing,
    order,
    session,
)


async def talking(bench: Bench, number: str = STAYS, endpoint: str = "op301") -> tuple[str, str]:
    """A client and an operator who speak with each other."""
    operator = await session(bench, endpoint)
    call = await answered(bench, number)
    await joined(bench, call, operator)
    return call, operator


async def set_aside(bench: Bench, leg: str) -> None:
    here = bench.ear.mark
    await bench.pbx.hold(leg=leg)
    await bench.ear.report(LegSetAside, since=here, leg=leg)


async def colleague(bench: Bench, endpoint: str = "op305") -> str:
    leg = new_id()
    await bench.pbx.ring_third(leg=leg, endpoint=endpoint, timeout_s=20)
    await bench.ear.report(ThirdReady, leg=leg)
    return leg


async def outsider(bench: Bench, number: str = STAYS) -> str:
    leg = new_id()
    await bench.pbx.dial_third(order(leg, number))
    await bench.ear.report(ThirdReady, leg=leg)
    return leg


def known(call: str, operator: str, third: str = "") -> Call:
    other = Leg(id=third, role=LegRole.THIRD) if third else None
    return replace(outbound(call), operator_leg=operator, third=other)


async def over(bench: Bench, call: Call) -> Call:
    await bench.pbx.hangup(leg=call.client.id)
    return await ended(bench, call)


async def a_client_on_hold_is_taken_back(bench: Bench) -> None:
    call, operator = await talking(bench)
    here = bench.ear.mark
    await set_aside(bench, call)
    await bench.ear.report(SessionReady, since=here, leg=operator)
    assert bench.ear.follow(known(call, operator)).state is CallState.HELD
    await set_aside(bench, call)
    await joined(bench, call, operator)
    assert bench.ear.follow(known(call, operator)).state is CallState.BRIDGED
    await over(bench, known(call, operator))


async def a_client_hangs_up_on_hold(bench: Bench) -> None:
    call, operator = await talking(bench, LEAVES)
    await set_aside(bench, call)
    done = await ended(bench, known(call, operator))
    assert (done.ended_by, done.client.cause) == (Party.CLIENT, 16)


async def a_lost_operator_is_given_the_client_back(bench: Bench) -> None:
    call, lost = await talking(bench)
    await bench.pbx.hangup(leg=lost)
    await bench.ear.report(LegAlone, leg=call)
    assert left_alone(bench.ear.follow(known(call, lost)))
    operator = await session(bench, "op305")
    await joined(bench, call, operator)
    here = bench.ear.mark
    await bench.pbx.hangup(leg=operator)
    await bench.ear.report(LegAlone, since=here, leg=call)
    await over(bench, known(call, operator))


async def a_third_who_does_not_come_leaves_all_as_it_was(bench: Bench) -> None:
    call, operator = await talking(bench)
    await set_aside(bench, call)
    busy, silent = new_id(), new_id()
    await bench.pbx.dial_third(order(busy, BUSY))
    assert (await bench.ear.report(LegEnded, leg=busy)).cause == 17
    await bench.pbx.dial_third(order(silent, RINGS_ON, timeout_s=1))
    assert (await bench.ear.report(LegOrderFailed, leg=silent)).reason == 3
    nowhere = new_id()
    await bench.pbx.ring_third(leg=nowhere, endpoint="op999", timeout_s=1)
    await bench.ear.report(LegOrderFailed, leg=nowhere)
    await joined(bench, call, operator)
    done = await over(bench, known(call, operator, silent))
    assert done.third is not None and done.third.answered_at is None


async def a_third_is_given_up_while_rung(bench: Bench) -> None:
    third = new_id()
    await bench.pbx.ring_third(leg=third, endpoint="op303", timeout_s=20)
    await bench.ear.report(LegRinging, leg=third)
    await bench.pbx.hangup(leg=third)
    await bench.ear.report(LegEnded, leg=third)


async def a_blind_transfer(bench: Bench) -> None:
    call, operator = await talking(bench)
    await set_aside(bench, call)
    third = await outsider(bench, LEAVES)
    await joined(bench, call, third)
    assert bench.ear.follow(known(call, operator, third)).state is CallState.TRANSFERRED
    await bench.ear.report(LegEnded, leg=third)
    await bench.ear.report(LegAlone, leg=call)
    done = await over(bench, known(call, operator, third))
    assert done.ended_by is Party.THIRD
    assert not [one for one in bench.ear.events() if isinstance(one, LegEnded) and one.leg == operator]


async def an_attended_transfer(bench: Bench) -> None:
    call, operator = await talking(bench, LEAVES_LATE)
    await set_aside(bench, call)
    third = await colleague(bench)
    await joined(bench, operator, third)
    assert bench.ear.follow(known(call, operator, third)).state is CallState.HELD
    here = bench.ear.mark
    await joined(bench, call, third)
    await bench.ear.report(SessionReady, since=here, leg=operator)
    assert bench.ear.follow(known(call, operator, third)).state is CallState.TRANSFERRED
    await bench.pbx.hangup(leg=operator)  # he goes home; the two speak on
    done = await ended(bench, known(call, operator, third))
    assert done.ended_by is Party.CLIENT
    await bench.ear.report(LegEnded, leg=third)


async def back_from_the_third(bench: Bench) -> None:
    call, operator = await talking(bench)
    await set_aside(bench, call)
    third = await colleague(bench)
    await joined(bench, operator, third)
    here = bench.ear.mark
    await bench.pbx.hangup(leg=third)
    await bench.ear.report(SessionReady, since=here, leg=operator)
    await joined(bench, call, operator)
    assert bench.ear.follow(known(call, operator, third)).state is CallState.BRIDGED
    await over(bench, known(call, operator, third))


async def in_room(bench: Bench) -> tuple[str, str, str]:
    call, operator = await talking(bench)
    third = await colleague(bench)
    here = bench.ear.mark
    await bench.pbx.gather(room=call, client=call, operator=operator, third=third)
    entered = [await bench.ear.report(LegBridged, since=here, leg=leg) for leg in (call, operator, third)]
    assert len({one.bridge for one in entered}) == 1 and all(one.room for one in entered)
    await bench.ear.until(
        lambda: bench.ear.follow(known(call, operator, third)).state is CallState.BRIDGED or None
    )
    return call, operator, third


async def a_room_ends_with_the_client(bench: Bench) -> None:
    call, operator, third = await in_room(bench)
    here = bench.ear.mark
    await over(bench, known(call, operator, third))
    await bench.ear.report(LegEnded, since=here, leg=third)
    await bench.ear.report(SessionReady, since=here, leg=operator)


async def out_of_a_room_with_the_third(bench: Bench) -> None:
    call, operator, third = await in_room(bench)
    here = bench.ear.mark
    await joined(bench, call, third)
    await bench.ear.report(SessionReady, since=here, leg=operator)
    assert bench.ear.follow(known(call, operator, third)).state is CallState.TRANSFERRED
    await bench.pbx.hangup(leg=third)
    await bench.ear.report(LegAlone, since=here, leg=call)  # as after any other bridge
    await over(bench, known(call, operator, third))


async def out_of_a_room_with_the_operator(bench: Bench) -> None:
    call, operator, third = await in_room(bench)
    here = bench.ear.mark
    await joined(bench, call, operator)
    await bench.ear.report(LegEnded, since=here, leg=third)
    assert bench.ear.follow(known(call, operator, third)).state is CallState.BRIDGED
    here = bench.ear.mark
    await over(bench, known(call, operator, third))
    await bench.ear.report(SessionReady, since=here, leg=operator)  # the session outlives the room


async def a_client_whom_both_leave_in_a_room_is_alone(bench: Bench) -> None:
    call, operator, third = await in_room(bench)
    await bench.pbx.hangup(leg=operator)
    await bench.ear.report(LegEnded, leg=operator)
    assert bench.ear.follow(known(call, operator, third)).state is CallState.TRANSFERRED
    assert not left_alone(bench.ear.follow(known(call, operator, third)))
    await bench.pbx.hangup(leg=third)
    await bench.ear.report(LegEnded, leg=third)
    assert left_alone(bench.ear.follow(known(call, operator, third)))
    await over(bench, known(call, operator, third))


async def supervised(bench: Bench, spied: str, mode: Listening = Listening.LISTEN) -> str:
    leg = new_id()
    await bench.pbx.listen(leg=leg, endpoint="op305", spied=spied, mode=mode, timeout_s=20)
    await bench.ear.report(LegAnswered, leg=leg)
    return leg


async def a_supervisor_listens_whispers_and_barges_in(bench: Bench) -> None:
    call, operator = await talking(bench)
    supervisor = await supervised(bench, operator)
    for mode in (Listening.WHISPER, Listening.BARGE, Listening.LISTEN):
        await bench.pbx.change_listening(leg=supervisor, mode=mode)
    here = bench.ear.mark
    await bench.pbx.hangup(leg=operator)
    await bench.ear.report(LegEnded, since=here, leg=supervisor)
    await bench.ear.report(LegAlone, since=here, leg=call)
    await over(bench, known(call, operator))


async def a_supervisor_takes_over(bench: Bench) -> None:
    call, operator = await talking(bench)
    supervisor = await supervised(bench, operator, Listening.WHISPER)
    here = bench.ear.mark
    await joined(bench, call, supervisor)
    await bench.ear.report(SessionReady, since=here, leg=operator)
    await over(bench, known(call, operator))
    await bench.ear.report(LegEnded, since=here, leg=supervisor)


async def nobody_listens_to_a_leg_that_is_gone(bench: Bench) -> None:
    supervisor = new_id()
    await bench.pbx.listen(
        leg=supervisor, endpoint="op305", spied=new_id(), mode=Listening.LISTEN, timeout_s=20
    )
    await bench.ear.report(LegEnded, leg=supervisor)


async def digits_are_sent_one_by_one(bench: Bench) -> None:
    call, operator = await talking(bench)
    await bench.pbx.send_digits(leg=call, digits="1*D")
    for digits in ("", "x", "1" * 33, "1\r\n"):
        with pytest.raises(OrderInvalid):
            await bench.pbx.send_digits(leg=call, digits=digits)
    with pytest.raises(PbxRefused):
        await bench.pbx.send_digits(leg=new_id(), digits="1")
    await over(bench, known(call, operator))


async def a_pause_is_silence_in_the_recording(bench: Bench) -> None:
    call, operator = await talking(bench, LEAVES_LATE)
    paused = []
    for is_ in (True, False):
        here = bench.ear.mark
        await bench.pbx.pause_recording(leg=call, paused=is_)
        report = await bench.ear.report(RecordingPaused, since=here, leg=call)
        assert report.paused is is_
        paused.append(report.at)
        await asyncio.sleep(bench.pace)  # it is time itself that is written
    done = await ended(bench, known(call, operator))
    assert done.client.recording_at is not None and done.client.ended_at is not None
    async with asyncio.timeout(5):
        while loudness_or_nothing(bench, call) is None:
            await asyncio.sleep(0.02)
    began, until = (at - done.client.recording_at for at in paused)
    margin = 0.2 * bench.pace  # sound that comes late is lost, and what follows moves forward
    for side in ("in", "out"):
        samples = _samples(bench, call, side)
        assert len(samples) / 8000 == pytest.approx(done.client.ended_at - done.client.recording_at, abs=0.3)
        assert _loud(samples, began + margin, until - margin) < 0.001
    assert _loud(_samples(bench, call, "in"), until + margin, len(samples) / 8000 - margin) > 0.005
    with pytest.raises(PbxRefused):
        await bench.pbx.pause_recording(leg=operator, paused=True)


def _samples(bench: Bench, call: str, side: str) -> np.ndarray:
    with wave.open(str(bench.recordings / f"{call}-{side}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float) / 32768


def _loud(samples: np.ndarray, begins: float, ends: float) -> float:
    piece = samples[int(begins * 8000) : int(ends * 8000)]
    return float(np.sqrt((piece**2).mean()))


async def a_phone_hears_itself(bench: Bench) -> None:
    leg = new_id()
    await bench.pbx.ring_echo(leg=leg, endpoint="op301", timeout_s=20)
    await bench.ear.report(LegAnswered, leg=leg)
    await bench.pbx.hangup(leg=leg)
    await bench.ear.report(LegEnded, leg=leg)


async def call_control_of_what_does_not_live_is_refused(bench: Bench) -> None:
    gone, operator = new_id(), await session(bench)
    for asked in (
        bench.pbx.hold(leg=gone),
        bench.pbx.gather(room=gone, client=gone, operator=operator, third=gone),
        bench.pbx.change_listening(leg=gone, mode=Listening.BARGE),
        bench.pbx.pause_recording(leg=gone, paused=True),
    ):
        with pytest.raises(PbxRefused):
            await asked
    await bench.pbx.hangup(leg=operator)
    await bench.ear.report(LegEnded, leg=operator)


CONTROL = (
    a_client_on_hold_is_taken_back,
    a_client_hangs_up_on_hold,
    a_lost_operator_is_given_the_client_back,
    a_third_who_does_not_come_leaves_all_as_it_was,
    a_third_is_given_up_while_rung,
    a_blind_transfer,
    an_attended_transfer,
    back_from_the_third,
    a_room_ends_with_the_client,
    out_of_a_room_with_the_third,
    out_of_a_room_with_the_operator,
    a_client_whom_both_leave_in_a_room_is_alone,
    a_supervisor_listens_whispers_and_barges_in,
    a_supervisor_takes_over,
    nobody_listens_to_a_leg_that_is_gone,
    digits_are_sent_one_by_one,
    a_pause_is_silence_in_the_recording,
    a_phone_hears_itself,
    call_control_of_what_does_not_live_is_refused,
)
