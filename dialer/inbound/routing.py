"""Which operator is offered an inbound call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

# Since when an operator has been free, and who it is: in session, no work, no break, a page open, not asked yet.
Free = tuple[datetime, int]


def choose(free: Iterable[Free], *, holder: int | None = None) -> int | None:
    """The operator who is idle longest; before all others the one who has the caller's number out already."""
    longest: Free | None = None
    for operator in free:
        if operator[1] == holder:
            return holder
        if longest is None or operator < longest:
            longest = operator
    return longest[1] if longest is not None else None
