"""The virtual PBX on a TCP port of the loopback: an AMI like Asterisk's, with simulated people behind it.

pbx = VirtualPbx(ends=Population(seed=1), account=Account(secret="..."))
await pbx.start()             # pbx.port
await pbx.kill()              # everything dies without a word
await pbx.start()             # the same port, another life
await pbx.stop()              # politely: legs hung up, Shutdown, end of stream
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import cast

from dialer.simulation.actions import ACTIONS
from dialer.simulation.clock import Clock, LoopClock
from dialer.simulation.exchange import Exchange
from dialer.simulation.far_end import FarEnds
from dialer.simulation.manager import Account, Manager
from dialer.simulation.tape import NoTape, Tape

log = logging.getLogger(__name__)

MAX_UNREAD = 8 * 1024 * 1024  # bytes a client may leave unread before it is dropped, as Asterisk drops it


class VirtualPbx:
    """`exchange` is the present life; a new one begins with every `start`. Only 127.0.0.1 is listened on."""

    clock: Clock
    exchange: Exchange

    def __init__(
        self,
        *,
        ends: FarEnds,
        account: Account,
        port: int = 0,
        rng: random.Random | None = None,
        tape: Tape | None = None,
        fallback: str = "",
    ) -> None:
        self.account = account
        self.port = port
        self._ends = ends
        self._rng = rng or random.Random(0)  # noqa: S311 - chance of a simulation
        self._tape: Tape = tape or NoTape()
        self._fallback = fallback
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._started = 0.0

    @property
    def running(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        """Listen; a port of 0 becomes a free one and stays the same for later lives."""
        if self._server is not None:
            raise RuntimeError("already running")
        loop = asyncio.get_running_loop()
        self.clock = LoopClock(loop)
        # CoreStatus tells whole seconds; a real Asterisk takes about one to start, so no two lives share it.
        self._started = max(self.clock.now(), self._started + 1)
        self.exchange = Exchange(
            clock=self.clock,
            ends=self._ends,
            rng=self._rng,
            emit=self._tell,
            tape=self._tape,
            fallback=self._fallback,
            started=self._started,
        )
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As `systemctl stop` does: all legs are hung up, then Shutdown, then the end of the stream."""
        if self._server is None:
            return
        self.exchange.stop()
        self._tell(
            "Event: Shutdown\r\nPrivilege: system,all\r\n"
            f"Timestamp: {self.clock.now():.6f}\r\nShutdown: Cleanly\r\nRestart: False\r\n\r\n"
        )
        await self._end(at_once=False)

    async def kill(self) -> None:
        """As `kill -9` does: the ends of the connections are all that is heard."""
        if self._server is None:
            return
        self.exchange.kill()
        await self._end(at_once=True)

    def cut(self) -> None:
        """Drop the connections only; calls go on."""
        for connection in list(self._connections):
            connection.drop()

    def opened(self, connection: _Connection) -> None:
        self._connections.add(connection)

    def closed(self, connection: _Connection) -> None:
        self._connections.discard(connection)

    async def _end(self, *, at_once: bool) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for connection in list(self._connections):
            if at_once:
                connection.drop()
            else:
                connection.close()
        if server is not None:
            await server.wait_closed()

    def _tell(self, events: str) -> None:
        if not events:
            return
        data = events.encode("utf-8", "surrogateescape")
        for connection in list(self._connections):
            connection.tell(data)


class _Connection(asyncio.Protocol):
    def __init__(self, pbx: VirtualPbx) -> None:
        self._pbx = pbx
        self._transport: asyncio.Transport | None = None
        self._manager: Manager | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._transport = transport
        self._pbx.opened(self)
        self._manager = Manager(self._pbx, ACTIONS, self._send, self.close)

    def data_received(self, data: bytes) -> None:
        if self._manager is not None:
            self._manager.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._manager = None
        self._pbx.closed(self)

    def tell(self, events: bytes) -> None:
        if self._manager is not None:
            self._manager.tell(events)

    def close(self) -> None:
        """End after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _send(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_UNREAD:
            log.warning("virtual_pbx_slow_reader dropped")
            transport.abort()
            return
        transport.write(data)
