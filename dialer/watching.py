"""The daemon watches over itself: once a second it looks at what it stands on; the consoles hear what is amiss."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from dialer.bus.inprocess import InProcessBus
from dialer.desk.board import Board
from dialer.health.figures import Figure, Peak, gauge
from dialer.health.troubles import Facts, PbxFacts, Trouble, Watch
from dialer.store.engine import Store
from dialer.telephony.recordings import Recorder

log = logging.getLogger(__name__)

TICK_S = 1.0
WINDOW_S = 60.0  # how long the worst of a lag is remembered
DISKS_EVERY = 15  # ticks
STANDS_STILL_S = 60.0  # the sweep comes twice a second


class Pulse:
    """Beaten by what must go on; `stands_still` says when it does not."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = monotonic()

    def beat(self) -> None:
        self._at = self._monotonic()

    def stands_still(self) -> str:
        """Why the daemon is to be started anew, "" if it lives."""
        silent_s = self._monotonic() - self._at
        return f"the sweep stands still for {silent_s:.0f} s" if silent_s > STANDS_STILL_S else ""


class WatchedPbx(Protocol):
    """What is to be seen of a PBX from outside; `cause` is a stable code for `problem`."""

    @property
    def up(self) -> bool: ...

    @property
    def cause(self) -> str: ...

    @property
    def problem(self) -> str: ...

    @property
    def lost(self) -> int: ...

    def take_worst_lag_s(self) -> float: ...


class Watching:
    """Owns the task that looks; `folders` are those that must not fill up, by what they are for."""

    def __init__(
        self,
        *,
        pbxs: Mapping[str, WatchedPbx],
        store: Store,
        bus: InProcessBus,
        recorder: Recorder,
        board: Board,
        folders: Mapping[str, Path],
        now: Callable[[], datetime],
    ) -> None:
        self._pbxs, self._store, self._bus, self._recorder = pbxs, store, bus, recorder
        self._board, self._folders, self._now = board, folders, now
        self._watch = Watch()
        self._lags = {name: Peak(WINDOW_S) for name in pbxs}
        self._loop_lag = Peak(WINDOW_S)
        self._free: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self.troubles: list[Trouble] = []

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="watching")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def figures(self) -> Iterator[Figure]:
        at = time.monotonic()
        says = "How late the event loop came at worst, in the last minute."
        yield gauge("loop_lag_seconds", says, self._loop_lag.value(at))
        says = "How late an event was handed on at worst, in the last minute, by the PBX's own time."
        for name, lag in self._lags.items():
            yield gauge("ami_lag_seconds", says, lag.value(at), pbx=name)
        for where, free in self._free.items():
            yield gauge("disk_free_bytes", "Free space of a folder's disk.", free, folder=where)
        for trouble in self.troubles:
            says = "Troubles that the consoles show."
            yield gauge("trouble", says, 1, code=trouble.code, where=trouble.where)

    async def _run(self) -> None:
        ticks = 0
        while True:
            began = time.monotonic()
            try:
                if ticks % DISKS_EVERY == 0:
                    self._free = await asyncio.to_thread(_free_space, self._folders)
                self.look()
            except Exception:
                # Whoever watches must go on watching; what it saw wrong is in the log.
                log.exception("watching failed")
            ticks += 1
            until = began + TICK_S
            await asyncio.sleep(max(0.0, until - time.monotonic()))
            self._loop_lag.add(max(0.0, time.monotonic() - until), time.monotonic())

    def look(self) -> None:
        """Take the facts as they are now, and tell the consoles what they amount to."""
        at = time.monotonic()
        for name, pbx in self._pbxs.items():
            self._lags[name].add(pbx.take_worst_lag_s(), at)
        facts = Facts(
            pbxs={
                name: PbxFacts(
                    up=pbx.up,
                    cause=pbx.cause,
                    problem=pbx.problem,
                    lag_s=self._lags[name].value(at),
                    lost=pbx.lost,
                )
                for name, pbx in self._pbxs.items()
            },
            store_trouble=str(self._store.trouble or ""),
            store_full=self._store.full,
            set_aside=self._bus.set_aside(),
            recordings_wait=self._recorder.held_up,
            free=self._free,
        )
        self.troubles = self._watch.look(facts, self._now())
        self._board.tell(self.troubles)


def _free_space(folders: Mapping[str, Path]) -> dict[str, int]:
    """Bytes that we may still write; of a folder that is not there (yet), of the nearest that is. Blocking."""
    free = {}
    for what, folder in folders.items():
        there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), None)
        if there is not None:
            told = os.statvfs(there)
            free[what] = told.f_bavail * told.f_frsize
    return free
