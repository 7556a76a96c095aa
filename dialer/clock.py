"""The daemon's clock: UTC that nobody moves under it.

A lease, an offer, a login and the length of a call are differences of two looks at a clock; a machine's own clock
may be set an hour on or back between them, or to and fro. This one goes on with the time that passes and follows the
machine's clock slowly, so that a difference is wrong by a tenth of itself at most. A restart takes what is set.

Logged by `dialer.clock`: `clock_moved` when the two part, `clock_agrees` when they are one again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

log = logging.getLogger("dialer.clock")

FOLLOWS = 0.1  # of the time that passes: how fast a difference is made up for
APART_S = 1.0


def _passed() -> float:
    """Seconds of a clock that cannot be set, and that counts a suspended machine's time too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def midnight_of(now: datetime) -> datetime:
    """The last midnight by this machine's own time zone."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


class SteadyClock:
    """Call it for seconds since 1970. Never goes back; `behind_s` is what the machine's clock is ahead of it."""

    def __init__(self, wall: Callable[[], float] = time.time, passed: Callable[[], float] = _passed) -> None:
        self._wall = wall
        self._passed = passed
        self._known = (passed(), wall())  # one value: threads look at the clock too
        self._apart = False
        self.behind_s = 0.0

    def __call__(self) -> float:
        at, now = self._known
        passed = self._passed()
        went = max(0.0, passed - at)
        behind = self._wall() - (now + went)
        now += went + max(-FOLLOWS * went, min(FOLLOWS * went, behind))
        self._known = (max(at, passed), now)
        self.behind_s = behind
        self._say(behind)
        return now

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self(), UTC)

    def midnight(self) -> datetime:
        return midnight_of(self.utc())

    def _say(self, behind: float) -> None:
        if self._apart and abs(behind) < APART_S / 2:
            self._apart = False
            log.info("clock_agrees")
        elif not self._apart and abs(behind) >= APART_S:
            self._apart = True
            log.warning("clock_moved by %+.0f s: it is followed slowly; a restart takes it at once", behind)
