"""Scenarios that a running PBX can be brought into: each is played on the virtual one and on the real one."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from dialer.ami.pbx import AsteriskPbx
from dialer.clock import SteadyClock
from dialer.telephony.model import (
    Call,
    CallState,
    ClientReady,
    EndReason,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegOrderFailed,
    LegRinging,
    Outcome,
    Party,
)
from dialer.telephony.port import Connected, Disconnected, PbxRefused, Report
from dialer.telephony.tracker import lingering, outbound, talk_s
from tests.contract.pbx_bench import Bench, Ear, new_id
from tests.contract.pbx_suite import LEAVES, RINGS_ON, STAYS, answered, ended, joined, order, session
from tests.scenarios.replay import Told

BUSY, REJECTS, UNALLOCATED = "+79161110486", "+79161110603", "+79161110404"
AT_ONCE = "+79161110202"
LINGERS_S = 2.0  # a leg ends within milliseconds of its own hangup
FATES = {
    BUSY: Outcome.BUSY,
    REJECTS: Outcome.REJECTED,
    UNALLOCATED: Outcome.WRONG_NUMBER,
    "+79161110480": Outcome.UNREACHABLE,
    "+79161110503": Outcome.CONGESTION,
    AT_ONCE: Outcome.ANSWERED,
    LEAVES: Outcome.ANSWERED,
}


def place(bench: Bench, kind: type[Report], leg: str) -> int:
    """Where the first such event of this leg stands in what was heard."""
    return next(
        number
        for number, event in enumerate(bench.ear.heard)
        if isinstance(event, kind) and getattr(event, "leg", "") == leg
    )


def retold(bench: Bench, *calls: str, operator: str = "") -> Told:
    """A switchboard that heard all that was heard so far, with its calls expected from the beginning."""
    told = Told(next(one.snapshot for one in bench.ear.heard if isinstance(one, Connected)))
    for call in calls:
        told.expect(replace(outbound(call), operator_leg=operator))
    for report in bench.ear.events():
        told.board.report(report)
    return told


@contextlib.asynccontextmanager
async def another_connection(bench: Bench) -> AsyncIterator[tuple[AsteriskPbx, Ear]]:
    ear = Ear()
    pbx = AsteriskPbx(bench.settings, ear, rng=random.Random(2))
    await pbx.start()
    try:
        await ear.report(Connected)
        yield pbx, ear
    finally:
        await pbx.stop()


async def the_hangup_before_the_orders_failure(bench: Bench) -> None:
    """Of a call that ends before its answer both are told, in either order: until it was this one."""
    calls: list[str] = []
    for _ in range(25):
        batch = [new_id() for _ in range(4)]
        calls += batch
        await asyncio.gather(*(bench.pbx.dial(order(call, RINGS_ON)) for call in batch[:2]))
        await asyncio.gather(*(bench.pbx.dial(order(call, REJECTS)) for call in batch[2:]))
        for call in batch[:2]:
            await bench.ear.report(LegRinging, leg=call)
            await bench.pbx.hangup(leg=call)
        for call in batch:
            await bench.ear.report(LegEnded, leg=call)
            await bench.ear.report(LegOrderFailed, leg=call)
        if any(place(bench, LegEnded, call) < place(bench, LegOrderFailed, call) for call in batch):
            break
    else:
        raise AssertionError("it was not provoked")
    told = retold(bench, *calls)
    for number, call in enumerate(calls):
        outcome = Outcome.NO_ANSWER if number % 4 < 2 else Outcome.REJECTED
        assert (told.ends(call), told.board.calls[call].outcome) == (1, outcome)


async def the_orders_answer_and_the_end_of_the_dialling(bench: Bench) -> None:
    """Whichever of the answers comes first, ringing and talking have no negative length."""
    calls = [new_id() for _ in range(10)]
    for call in calls:
        await bench.pbx.dial(order(call, LEAVES))
    for call in calls:
        done = await ended(bench, outbound(call))
        leg = done.client
        assert leg.created_at is not None and leg.ringing_at is not None and leg.answered_at is not None
        assert leg.created_at <= leg.ringing_at <= leg.answered_at


async def no_channel_was_ever_made(bench: Bench) -> None:
    call = new_id()
    await bench.pbx.dial(order(call, STAYS, line="PJSIP/{number}@nowhere"))
    await bench.ear.report(LegOrderFailed, leg=call)
    told = retold(bench, call)
    known = told.board.calls[call]
    assert (known.end_reason, known.outcome, told.ends(call)) == (EndReason.REFUSED, Outcome.FAILED, 1)
    assert call not in {leg.leg for leg in (await bench.pbx.snapshot()).legs}


async def a_second_order_of_a_living_id(bench: Bench) -> None:
    """Another daemon, which does not know that the order was sent, sends it again."""
    call = await answered(bench, STAYS)
    async with another_connection(bench) as (other, ear):
        here = bench.ear.mark
        await other.dial(order(call, STAYS))
        with_failure = await ear.report(LegOrderFailed)
    known = bench.ear.follow(outbound(call))
    assert known.state is CallState.ANSWERED, with_failure
    live = [leg for leg in (await bench.pbx.snapshot()).legs if leg.leg == call]
    assert len(live) == 1
    assert not [e for e in bench.ear.heard[here:] if isinstance(e, LegCreated) and e.leg == call]
    await bench.pbx.hangup(leg=call)
    assert (await ended(bench, outbound(call))).outcome is Outcome.ANSWERED


async def busy(bench: Bench) -> None:
    call = new_id()
    await bench.pbx.dial(order(call, BUSY))
    assert (await ended(bench, outbound(call))).outcome is Outcome.BUSY


async def an_unallocated_number(bench: Bench) -> None:
    call = new_id()
    await bench.pbx.dial(order(call, UNALLOCATED))
    done = await ended(bench, outbound(call))
    await bench.ear.report(LegOrderFailed, leg=call)
    assert (done.outcome, done.client.cause) == (Outcome.WRONG_NUMBER, 1)
    assert bench.ear.follow(outbound(call)).client.order_reason == 0


async def nobody_answers_in_time(bench: Bench) -> None:
    call = new_id()
    await bench.pbx.dial(order(call, RINGS_ON, timeout_s=1))
    done = await ended(bench, outbound(call))
    assert done.outcome is Outcome.NO_ANSWER
    assert done.client.created_at is not None and done.client.ended_at is not None
    # From the order on: when the far end begins to ring within that second is the far end's affair.
    assert 0.9 < done.client.ended_at - done.client.created_at < 2.0


def _over(bench: Bench, call: Call) -> Call | None:
    known = bench.ear.follow(call)
    return known if known.state is CallState.ENDED else None


async def a_hangup_in_the_moment_of_the_answer(bench: Bench) -> None:
    """The bridge comes too late, or nearly so; the operator is free for the next client."""
    operator = await session(bench)
    for _ in range(5):
        call = new_id()
        await bench.pbx.dial(order(call, AT_ONCE))
        await bench.ear.report(LegAnswered, leg=call)
        with contextlib.suppress(PbxRefused):
            await bench.pbx.bridge(client=call, operator=operator)
        expected = replace(outbound(call), operator_leg=operator)
        try:
            done = await bench.ear.until(lambda known=expected: _over(bench, known), LINGERS_S)
        except TimeoutError:  # Asterisk lost the hangup of a leg that it was just bridging
            assert lingering(bench.ear.follow(expected)) == [call]
            await bench.pbx.hangup(leg=call)
            done = await ended(bench, expected)
            assert done.ended_by is Party.CLIENT
        assert done.outcome is Outcome.ANSWERED
        assert 0 <= talk_s(done) < LINGERS_S + 1
    following = await answered(bench, STAYS)
    await joined(bench, following, operator)
    await bench.pbx.hangup(leg=following)
    await bench.ear.report(LegEnded, leg=following)


async def many_calls_through_each_other(bench: Bench) -> None:
    """Twenty-eight calls at once, of seven fates."""
    calls = {new_id(): number for _ in range(4) for number in FATES}
    await asyncio.gather(*(bench.pbx.dial(order(call, number)) for call, number in calls.items()))
    for call, number in calls.items():
        assert (await ended(bench, outbound(call))).outcome is FATES[number]
    told = retold(bench, *calls)
    assert {told.ends(call) for call in calls} == {1}


async def the_linkedid_changes_at_the_bridge(bench: Bench) -> None:
    operator = await session(bench)
    call = await answered(bench, LEAVES)
    await joined(bench, call, operator)
    await ended(bench, replace(outbound(call), operator_leg=operator))
    told = retold(bench, call, operator=operator)
    assert list(told.board.calls) == [call]
    assert (told.ends(call), told.states[call][-2:]) == (1, [CallState.ANSWERED, CallState.ENDED])


async def calls_die_with_their_pbx(bench: Bench, end: str, number: int) -> None:
    """`number` recorded calls are up; the PBX ends and comes again."""
    calls = [new_id() for _ in range(number)]
    for call in calls:
        await bench.pbx.dial(order(call, STAYS))
    for call in calls:
        await bench.ear.report(ClientReady, leg=call)
    told = retold(bench, *calls)
    assert {told.states[call][-1] for call in calls} == {CallState.ANSWERED}
    here = bench.ear.mark
    getattr(bench, end)()
    await bench.ear.report(Disconnected, since=here)
    bench.start()
    await bench.ear.report(Connected, since=here)
    for report in bench.ear.heard[here:]:
        told.board.report(report)
    for call in calls:
        known = told.board.calls[call]
        assert (told.ends(call), known.outcome) == (1, Outcome.ANSWERED)
        assert known.end_reason is (EndReason.HANGUP if end == "stop" else EndReason.PBX_RESTARTED)
    assert not (await bench.pbx.snapshot()).legs
    assert len(list(bench.recordings.glob("*-in.wav"))) >= number


async def two_sessions_tell_the_same(bench: Bench) -> None:
    """Both of them into one switchboard, as they come."""
    operator = await session(bench)
    async with another_connection(bench) as (_, ear):
        call = await answered(bench, LEAVES)
        await joined(bench, call, operator)
        await ended(bench, replace(outbound(call), operator_leg=operator))
        await ear.report(LegEnded, leg=call)
        once = retold(bench, call, operator=operator)
        twice = retold(bench, call, operator=operator)
        for event in ear.events():
            twice.board.report(event)
    assert twice.board.calls == once.board.calls
    assert twice.ends(call) == 1


async def lists_among_live_events(bench: Bench) -> None:
    """Two lists at a time while calls come and go: each is whole, and of one moment."""
    lasting = [new_id() for _ in range(5)]
    for call in lasting:
        await bench.pbx.dial(order(call, STAYS))
        await bench.ear.report(ClientReady, leg=call)
    passing = [new_id() for _ in range(20)]
    dialling = asyncio.gather(*(bench.pbx.dial(order(call, AT_ONCE)) for call in passing))
    for _ in range(10):
        for snapshot in await asyncio.gather(bench.pbx.snapshot(), bench.pbx.snapshot()):
            legs = [leg.leg for leg in snapshot.legs]
            assert set(lasting) <= set(legs)
            assert len(legs) == len(set(legs))
    await dialling
    for call in passing:
        assert (await ended(bench, outbound(call))).outcome is Outcome.ANSWERED
    for call in lasting:
        await bench.pbx.hangup(leg=call)
        await bench.ear.report(LegEnded, leg=call)


async def rows_of_the_dying(bench: Bench) -> None:
    """Lists are taken while channels end; whatever order rows and ends come in, who is dead stays dead."""
    calls = [new_id() for _ in range(20)]
    told = Told((await bench.ear.report(Connected)).snapshot)
    bench.ear.also = told.board.report
    for call in calls:
        told.expect(outbound(call))
    await asyncio.gather(*(bench.pbx.dial(order(call, AT_ONCE)) for call in calls))
    for call in calls:
        await bench.ear.report(LegCreated, leg=call)
    stale: list[Connected] = []
    while any(told.board.calls[call].state is not CallState.ENDED for call in calls):
        taken = Connected(snapshot=await bench.pbx.snapshot())
        stale.append(taken)
        told.board.report(taken)
    for taken in stale:  # and as if each came only now
        told.board.report(taken)
    assert {told.ends(call) for call in calls} == {1}
    assert {told.states[call][-1] for call in calls} == {CallState.ENDED}
    assert not (await bench.pbx.snapshot()).legs


async def errors_that_name_no_order(bench: Bench) -> None:
    """What Asterisk cannot understand it answers without an ActionID; what was asked at the same time is answered."""
    connection = bench.pbx._line.connection  # type: ignore[attr-defined]
    assert connection is not None and connection._transport is not None
    asked = [asyncio.create_task(bench.pbx.snapshot()) for _ in range(3)]
    await asyncio.sleep(0)
    too_many = b"".join(b"X-%d: y\r\n" % number for number in range(130))
    connection._transport.write(b"\r\n\r\nAction: Ping\r\n" + too_many + b"ActionID: lost\r\n\r\n")
    asked += [asyncio.create_task(bench.pbx.snapshot()) for _ in range(3)]
    for one in await asyncio.gather(*asked):
        assert one.legs == ()
    assert sum(connection.oddities.values()) >= 2
    assert bench.pbx.up


async def clocks_apart(bench: Bench, ahead_s: float) -> None:
    """Our clock is so much ahead of Asterisk's (behind, if negative): what happened is known in ours."""
    ear = Ear()

    def clock() -> float:
        return time.time() + ahead_s

    pbx = AsteriskPbx(bench.settings, ear, clock=clock, rng=random.Random(5))
    await pbx.start()
    try:
        snapshot = (await ear.report(Connected)).snapshot
        assert abs(snapshot.at - time.time()) < 1, "a list's time is Asterisk's"
        operator, began = await session(bench), clock()
        call = await answered(bench, LEAVES)
        await joined(bench, call, operator)
        await bench.ear.report(LegEnded, leg=call)
        await ear.report(LegEnded, leg=call)
        done, over = ear.follow(replace(outbound(call), operator_leg=operator)), clock()
        leg = done.client
        times = (leg.created_at, leg.ringing_at, leg.answered_at, done.bridged_at, leg.ended_at)
        ours = [at - pbx.clock_offset_s for at in times if at is not None]
        assert len(ours) == 5
        assert ours == sorted(ours)
        assert began - 0.1 <= ours[0] and ours[-1] <= over + 0.1
        assert talk_s(done) == pytest.approx(2.0 * bench.pace, abs=0.4)
    finally:
        await pbx.stop()


async def our_clock_is_set_in_mid_call(bench: Bench, moved_s: float) -> None:
    """The machine's clock is set; the daemon's goes on, and so do the times of the call."""
    shift = 0.0
    clock = SteadyClock(lambda: time.time() + shift)
    ear = Ear()
    pbx = AsteriskPbx(bench.settings, ear, clock=clock, rng=random.Random(6))
    await pbx.start()
    try:
        await ear.report(Connected)
        operator, began = await session(bench), time.monotonic()
        call = await answered(bench, LEAVES)
        await joined(bench, call, operator)
        await ear.report(LegAnswered, leg=call)
        shift = moved_s
        await ear.report(LegEnded, leg=call)
        passed = time.monotonic() - began
        done = ear.follow(replace(outbound(call), operator_leg=operator))
        assert talk_s(done) == pytest.approx(2.0 * bench.pace, abs=0.4)
        assert done.client.ended_at is not None
        ended_at = done.client.ended_at - pbx.clock_offset_s
        assert ended_at == pytest.approx(clock(), abs=1.0)
        assert abs(clock() - time.time()) < 1 + passed, "it follows slowly"
    finally:
        await pbx.stop()
