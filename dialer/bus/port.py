"""What a bus promises, whoever carries the events.

Events arrive in the order of their commits, at least once: after a crash, or when a handler failed, some
arrive again. A handler is therefore idempotent; `Envelope.seq` tells a repetition. A handler hears only what
was committed, and never while the unit of work that made it is open.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from dialer.events import Event
from dialer.store.outbox import Envelope

Handler = Callable[[Envelope], Awaitable[None]]


class Source(Protocol):
    """Where committed events stand: the store's outbox."""

    def listen(self, listener: Callable[[Sequence[Envelope]], None] | None) -> None:
        """From now on `listener` hears each commit's events, in order."""

    async def after(self, seq: int, limit: int) -> list[Envelope]:
        """Stored events with a greater number, oldest first."""

    async def marked(self) -> int:
        """Up to which number every subscriber was done."""

    async def mark(self, seq: int) -> None:
        """Every subscriber is done up to this number."""


class Bus(Protocol):
    """Subscribe first, then start: what an earlier life of the daemon left undelivered comes first."""

    def subscribe(self, *events: type[Event], handler: Handler, name: str = "") -> None:
        """Gives every event of these types to `handler`, one after the other."""

    async def start(self) -> None:
        """Begins to deliver."""

    async def stop(self) -> None:
        """Ends delivery within a bounded time; what was not delivered comes at the next start."""
