"""A TCP line that fails as it is told: between the daemon and its PBX, or anything else.

It never alters a byte. Each connection has a `Fault`: what happens to it, in which direction, after which byte. What
happened stands in `log`, and the same log as `script` makes the same faults again.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

BLOCK = 65536


class Way(enum.StrEnum):
    """Which direction's bytes are counted."""

    FROM_PBX = "from_pbx"
    TO_PBX = "to_pbx"


class Kind(enum.StrEnum):
    FIN = "fin"  # both ends see a polite end of the stream
    RST = "rst"  # both ends see a reset
    STALL = "stall"  # nothing is read any more in that direction: buffers fill, until `release`
    VANISH = "vanish"  # half open: the daemon's end stays open and silent; the PBX's is reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What becomes of one connection. `at` None: nothing; else after so many bytes of that direction.

    `slice_to`: bytes go on in pieces of 1 to so many; `latency_s`: each piece waits so long.
    """

    kind: Kind = Kind.FIN
    way: Way = Way.FROM_PBX
    at: int | None = None
    slice_to: int = BLOCK
    latency_s: float = 0.0


SOUND = Fault()
Plan = Callable[[int], Fault]


@dataclass(slots=True)
class _Stream:
    """One direction of one connection."""

    way: Way
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    passed: int = 0


@dataclass
class FaultyLine:
    """Listens on a port of its own of 127.0.0.1, and leads to `target`.

    `plan` gives the fault of the nth connection; `script` is such a plan written down. The seed is for slices.
    """

    target: int
    plan: Plan = lambda number: SOUND
    script: Sequence[Fault] = ()
    seed: int = 1
    log: list[Fault] = field(default_factory=list)  # of each connection that came to an end, what ended it
    port: int = 0
    connections: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._fault = SOUND
        self._streams: list[_Stream] = []
        self._struck = asyncio.Event()
        self._released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._vanished: list[asyncio.StreamWriter] = []

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[FaultyLine]:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._vanished:
                writer.transport.abort()

    def strike(self, kind: Kind, way: Way = Way.FROM_PBX, after: int = 0) -> None:
        """Bring a fault upon the present connection, `after` more bytes of that direction on."""
        passed = next((stream.passed for stream in self._streams if stream.way is way), 0)
        self._fault = replace(self._fault, kind=kind, way=way, at=passed + after)
        if after == 0:
            self._struck.set()

    def calm(self) -> bool:
        """Plan nothing more for the present connection; False if it was struck already."""
        self._fault = replace(self._fault, at=None)
        return not self._struck.is_set()

    def release(self) -> None:
        """Let what was stalled go on."""
        self._released.set()

    @property
    def passed(self) -> int:
        """Bytes that came from the PBX over the present connection."""
        return next((stream.passed for stream in self._streams if stream.way is Way.FROM_PBX), 0)

    # --- inner ----------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connection(reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        self._fault = self.script[number] if number < len(self.script) else self.plan(number)
        self._struck, self._released = asyncio.Event(), asyncio.Event()
        try:
            from_pbx, to_pbx = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:  # nobody there: as if we were not there either
            writer.transport.abort()
            self.log.append(SOUND)
            return
        self._streams = [
            _Stream(Way.FROM_PBX, from_pbx, writer),
            _Stream(Way.TO_PBX, reader, to_pbx),
        ]
        pumps = [asyncio.create_task(self._pump(stream)) for stream in self._streams]
        struck = asyncio.create_task(self._struck.wait())
        await asyncio.wait([*pumps, struck], return_when=asyncio.FIRST_COMPLETED)
        for task in (*pumps, struck):
            task.cancel()
        await asyncio.gather(*pumps, struck, return_exceptions=True)
        self.log.append(self._fault if self._struck.is_set() else replace(self._fault, at=None))
        self._end(writer, to_pbx)

    async def _pump(self, stream: _Stream) -> None:
        """Hand bytes on until the stream ends or its fault strikes."""
        while data := await stream.reader.read(BLOCK):
            for piece in self._sliced(data):
                if self._fault.latency_s:
                    await asyncio.sleep(self._fault.latency_s)
                await self._hand_on(stream, piece)

    async def _hand_on(self, stream: _Stream, piece: bytes) -> None:
        fault = self._fault
        if fault.at is not None and fault.way is stream.way and stream.passed + len(piece) >= fault.at:
            before = max(0, fault.at - stream.passed)
            await self._write(stream, piece[:before])
            await self._strike(stream)
            piece = piece[before:]
        await self._write(stream, piece)

    async def _write(self, stream: _Stream, piece: bytes) -> None:
        if piece:
            stream.writer.write(piece)
            stream.passed += len(piece)
            await stream.writer.drain()

    async def _strike(self, stream: _Stream) -> None:
        """The fault's moment. Of a stall this returns when it is released, else never."""
        if self._fault.kind is Kind.STALL:
            await self._released.wait()
            self._fault = replace(self._fault, at=None)
            return
        self._struck.set()
        await asyncio.Event().wait()

    def _sliced(self, data: bytes) -> list[bytes]:
        if self._fault.slice_to >= len(data):
            return [data]
        pieces = []
        while data:
            size = self._rng.randint(1, self._fault.slice_to)
            pieces.append(data[:size])
            data = data[size:]
        return pieces

    def _end(self, daemon: asyncio.StreamWriter, pbx: asyncio.StreamWriter) -> None:
        if self._struck.is_set() and self._fault.kind is Kind.VANISH:
            self._vanished.append(daemon)
            _reset(pbx)
        elif self._struck.is_set() and self._fault.kind is Kind.RST:
            _reset(daemon)
            _reset(pbx)
        else:
            daemon.close()
            pbx.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End with a reset: no lingering, what was not sent is thrown away."""
    plain = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
