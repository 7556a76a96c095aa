"""What any PBX behind the telephony port does: each function is one test, for the virtual and the real one.

Numbers and phones behave as their last digits say (tests/rig/far_end.py, dialer/simulation/population.py).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from dialer.telephony.model import (
    CallState,
    ClientReady,
    EndReason,
    InboundFellBack,
    InboundOffered,
    LegAlone,
    LegEnded,
    LegOrderFailed,
    LegRinging,
    Outcome,
    Party,
    SessionReady,
)
from dialer.telephony.port import Connected, Disconnected, OrderInvalid, PbxRefused
from dialer.telephony.tracker import inbound, order_hangup, outbound, talk_s
from tests.contract.pbx_bench import Bench, new_id
from tests.contract.pbx_control import CONTROL
from tests.contract.pbx_steps import (
    LEAVES,
    LEAVES_LATE,
    RINGS_ON,
    STAYS,
    answered,
    ended,
    joined,
    loudness,
    loudness_or_nothing,
    order,
    session,
)

OUTSIDE, OURS = "+79161234567", "+74951112233"


async def a_call_that_we_hang_up(bench: Bench) -> None:
    operator = await session(bench)
    call = await answered(bench, STAYS)
    await joined(bench, call, operator)
    assert bench.ear.follow(replace(outbound(call), operator_leg=operator)).state is CallState.BRIDGED
    here = bench.ear.mark
    known = order_hangup(replace(outbound(call), operator_leg=operator), float("inf"))
    await bench.pbx.hangup(leg=call)
    done = await ended(bench, replace(known, client=replace(known.client, hangup_ordered_at=None)))
    assert (done.outcome, done.end_reason) == (Outcome.ANSWERED, EndReason.HANGUP)
    assert done.client.cause == 16 and not done.client.hangup_requested
    await bench.ear.report(SessionReady, since=here, leg=operator)


async def the_client_hangs_up(bench: Bench) -> None:
    operator = await session(bench)
    call = await answered(bench, LEAVES)
    here = bench.ear.mark
    await joined(bench, call, operator)
    done = await ended(bench, replace(outbound(call), operator_leg=operator))
    assert (done.outcome, done.ended_by) == (Outcome.ANSWERED, Party.CLIENT)
    assert talk_s(done) == pytest.approx(2.0 * bench.pace, abs=0.3)
    await bench.ear.report(SessionReady, since=here, leg=operator)


async def the_operators_phone_hangs_up(bench: Bench) -> None:
    operator = await session(bench, "op302")
    call = await answered(bench, STAYS)
    await joined(bench, call, operator)
    await bench.ear.report(LegEnded, leg=operator)
    await bench.ear.report(LegAlone, leg=call)
    await bench.pbx.hangup(leg=call)
    done = await ended(bench, replace(outbound(call), operator_leg=operator))
    assert (done.outcome, done.ended_by) == (Outcome.ANSWERED, Party.OPERATOR)


async def every_outcome_is_told(bench: Bench) -> None:
    wanted = {
        "486": Outcome.BUSY,
        "603": Outcome.REJECTED,
        "480": Outcome.UNREACHABLE,
        "404": Outcome.WRONG_NUMBER,
        "503": Outcome.CONGESTION,
    }
    calls = {digits: new_id() for digits in wanted}
    for digits, call in calls.items():
        await bench.pbx.dial(order(call, f"+79161110{digits}"))
    for digits, call in calls.items():
        done = await ended(bench, outbound(call))
        assert done.outcome is wanted[digits]
        assert done.client.answered_at is None


async def nobody_answers(bench: Bench) -> None:
    call = new_id()
    await bench.pbx.dial(order(call, RINGS_ON, timeout_s=1))
    done = await ended(bench, outbound(call))
    assert done.outcome is Outcome.NO_ANSWER
    assert done.client.ringing_at is not None


async def we_give_up(bench: Bench) -> None:
    call = new_id()
    await bench.pbx.dial(order(call, RINGS_ON))
    await bench.ear.report(LegRinging, leg=call)
    await bench.pbx.hangup(leg=call)
    done = await ended(bench, outbound(call))
    assert done.client.answered_at is None
    assert done.client.cause == 16


async def what_is_not_there_makes_no_leg(bench: Bench) -> None:
    call, operator = new_id(), new_id()
    await bench.pbx.dial(order(call, STAYS, line="PJSIP/{number}@nowhere"))
    assert (await ended(bench, outbound(call))).outcome is Outcome.FAILED
    await bench.pbx.start_session(leg=operator, endpoint="op999", timeout_s=5)
    await bench.ear.report(LegOrderFailed, leg=operator)
    assert not [leg for leg in (await bench.pbx.snapshot()).legs if leg.leg in (call, operator)]


async def nothing_is_ordered_twice(bench: Bench) -> None:
    call = await answered(bench, STAYS)
    with pytest.raises(OrderInvalid):
        await bench.pbx.dial(order(call, STAYS))
    await bench.pbx.hangup(leg=call)
    await bench.ear.report(LegEnded, leg=call)


async def orders_for_what_does_not_live_are_refused(bench: Bench) -> None:
    gone, operator = new_id(), await session(bench)
    for asked in (
        bench.pbx.hangup(leg=gone),
        bench.pbx.bridge(client=gone, operator=operator),
        bench.pbx.bridge(client=operator, operator=gone),
        bench.pbx.mute(leg=gone, muted=True),
        bench.pbx.ring_inbound(leg=gone),
        bench.pbx.take_inbound(leg=gone, call=new_id(), record=True),
    ):
        with pytest.raises(PbxRefused):
            await asked
    await bench.pbx.hangup(leg=operator)
    await bench.ear.report(LegEnded, leg=operator)


async def a_snapshot_shows_who_is_with_whom(bench: Bench) -> None:
    operator = await session(bench)
    call = await answered(bench, STAYS)
    await joined(bench, call, operator)
    ringing = new_id()
    await bench.pbx.dial(order(ringing, RINGS_ON))
    await bench.ear.report(LegRinging, leg=ringing)
    legs = {leg.leg: leg for leg in (await bench.pbx.snapshot()).legs}
    assert legs[call].up and legs[operator].up and not legs[ringing].up
    assert legs[call].bridge == legs[operator].bridge != ""
    assert not legs[ringing].bridge
    assert legs[operator].context == "callwright-session"
    await bench.pbx.hangup(leg=ringing)
    await bench.pbx.mute(leg=operator, muted=True)
    await bench.pbx.mute(leg=operator, muted=False)
    await bench.pbx.hangup(leg=call)
    await bench.ear.report(LegEnded, leg=call)


async def both_sides_are_recorded(bench: Bench) -> None:
    operator = await session(bench)
    call = await answered(bench, LEAVES_LATE)
    await joined(bench, call, operator)
    done = await ended(bench, replace(outbound(call), operator_leg=operator))
    assert done.client.recording_at is not None and done.client.ended_at is not None
    lasted = done.client.ended_at - done.client.recording_at
    async with asyncio.timeout(5):
        while loudness_or_nothing(bench, call) is None:
            await asyncio.sleep(0.02)  # a file says nothing when it is closed
    for side in ("in", "out"):
        seconds, loud = loudness(bench, call, side)
        assert seconds == pytest.approx(lasted, abs=0.3)
        assert loud > 0.005


async def what_is_not_to_be_recorded_is_not(bench: Bench) -> None:
    call = await answered(bench, LEAVES, record=False)
    done = await ended(bench, outbound(call))
    assert done.client.recording_at is None
    assert not list(bench.recordings.glob(f"{call}*"))


async def an_inbound_call_is_taken(bench: Bench) -> None:
    operator = await session(bench)
    here = bench.ear.mark
    bench.call_in(number=OUTSIDE, dialled=OURS, hangs_up_s=1.5 * bench.pace)
    offer = await bench.ear.report(InboundOffered, since=here)
    assert (offer.number, offer.dialled) == (OUTSIDE, OURS)
    await bench.pbx.ring_inbound(leg=offer.leg)
    call = new_id()
    await bench.pbx.take_inbound(leg=offer.leg, call=call, record=True)
    ready = await bench.ear.report(ClientReady, since=here, leg=offer.leg)
    assert ready.call == call
    await joined(bench, offer.leg, operator)
    done = await ended(bench, replace(inbound(call, offer.leg, offer.at), operator_leg=operator))
    assert (done.outcome, done.ended_by) == (Outcome.ANSWERED, Party.CLIENT)
    assert (bench.recordings / f"{call}-in.wav").exists()
    await bench.ear.report(SessionReady, since=here, leg=operator)


async def an_inbound_call_is_given_back(bench: Bench) -> None:
    here = bench.ear.mark
    bench.call_in(number=OUTSIDE, dialled=OURS)
    offer = await bench.ear.report(InboundOffered, since=here)
    await bench.pbx.ring_inbound(leg=offer.leg)
    await bench.pbx.release_inbound(leg=offer.leg)
    await bench.ear.report(InboundFellBack, since=here, leg=offer.leg)
    await bench.ear.report(LegEnded, since=here, leg=offer.leg)


async def an_inbound_call_falls_back_by_itself(bench: Bench) -> None:
    here = bench.ear.mark
    bench.call_in(number=OUTSIDE, dialled=OURS)
    offer = await bench.ear.report(InboundOffered, since=here)
    fell = await bench.ear.report(InboundFellBack, since=here, leg=offer.leg)
    assert fell.at - offer.at == pytest.approx(0.5, abs=0.2)
    await bench.ear.report(LegEnded, since=here, leg=offer.leg)


async def a_caller_gives_up(bench: Bench) -> None:
    here = bench.ear.mark
    bench.call_in(number=OUTSIDE, dialled=OURS, gives_up_s=bench.pace)
    offer = await bench.ear.report(InboundOffered, since=here)
    await bench.pbx.ring_inbound(leg=offer.leg)
    done = await ended(bench, inbound(new_id(), offer.leg, offer.at))
    assert done.client.answered_at is None
    assert done.ended_by is Party.CLIENT


async def a_pbx_that_died_has_another_life(bench: Bench) -> None:
    before = (await bench.ear.report(Connected)).snapshot
    operator = await session(bench)
    call = await answered(bench, STAYS)
    await joined(bench, call, operator)
    here = bench.ear.mark
    bench.kill()
    await bench.ear.report(Disconnected, since=here)
    assert not bench.pbx.up
    bench.start()
    after = (await bench.ear.report(Connected, since=here)).snapshot
    assert after.started != before.started
    assert after.legs == ()
    assert await session(bench)


SUITE = (
    a_call_that_we_hang_up,
    the_client_hangs_up,
    the_operators_phone_hangs_up,
    every_outcome_is_told,
    nobody_answers,
    we_give_up,
    what_is_not_there_makes_no_leg,
    nothing_is_ordered_twice,
    orders_for_what_does_not_live_are_refused,
    a_snapshot_shows_who_is_with_whom,
    both_sides_are_recorded,
    what_is_not_to_be_recorded_is_not,
    *CONTROL,
    an_inbound_call_is_taken,
    an_inbound_call_is_given_back,
    an_inbound_call_falls_back_by_itself,
    a_caller_gives_up,
    a_pbx_that_died_has_another_life,
)
