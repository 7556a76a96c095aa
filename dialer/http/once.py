"""What a write was answered, so that one whose answer was lost is not carried out again.

A page that hears nothing sends the same request with the same key. In memory: a restart forgets, and what is repeated
over a restart is carried out anew.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from msgspec import Struct

from dialer.http.problems import Problem

KEPT_FOR_S: Final = 600.0
MOST: Final = 4_000
MOST_BYTES: Final = 32 * 1024 * 1024  # of all bodies together
MOST_BODY: Final = 1024 * 1024
WAIT_S: Final = 30.0

Known = tuple[int, str, str, str]
"""User, method, path, key."""


class _Answer(Struct, frozen=True, kw_only=True):
    at: float
    status: int
    content_type: str
    body: bytes

    def response(self) -> web.Response:
        return web.Response(status=self.status, body=self.body, headers={"Content-Type": self.content_type})


class Once:
    """Answers of the last ten minutes, refusals too; the oldest go first when there are too many.

    A fault of the server is not among them: nobody knows what it did, and another try may come right.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._answers: OrderedDict[Known, _Answer] = OrderedDict()
        self._bytes = 0
        self._running: dict[Known, asyncio.Event] = {}  # as many as requests are open

    async def answer(
        self, known: Known, carry_out: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """What was answered to this, or is now. Raises Problem if the first is still at it after 30 s."""
        await self._others(known)
        self._forget()
        if (before := self._answers.get(known)) is not None:
            return before.response()
        ended = self._running[known] = asyncio.Event()
        try:
            answer = await carry_out()
            self._keep(known, answer)
            return answer
        finally:
            del self._running[known]
            ended.set()

    async def _others(self, known: Known) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                while (running := self._running.get(known)) is not None:
                    await running.wait()
        except TimeoutError:
            raise Problem(503, "still_running") from None

    def _keep(self, known: Known, answer: web.StreamResponse) -> None:
        if not isinstance(answer, web.Response) or answer.status >= 500:
            return
        body = answer.body or b""
        if not isinstance(body, bytes) or len(body) > MOST_BODY:
            return
        self._answers[known] = _Answer(
            at=self._now(),
            status=answer.status,
            content_type=answer.headers.get("Content-Type", "application/octet-stream"),
            body=body,
        )
        self._bytes += len(body)
        self._forget()

    def _forget(self) -> None:
        too_old = self._now() - KEPT_FOR_S
        while self._answers:
            oldest = next(iter(self._answers.values()))
            if oldest.at > too_old and len(self._answers) <= MOST and self._bytes <= MOST_BYTES:
                return
            self._answers.popitem(last=False)
            self._bytes -= len(oldest.body)
