"""The daemon of the flood: `python -m bench.flooded CONFIG SAMPLES OFFERED`.

Prints its process id and its address. Every 50 ms a line goes into SAMPLES: whether the PBX is at hand, how many
events were handed on, and how late the latest of them was at worst (s). Each call that comes in is a line in
OFFERED: the caller's number, and when the dialplan spoke of the call, by Asterisk's own time.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import uvloop

from dialer.app import SWITCH_S, App, running
from dialer.config import load
from dialer.telephony.model import InboundOffered

SAMPLE_S = 0.05


async def serve(config: Path, samples: Path, offered: Path) -> None:
    async with running(load(config, {})) as app:
        gc.collect()
        gc.freeze()  # as the daemon does once it is up
        print(f"{os.getpid()} {app.url}", flush=True)
        with samples.open("w", buffering=1) as out, offered.open("w", buffering=1) as calls:
            note_offers(app, calls)
            await watch(app, out)


def note_offers(app: App, out: TextIO) -> None:
    """An AMI session that hears of the calls would cost Asterisk more than all that the daemon asks of it."""
    (name,) = app.pbxs
    listener = app.switchboard.at(name).listener
    told = listener.inbound_offered

    def offered(pbx: str, event: InboundOffered) -> None:
        out.write(f"{event.number} {event.at:.6f}\n")
        told(pbx, event)

    listener.inbound_offered = offered  # type: ignore[method-assign]


class Lag:
    """The worst lag, asked by the daemon's own watch too: what that took away is kept for us."""

    def __init__(self, take: Callable[[], float]) -> None:
        self._take = take
        self._kept = 0.0

    def for_the_daemon(self) -> float:
        worst = self._take()
        self._kept = max(self._kept, worst)
        return worst

    def for_us(self) -> float:
        worst, self._kept = max(self._kept, self._take()), 0.0
        return worst


async def watch(app: App, out: TextIO) -> None:
    """Until it is told to end."""
    (pbx,) = app.pbxs.values()
    lag = Lag(pbx.take_worst_lag_s)
    pbx.take_worst_lag_s = lag.for_the_daemon  # type: ignore[method-assign]
    while True:
        await asyncio.sleep(SAMPLE_S)
        out.write(f"{int(pbx.up)} {pbx.events} {lag.for_us():.6f}\n")


if __name__ == "__main__":
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.setswitchinterval(SWITCH_S)
    uvloop.run(serve(*map(Path, sys.argv[1:])))
