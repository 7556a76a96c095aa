"""Which operator is offered an inbound call."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct

from dialer.desk.view import DeskState


class Candidate(Struct, frozen=True, kw_only=True):
    """An operator as the routing sees them; `since` is when they came into their present state."""

    operator_id: int
    state: DeskState
    since: datetime
    page_open: bool


def choose(candidates: Iterable[Candidate], *, tried: Collection[int]) -> int | None:
    """The operator who is in session, free, has a page open, was not asked yet, and is idle longest."""
    free = [
        candidate
        for candidate in candidates
        if candidate.state is DeskState.READY and candidate.page_open and candidate.operator_id not in tried
    ]
    longest = min(free, key=lambda candidate: (candidate.since, candidate.operator_id), default=None)
    return longest.operator_id if longest is not None else None
