"""The faulty line does what it is told, to the byte, and the same again from its log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.faults.proxy import Fault, FaultyLine, Kind, Way

TEXT = bytes(range(256)) * 40
DEADLINE_S = 5.0


@contextlib.asynccontextmanager
async def speaker() -> AsyncIterator[int]:
    """Somebody who says TEXT to everybody, and then echoes; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(TEXT)
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def heard(line: FaultyLine, say: bytes = b"") -> tuple[bytes, str]:
    """All that comes over a connection, and how it ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(say)
    got = b""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while data := await reader.read(1000):
                got += data
        return got, "fin"
    except ConnectionResetError:
        return got, "rst"
    finally:
        writer.close()


@pytest.mark.parametrize("kind", [Kind.FIN, Kind.RST])
@pytest.mark.parametrize("at", [0, 1, 77, len(TEXT)])
@pytest.mark.parametrize("slice_to", [1000, 7])
async def test_it_ends_after_the_byte_and_as_it_was_told(kind: Kind, at: int, slice_to: int) -> None:
    fault = Fault(kind=kind, at=at, slice_to=slice_to)
    async with speaker() as port, FaultyLine(port, lambda number: fault).open() as line:
        got, end = await heard(line)
        assert end == kind.value
        assert got == TEXT[:at] if kind is Kind.FIN else TEXT.startswith(got)
        assert line.log == [fault]


async def test_bytes_to_the_other_side_are_counted_too() -> None:
    fault = Fault(way=Way.TO_PBX, at=3)
    async with speaker() as port, FaultyLine(port, lambda number: fault).open() as line:
        got, _ = await heard(line, b"abcdef")
        assert TEXT.startswith(got[: len(TEXT)])


async def test_what_is_late_and_in_pieces_is_whole() -> None:
    fault = Fault(slice_to=300, latency_s=0.0005)
    async with speaker() as port, FaultyLine(port, lambda number: fault).open() as line:
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"and this")
        assert await asyncio.wait_for(reader.readexactly(len(TEXT) + 8), DEADLINE_S) == TEXT + b"and this"
        writer.close()


async def test_a_stall_ends_when_it_is_released() -> None:
    async with (
        speaker() as port,
        FaultyLine(port, lambda number: Fault(kind=Kind.STALL, at=9)).open() as line,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        assert await asyncio.wait_for(reader.readexactly(9), DEADLINE_S) == TEXT[:9]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        line.release()
        assert await asyncio.wait_for(reader.readexactly(len(TEXT) - 9), DEADLINE_S) == TEXT[9:]
        writer.close()


async def test_who_vanished_says_nothing_and_stays() -> None:
    async with (
        speaker() as port,
        FaultyLine(port, lambda number: Fault(kind=Kind.VANISH, at=9)).open() as line,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        assert await asyncio.wait_for(reader.readexactly(9), DEADLINE_S) == TEXT[:9]
        writer.write(b"is anybody there")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        writer.close()


async def test_a_fault_is_brought_upon_a_living_connection() -> None:
    async with speaker() as port, FaultyLine(port).open() as line:
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        assert await asyncio.wait_for(reader.readexactly(len(TEXT)), DEADLINE_S) == TEXT
        line.strike(Kind.FIN, after=4)
        writer.write(b"four and more")
        assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b"four"
        assert line.log == [Fault(at=len(TEXT) + 4)]
        writer.close()


async def test_its_log_makes_the_same_faults_again() -> None:
    plans = [Fault(at=10), Fault(kind=Kind.RST, at=20), Fault(at=5, slice_to=2)]
    async with speaker() as port:
        async with FaultyLine(port, lambda number: plans[number]).open() as line:
            first = [await heard(line) for _ in plans]
        async with FaultyLine(port, script=line.log).open() as again:
            assert [(await heard(again))[1] for _ in plans] == [end for _, end in first]
        assert again.log == line.log == plans
