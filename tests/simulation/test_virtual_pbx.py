"""The virtual PBX on its socket: its lives, and clients that behave badly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from dialer.simulation.manager import BANNER, Account
from dialer.simulation.population import ByDigits
from dialer.simulation.virtual_pbx import VirtualPbx

LOGIN = b"Action: Login\r\nUsername: callwright\r\nSecret: s\r\n\r\n"
DEADLINE_S = 10


@pytest.fixture
async def pbx() -> AsyncIterator[VirtualPbx]:
    made = VirtualPbx(ends=ByDigits(ring_s=0.01), account=Account(secret="s"))
    await made.start()
    yield made
    await made.stop()


class Wire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def message(self) -> str:
        async with asyncio.timeout(DEADLINE_S):
            return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def ask(self, data: bytes) -> str:
        self.writer.write(data)
        while not (text := await self.message()).startswith("Response"):
            pass
        return text

    async def is_over(self) -> bool:
        async with asyncio.timeout(DEADLINE_S):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(65536):
                    pass
        return True


@contextlib.asynccontextmanager
async def connected(pbx: VirtualPbx, *, login: bool = True) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx.port)
    wire = Wire(reader, writer)
    async with asyncio.timeout(DEADLINE_S):
        assert await reader.readline() == BANNER
    if login:
        assert "Authentication accepted" in await wire.ask(LOGIN)
    try:
        yield wire
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_new_life_on_the_same_port(pbx: VirtualPbx) -> None:
    port = pbx.port
    async with connected(pbx) as wire:
        before = await wire.ask(b"Action: CoreStatus\r\n\r\n")
        await pbx.kill()
        assert await wire.is_over()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", port)
    await pbx.start()
    assert pbx.port == port
    async with connected(pbx) as wire:
        assert await wire.ask(b"Action: CoreStatus\r\n\r\n") != before


async def test_a_polite_end_is_announced(pbx: VirtualPbx) -> None:
    async with connected(pbx) as wire:
        await pbx.stop()
        async with asyncio.timeout(DEADLINE_S):
            rest = (await wire.reader.read()).decode()
    assert "Event: Shutdown" in rest and "Shutdown: Cleanly" in rest


async def test_calls_outlive_a_cut_connection(pbx: VirtualPbx) -> None:
    async with connected(pbx) as wire:
        order = b"Action: Originate\r\nChannel: PJSIP/op301\r\nContext: callwright-session\r\nExten: s\r\n"
        await wire.ask(order + b"ChannelId: S1\r\n\r\n")
        pbx.cut()
        assert await wire.is_over()
    assert pbx.exchange.find("S1") is not None
    async with connected(pbx) as wire:
        assert "Channels will follow" in await wire.ask(b"Action: CoreShowChannels\r\n\r\n")
        assert "Uniqueid: S1" in await wire.message()


async def test_nothing_is_told_or_done_before_the_login(pbx: VirtualPbx) -> None:
    async with connected(pbx, login=False) as wire:
        order = (
            b"Action: Originate\r\nChannel: PJSIP/op301\r\nContext: callwright-session\r\nExten: s\r\n\r\n"
        )
        assert "Permission denied" in await wire.ask(order)
        assert len(pbx.exchange) == 0


async def test_an_endless_line_is_cut_off(pbx: VirtualPbx) -> None:
    async with connected(pbx) as wire:
        wire.writer.write(b"x" * 200_000)
        assert await wire.is_over()


async def test_orders_cut_anywhere_are_understood(pbx: VirtualPbx) -> None:
    async with connected(pbx) as wire:
        for byte in b"Action: Ping\nActionID: 7\n\n":
            wire.writer.write(bytes([byte]))
            await wire.writer.drain()
        while "ActionID: 7" not in (said := await wire.message()):
            pass
        assert "Ping: Pong" in said


async def test_two_clients_hear_the_same(pbx: VirtualPbx) -> None:
    async with connected(pbx) as one, connected(pbx) as other:
        await one.ask(
            b"Action: Originate\r\nChannel: PJSIP/op301\r\nContext: callwright-session\r\nExten: s\r\n"
            b"ChannelId: S1\r\n\r\n"
        )
        for wire in (one, other):
            while "CallwrightSession" not in await wire.message():
                pass
