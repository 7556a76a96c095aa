"""Two real Asterisks under one daemon: one is killed and starts again, and the other's calls go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dialer.config import PbxSettings
from tests.contract.two_pbxs import Company, Site, company_of, one_killed_and_the_other_works_on
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import asterisk, far_end, network, phones
from tests.rig.network import Network

__all__ = ["asterisk", "far_end", "network", "phones"]


@pytest.fixture(scope="module")
def second(network: Network) -> Iterator[AsteriskServer]:
    """Another Asterisk in the same network, at ports of its own."""
    server = AsteriskServer(beside=100)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
async def company(
    asterisk: AsteriskServer, second: AsteriskServer, far_end: FarEnd, phones: FarEnd, tmp_path: Path
) -> AsyncIterator[Company]:
    sites = {"south": _site(asterisk, "op301"), "north": _site(second, "op305")}
    async with company_of(sites, tmp_path) as made:
        yield made


def _site(server: AsteriskServer, endpoint: str) -> Site:
    async def kill() -> None:
        await asyncio.to_thread(server.kill)

    async def start() -> None:
        await asyncio.to_thread(server.start)

    settings = PbxSettings(port=server.ami_port, secret=server.accounts.ami, recordings=str(server.monitor))
    return Site(settings=settings, endpoint=endpoint, kill=kill, start=start)


async def test_two_asterisks_one_killed_and_the_others_calls_sessions_and_desks_go_on(
    company: Company,
) -> None:
    await one_killed_and_the_other_works_on(company)
