"""The suite of the telephony port on the virtual PBX; tests/asterisk/test_pbx.py runs it on the real one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from dialer.ami.pbx import AsteriskPbx
from dialer.ami.settings import AsteriskSettings
from dialer.simulation.manager import Account
from dialer.simulation.population import ByDigits
from dialer.simulation.recording import WavTape
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.telephony.port import Connected
from tests.contract.pbx_bench import Bench, Ear
from tests.contract.pbx_suite import SUITE

FOR_EVER = 3600.0
PACE = 0.25


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    tape = WavTape(tmp_path)
    virtual = VirtualPbx(
        ends=ByDigits(ring_s=0.05, talk_s=2 * PACE),
        account=Account(secret="s"),
        rng=random.Random(1),
        tape=tape,
    )
    await virtual.start()
    ear = Ear()
    settings = AsteriskSettings(port=virtual.port, secret="s")
    pbx = AsteriskPbx(settings, ear, rng=random.Random(1))
    tasks: set[asyncio.Task[None]] = set()

    def call_in(
        *, number: str, dialled: str, gives_up_s: float | None = None, hangs_up_s: float | None = None
    ) -> None:
        virtual.exchange.call_in(
            number=number, name="", dialled=dialled, patience_s=gives_up_s or FOR_EVER, talk_s=hangs_up_s
        )

    def soon(do: Callable[[], Awaitable[None]]) -> None:
        async def done() -> None:
            await do()

        tasks.add(asyncio.create_task(done()))

    await pbx.start()
    await ear.report(Connected)
    yield Bench(
        pbx=pbx,
        ear=ear,
        call_in=call_in,
        settings=settings,
        kill=lambda: soon(virtual.kill),
        stop=lambda: soon(virtual.stop),
        start=lambda: soon(virtual.start),
        recordings=tmp_path,
        pace=PACE,
    )
    await asyncio.gather(*tasks)
    await pbx.stop()
    await virtual.stop()
    tape.close()


@pytest.mark.parametrize("scenario", SUITE, ids=lambda one: one.__name__)
async def test_virtual(bench: Bench, scenario: Callable[[Bench], Awaitable[None]]) -> None:
    await scenario(bench)
