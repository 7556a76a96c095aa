"""The websocket of a page: sends the newest frame of what it watches; a page that does not read is dropped."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from dialer.auth.service import Auth
from dialer.auth.sessions import Session
from dialer.desk.room import Watcher

log = logging.getLogger(__name__)

STUCK_S = 10.0  # a page that takes nothing for so long is gone
HEARTBEAT_S = 20.0
TOUCH_S = 60.0
MOST_MESSAGE = 4096
LOGOUT = '{"type":"logout"}'


async def serve_page(
    request: web.Request, watcher: Watcher, session: Session, auth: Auth
) -> web.StreamResponse:
    """Serve one page until it goes or its login ends. An open page keeps the login in use."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, compress=False, max_msg_size=MOST_MESSAGE)
    await socket.prepare(request)
    tasks = (
        asyncio.create_task(_send(socket, watcher, request)),
        asyncio.create_task(_keep_login(watcher, session, auth)),
    )
    try:
        async for _ in socket:
            pass  # a page has nothing to say here; its verbs are requests
        return socket
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(socket: web.WebSocketResponse, watcher: Watcher, request: web.Request) -> None:
    try:
        while (frame := await watcher.next()) is not None:
            async with asyncio.timeout(STUCK_S):
                await socket.send_str(frame.decode())
        async with asyncio.timeout(STUCK_S):
            await socket.send_str(LOGOUT)
            await socket.close()
    except (TimeoutError, ConnectionError):
        _drop(request, watcher)
    except Exception:
        # A page that is told nothing more must not look connected: it comes again and asks for the whole.
        log.exception("a page was dropped")
        _drop(request, watcher)


def _drop(request: web.Request, watcher: Watcher) -> None:
    watcher.drop()
    if request.transport is not None:
        request.transport.abort()  # ends the receiving side too


async def _keep_login(watcher: Watcher, session: Session, auth: Auth) -> None:
    while auth.touch(session):
        try:
            async with asyncio.timeout(TOUCH_S):
                await session.ended.wait()
        except TimeoutError:
            continue
    watcher.close()
