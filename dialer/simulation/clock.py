"""The virtual PBX's clock: what time it is there, and what is to happen later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def later(self, delay_s: float, do: Callable[[], None]) -> Timer: ...


class LoopClock:
    """The event loop's time, anchored once to the wall clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._anchor = time.time() - loop.time()

    def now(self) -> float:
        return self._anchor + self._loop.time()

    def later(self, delay_s: float, do: Callable[[], None]) -> Timer:
        return self._loop.call_later(delay_s, do)
