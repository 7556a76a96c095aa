"""A clock that a test turns."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class ManualTimer:
    def __init__(self, do: Callable[[], None]) -> None:
        self.do: Callable[[], None] | None = do

    def cancel(self) -> None:
        self.do = None


class ManualClock:
    def __init__(self, at: float = 1_795_368_600.0) -> None:
        self._at = at
        self._due: list[tuple[float, int, ManualTimer]] = []
        self._serial = itertools.count()

    def now(self) -> float:
        return self._at

    def later(self, delay_s: float, do: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(do)
        heapq.heappush(self._due, (self._at + delay_s, next(self._serial), timer))
        return timer

    def run_to(self, at: float) -> None:
        """Everything that is due up to `at`, in its order."""
        while self._due and self._due[0][0] <= at:
            due, _, timer = heapq.heappop(self._due)
            self._at = max(self._at, due)
            if timer.do is not None:
                do, timer.do = timer.do, None
                do()
        self._at = max(self._at, at)

    def run(self, seconds: float) -> None:
        self.run_to(self._at + seconds)
