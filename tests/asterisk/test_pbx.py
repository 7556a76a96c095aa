"""The suite of the telephony port on a real Asterisk: what the virtual one promises, this one does."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from dialer.ami.pbx import AsteriskPbx
from dialer.ami.settings import AsteriskSettings
from dialer.telephony.model import ClientReady, LegEnded, LegSetAside
from dialer.telephony.port import Connected
from tests.contract.pbx_bench import Bench, Ear, new_id
from tests.contract.pbx_steps import STAYS, joined, order, session
from tests.contract.pbx_suite import SUITE
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import Caller, FarEnd
from tests.rig.fixtures import asterisk, far_end, network, phones

__all__ = ["asterisk", "far_end", "network", "phones"]


@pytest.fixture
async def bench(asterisk: AsteriskServer, far_end: FarEnd, phones: FarEnd) -> AsyncIterator[Bench]:
    callers: list[Caller] = []
    ear = Ear()
    settings = AsteriskSettings(secret=asterisk.accounts.ami)
    pbx = AsteriskPbx(settings, ear, rng=random.Random(1))

    def call_in(
        *, number: str, dialled: str, gives_up_s: float | None = None, hangs_up_s: float | None = None
    ) -> None:
        ends, after_s = "refused", 2.0
        if gives_up_s is not None:
            ends, after_s = "cancel", gives_up_s
        elif hangs_up_s is not None:
            ends, after_s = "caller", hangs_up_s
        callers.append(Caller(dialled, number=number.encode(), ends=ends, after_s=after_s))

    await pbx.start()
    await ear.report(Connected)
    yield Bench(
        pbx=pbx,
        ear=ear,
        call_in=call_in,
        settings=settings,
        kill=asterisk.kill,
        stop=lambda: asterisk.cli("core stop now") and None,
        start=asterisk.start,
        recordings=asterisk.monitor,
    )
    await pbx.stop()
    for caller in callers:
        caller.remove()
    if asterisk.pid is None:
        asterisk.start()
    asterisk.cli("channel request hangup all")


@pytest.mark.parametrize("scenario", SUITE, ids=lambda one: one.__name__)
async def test_real(bench: Bench, scenario: Callable[[Bench], Awaitable[None]]) -> None:
    await scenario(bench)


async def test_a_bounded_call_is_ended_by_asterisk_itself(bench: Bench) -> None:
    """The day's limit abroad holds though the daemon be dead: nobody but Asterisk hangs up here."""
    operator, call = await session(bench), new_id()
    began = time.monotonic()
    await bench.pbx.dial(replace(order(call, STAYS), most_s=3))
    await bench.ear.report(ClientReady, leg=call)
    await joined(bench, call, operator)
    await bench.pbx.hold(leg=call)
    await bench.ear.report(LegSetAside, leg=call)
    await bench.pbx.bridge(client=call, operator=operator)
    await bench.ear.report(LegEnded, leg=call)
    assert 2.5 < time.monotonic() - began < 4.5
