"""Scenarios of the line between the daemon and a running PBX, over a line that fails; on both kinds of PBX."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from dialer.ami import reconnect
from dialer.ami.pbx import AsteriskPbx
from dialer.ami.settings import AsteriskSettings
from dialer.telephony.model import CallState, EndReason, LegBridged, LegEnded, Outcome
from dialer.telephony.port import Connected, Disconnected, PbxError
from dialer.telephony.tracker import outbound
from tests.contract.pbx_bench import Bench, Ear
from tests.contract.pbx_suite import STAYS, answered, joined, session
from tests.faults.proxy import SOUND, Fault, FaultyLine, Kind, Way
from tests.scenarios.replay import Told

CLOSED = Fault(at=0)
QUIET_S = AsteriskSettings().silence_s
BACK_S = 1.6 + 1.0  # the longest pause between two tries, and what a login takes


@pytest.fixture
def quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries of a hundredth of a second, however many there were."""
    monkeypatch.setattr(reconnect, "SHORTEST_S", 0.005)
    monkeypatch.setattr(reconnect, "SHORT_CAP_S", 0.01)
    monkeypatch.setattr(reconnect, "SOON_TRIES", 10**6)


@dataclass
class Watched:
    """A daemon's side of a line that fails, with a call in it that was made over a sound one."""

    line: FaultyLine
    pbx: AsteriskPbx
    ear: Ear
    told: Told
    call: str
    operator: str

    @property
    def known(self) -> CallState:
        return self.told.board.calls[self.call].state

    async def back(self, since: int) -> None:
        await self.ear.report(Connected, since=since)


@contextlib.asynccontextmanager
async def in_mid_call(bench: Bench, quiet_s: float = QUIET_S) -> AsyncIterator[Watched]:
    """A client joined with an operator; the daemon under test sees them through the line alone."""
    line, ear = FaultyLine(bench.settings.port), Ear()
    async with line.open():
        settings = replace(bench.settings, port=line.port, silence_s=quiet_s, ping_s=quiet_s * 0.4)
        pbx = AsteriskPbx(settings, ear, rng=random.Random(4))
        await pbx.start()
        told = Told((await ear.report(Connected)).snapshot)
        ear.also = told.board.report
        try:
            operator = await session(bench)
            told.board.expect_session(operator)
            call = await answered(bench, STAYS)
            # What came over the line before, too: it may be ahead of the other connection.
            told.expect(ear.follow(replace(outbound(call), operator_leg=operator)))
            await joined(bench, call, operator)
            await ear.report(LegBridged, leg=call)
            await ear.report(LegBridged, leg=operator)
            yield Watched(line, pbx, ear, told, call, operator)
        finally:
            await pbx.stop()


async def cut_and_ended_meanwhile(bench: Bench, gap_s: float = 0.3) -> None:
    async with in_mid_call(bench) as at:
        here = at.ear.mark
        at.line.plan = lambda number: CLOSED
        at.line.strike(Kind.FIN)
        await at.ear.report(Disconnected, since=here)
        await bench.pbx.hangup(leg=at.call)
        truth = (await bench.ear.report(LegEnded, leg=at.call)).at
        await asyncio.sleep(gap_s)  # the gap itself
        at.line.plan = lambda number: SOUND
        await at.back(here)
        known = at.told.board.calls[at.call]
        assert (known.state, known.end_reason, at.told.ends(at.call)) == (
            CallState.ENDED, EndReason.LOST_SIGHT, 1,
        )  # fmt: skip
        assert known.outcome is Outcome.ANSWERED
        assert known.client.ended_at is not None
        assert truth <= known.client.ended_at <= truth + gap_s + BACK_S
        assert at.told.board.sessions[at.operator], "the operator's session lives on"


async def cut_and_still_up(bench: Bench) -> None:
    """Three cuts; the call's states are those that it would have had without them."""
    async with in_mid_call(bench) as at:
        before = list(at.told.states[at.call])
        for kind in (Kind.FIN, Kind.RST, Kind.FIN):
            here = at.ear.mark
            at.line.strike(kind)
            await at.ear.report(Disconnected, since=here)
            await at.back(here)
            assert at.told.states[at.call] == before
            assert at.told.board.sessions[at.operator]
        await bench.pbx.hangup(leg=at.call)
        await at.ear.report(LegEnded, leg=at.call)
        known = at.told.board.calls[at.call]
        assert (at.told.ends(at.call), known.end_reason) == (1, EndReason.HANGUP)


async def cut_inside_messages(bench: Bench) -> None:
    """At thirty bytes of the login and the list, the stream in pieces of one to three bytes; then a sound line."""
    async with in_mid_call(bench) as at:
        before, here, first = list(at.told.states[at.call]), at.ear.mark, at.line.connections
        at.line.plan = lambda number: (
            Fault(at=17 + 41 * (number - first), slice_to=3) if number < first + 30 else SOUND
        )
        at.line.strike(Kind.RST, Way.FROM_PBX, after=0)
        await at.back(here)
        assert at.line.connections == first + 31
        assert at.told.states[at.call] == before


async def half_open(bench: Bench, quiet_s: float = QUIET_S) -> None:
    """Nothing comes any more, and nobody says that it ended."""
    async with in_mid_call(bench, quiet_s) as at:
        here, began = at.ear.mark, asyncio.get_running_loop().time()
        at.line.strike(Kind.VANISH)
        await at.ear.report(Disconnected, since=here)
        assert asyncio.get_running_loop().time() - began <= quiet_s + 1.0
        await bench.pbx.hangup(leg=at.call)
        await at.back(here)
        assert asyncio.get_running_loop().time() - began <= quiet_s + 1.0 + BACK_S
        assert at.known is CallState.ENDED
        assert at.told.ends(at.call) == 1


async def nothing_is_read(bench: Bench, quiet_s: float = QUIET_S) -> None:
    """The stream is not taken from Asterisk any more: it drops us, or we notice; the call ends meanwhile."""
    async with in_mid_call(bench, quiet_s) as at:
        here = at.ear.mark
        at.line.strike(Kind.STALL, after=1)
        questions = [asyncio.create_task(at.pbx.snapshot()) for _ in range(500)]
        await bench.pbx.hangup(leg=at.call)
        await at.ear.report(Disconnected, since=here)
        answers = await asyncio.gather(*questions, return_exceptions=True)
        assert all(isinstance(answer, PbxError) for answer in answers), "nobody hangs"
        await at.back(here)
        assert (at.known, at.told.ends(at.call)) == (CallState.ENDED, 1)
