"""The baseline of the screen-pop: the event's bytes in by asyncio's TCP, one bare commit, out by aiohttp's websocket.

`python -m bench.echo FOLDER`: prints its HTTP port and its event port. Nothing is decided and nothing looked
up; the commit is one row into SQLite as the daemon opens it, the frame is as long as a desk's.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import deque
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from dialer.store.sqlite import connect_writer

FRAME = 6_000  # bytes, about a desk with a card and a block
_NUMBER = re.compile(rb"CallerIDNum: (\S+)")


class Events(asyncio.Protocol):
    def __init__(self, pages: deque[web.WebSocketResponse], store: Any) -> None:
        self._pages = pages
        self._store = store
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        *whole, self._buffer = (self._buffer + data).split(b"\r\n\r\n")
        for event in whole:
            if b"CallwrightInbound" in event:
                self._pop(event)

    def _pop(self, event: bytes) -> None:
        found = _NUMBER.search(event)
        number = found[1].decode() if found else ""
        self._store.execute("BEGIN IMMEDIATE")
        self._store.execute("INSERT INTO pops (number) VALUES (?)", (number,))
        self._store.execute("COMMIT")
        frame = f'{{"state":"offered","echo":"{event.hex()}","number":"{number}"}}'.ljust(FRAME)
        self._pages.rotate(1)
        self._tasks = [asyncio.ensure_future(self._pages[0].send_str(frame))]


async def main(folder: Path) -> None:
    store = connect_writer(folder / "echo.db")
    store.execute("CREATE TABLE pops (id INTEGER PRIMARY KEY, number TEXT NOT NULL)")
    pages: deque[web.WebSocketResponse] = deque()

    async def live(request: web.Request) -> web.StreamResponse:
        page = web.WebSocketResponse(compress=False)
        await page.prepare(request)
        pages.append(page)
        async for _ in page:
            pass
        return page

    app = web.Application()
    app.router.add_get("/live", live)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server = await asyncio.get_running_loop().create_server(lambda: Events(pages, store), "127.0.0.1", 0)
    print(runner.addresses[0][1], server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()  # until it is told to end


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
