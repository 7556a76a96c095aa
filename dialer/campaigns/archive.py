"""What is done with recordings while nobody listens: compressed, deleted in their time, looked over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from dialer.campaigns.retention import Retention
from dialer.events import CallEnded
from dialer.health.figures import Figure, gauge
from dialer.store.engine import Store
from dialer.store.errors import StoreError
from dialer.telephony import orphans
from dialer.telephony.compression import Compressor
from dialer.telephony.recordings import Recorder
from dialer.telephony.sources import SharedFolder, Source

log = logging.getLogger(__name__)

ROUND_S = 60.0
LOOK_OVER_EVERY = 60  # rounds; the first one looks, too


class Archive:
    """One task that goes round; each of its works may fail, and is tried again at the next round."""

    def __init__(
        self,
        store: Store,
        *,
        kept: Path,
        sources: Sequence[Source],
        compressor: Compressor,
        retention: Retention,
        recorder: Recorder,
        now: Callable[[], datetime],
        round_s: float = ROUND_S,
    ) -> None:
        self._store = store
        self._kept = kept
        self._sources = sources
        self._folders = [source for source in sources if isinstance(source, SharedFolder)]
        self._compressor = compressor
        self._retention = retention
        self._recorder = recorder
        self._now = now
        self._round_s = round_s
        self._task: asyncio.Task[None] | None = None
        self._found: orphans.Orphans | None = None

    async def start(self) -> None:
        """The recorder begins at once, the rest a round later."""
        await self._recorder.start()
        self._task = asyncio.create_task(self._run(), name="archive")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._recorder.stop()
        for source in self._sources:
            await source.close()

    async def _run(self) -> None:
        rounds = 0
        while True:
            await asyncio.sleep(self._round_s)
            try:
                if rounds % LOOK_OVER_EVERY == 0:
                    await self.look_over()
                await self._retention.run()
                await self._compressor.run()
            except (OSError, StoreError) as error:
                log.warning("recordings not looked after: %s", error)
            except Exception:
                # It is nobody's duty but this task's: one fault must not end it.
                log.exception("recordings not looked after")
            rounds += 1

    def figures(self) -> Iterator[Figure]:
        """What the last look over the folders found; nothing before the first."""
        found = self._found
        if found is None:
            return
        says = "Files of recordings at the last look: of no call, gone, deleted and not to be removed."
        for what, some in (("nobodys", found.strangers), ("gone", found.dangling), ("stuck", found.stuck)):
            yield gauge("recordings_orphans", says, some.count, what=what)
        yield gauge("recordings_orphans_bytes", "Space that files of no call take.", found.bytes)
        age = (self._now() - found.oldest).total_seconds() if found.oldest is not None else 0.0
        yield gauge("recordings_orphans_oldest_seconds", "Age of the oldest file of no call.", age)

    async def look_over(self) -> orphans.Orphans:
        """List files without rows and rows without files; what can be finished is."""
        found, adopted = await orphans.look(
            self._store, kept=self._kept, sources=self._folders, now=self._now()
        )
        self._found = found
        for call_id in adopted:
            await self._recorder.call_ended(CallEnded(call_id=call_id, recorded=True))
        for what, some in (
            ("no call knows", found.strangers),
            ("file gone", found.dangling),
            ("not to be removed", found.stuck),
        ):
            if some.count:
                log.warning("recordings: %s %s: %s", some.count, what, ", ".join(some.names))
        return found
