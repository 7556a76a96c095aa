"""Pages as bare sockets: a websocket's handshake by hand, frames cut out of the bytes, no JSON read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

OnFrame = Callable[[bytes, float], None]
HANDSHAKE_S = 20.0


class Page(asyncio.Protocol):
    """`on_frame` gets each text frame and the moment at which it was whole, by `perf_counter`."""

    def __init__(self, request: bytes, on_frame: OnFrame) -> None:
        self._request = request
        self._on_frame = on_frame
        self._buffer = b""
        self._open = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        self._buffer += data
        if not self._open and not self._shake_hands():
            return
        while (cut := _cut(self._buffer)) is not None:
            kind, payload, self._buffer = cut
            if kind == 1:
                self._on_frame(payload, at)
            elif kind == 9 and self.transport is not None:
                self.transport.write(bytes((0x8A, 0x80 | len(payload), 0, 0, 0, 0)) + payload)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed before it was open"))

    def _shake_hands(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.opened.set_exception(ConnectionError(head.decode(errors="replace")[:200]))
            return False
        self._open, self._buffer = True, rest
        self.opened.set_result(None)
        return True


def _cut(buffer: bytes) -> tuple[int, bytes, bytes] | None:
    """The first whole frame's kind and payload, and the bytes behind it."""
    if len(buffer) < 2:
        return None
    length, start = buffer[1] & 0x7F, 2
    if length == 126:
        length, start = int.from_bytes(buffer[2:4], "big"), 4
    elif length == 127:
        length, start = int.from_bytes(buffer[2:10], "big"), 10
    if len(buffer) < start + length:
        return None
    return buffer[0] & 0x0F, buffer[start : start + length], buffer[start + length :]


async def open_page(port: int, path: str, cookie: str, on_frame: OnFrame) -> Page:
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Cookie: callwright={cookie}",
        "\r\n",
    )
    request = "\r\n".join(lines).encode()
    _, page = await asyncio.get_running_loop().create_connection(
        lambda: Page(request, on_frame), "127.0.0.1", port
    )
    async with asyncio.timeout(HANDSHAKE_S):
        await page.opened
    return page
