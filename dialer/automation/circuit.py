"""When to try again, and when to leave a receiver in peace: pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

PAUSES_S: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)
"""Between two tries of one delivery: about a day in all, then it has failed."""

OPENS_AT: Final = 5
LONGEST_S: Final = 600


def again_at(tries: int, now: datetime, chance: float) -> datetime | None:
    """When to try again after so many tries; None: no more. `chance` in [0, 1) spreads those that failed together."""
    if tries > len(PAUSES_S):
        return None
    return now + timedelta(seconds=PAUSES_S[tries - 1] * (0.8 + 0.4 * chance))


def may_come_right(status: int | None) -> bool:
    """Whether another try may be answered better: no answer, "later", and faults of the receiver may.

    A redirect is not followed, and what the receiver refuses it will refuse again.
    """
    return status is None or status in (408, 425, 429) or status >= 500


class Circuit(Struct, frozen=True, kw_only=True):
    """One receiver as its last tries showed it."""

    failures: int = 0  # without a success between
    open_until: datetime | None = None

    def lets_through(self, now: datetime) -> bool:
        return self.open_until is None or now >= self.open_until

    def after(self, came_right: bool, now: datetime) -> Circuit:
        """The circuit after one more try: a receiver that failed five times is tried once a pause, which grows."""
        if came_right:
            return Circuit()
        failures = self.failures + 1
        if failures < OPENS_AT:
            return Circuit(failures=failures)
        pause = min(LONGEST_S, 5 * 2 ** min(failures - OPENS_AT, 10))
        return Circuit(failures=failures, open_until=now + timedelta(seconds=pause))
