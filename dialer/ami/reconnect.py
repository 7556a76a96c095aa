"""Keeping one Asterisk at hand, for ever: connect, take stock, hand on its events, come back when it is gone.

Each connection buffers events from its first byte, asks what lives, reports `Connected` with the answer, then
the buffered events, then live ones: there is no hole between the stock and the stream, and what is told twice
is harmless to the tracker.

Logged by `dialer.ami`: `ami_up` and `ami_down` once each; `ami_cannot_connect` once a reason, not once a try.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import replace

from dialer.ami import problems
from dialer.ami.clock import Unmoved
from dialer.ami.connection import Connection
from dialer.ami.login import log_in
from dialer.ami.messages import CoreShowChannels, CoreStatus, Message
from dialer.ami.problems import CannotUse
from dialer.ami.settings import AsteriskSettings
from dialer.ami.tally import Tally
from dialer.ami.translate import live_leg, translate
from dialer.telephony.model import PbxEvent, Snapshot
from dialer.telephony.port import Connected, Disconnected, PbxError, Report, Sink

log = logging.getLogger("dialer.ami")

MAX_BUFFERED = 100_000  # events of a connection before its stock is taken
SHORTEST_S, SHORT_CAP_S, LONG_CAP_S = 0.1, 1.5, 10.0
STEADY_S = 10.0  # a connection that lasted so long was a good one: the pauses begin anew
SOON_TRIES = 60  # so many tries with short pauses: about a minute and a half


def pause_s(tries: int, lasting: bool, rng: random.Random) -> float:
    """How long to wait before the next try: growing, capped, and never the same for two daemons at once."""
    if lasting:
        ceiling = LONG_CAP_S
    else:
        cap = SHORT_CAP_S if tries <= SOON_TRIES else LONG_CAP_S
        ceiling = min(cap, SHORTEST_S * 2.0 ** min(tries, 16))
    return ceiling * rng.uniform(0.6, 1.0)


async def take_stock(connection: Connection, now: Callable[[], float]) -> Snapshot:
    """Ask what lives; `now` is Asterisk's clock. All of it or an error: a part would make live calls look dead."""
    status = await connection.ask(CoreStatus())
    at = now()
    rows = await connection.ask_list(CoreShowChannels())
    started = f"{status.get('CoreStartupDate')} {status.get('CoreStartupTime')}"
    return Snapshot(at=at, started=started, legs=tuple(live_leg(row, at) for row in rows))


class Lifeline:
    """One Asterisk's connections, one after the other. `connection` is there only while it may be used."""

    def __init__(
        self,
        settings: AsteriskSettings,
        sink: Sink,
        *,
        clock: Callable[[], float] = time.time,
        rng: random.Random,
    ) -> None:
        self.connection: Connection | None = None
        self.problem = "not connected yet"
        self.cause = "unreachable"  # a code for it, "" if all is well
        self.untimed = 0  # events that came without their time
        self._settings = settings
        self._sink = sink
        self._clock = clock
        self._rng = rng
        self._buffer: list[PbxEvent] | None = None
        self._trying: Connection | None = None
        self._past = Tally()  # of all connections before
        self._unmoved = Unmoved()
        self._offset_s = math.nan  # the pings' word that was taken last

    @property
    def tally(self) -> Tally:
        """All that was counted, over all connections."""
        now = self._trying.tally if self._trying is not None else Tally()
        return self._past + now + Tally(untimed=self.untimed)

    @property
    def offset_s(self) -> float:
        """What to add to our clock to get Asterisk's, as if nobody had ever set either."""
        self._measure()
        return self._unmoved.offset_s

    @property
    def apart_s(self) -> float:
        """How far the clocks are apart now, for people."""
        return self.offset_s + self._unmoved.moved_s

    def _measure(self) -> None:
        """Take what pings have told since."""
        connection = self._trying
        if connection is not None and connection.is_timed and connection.offset_s != self._offset_s:
            self._offset_s = connection.offset_s
            self._unmoved.measured(self._offset_s)

    def now(self) -> float:
        """Asterisk's clock."""
        return self._clock() + self.offset_s

    async def run(self) -> None:
        """Never ends but by cancellation, which closes the connection."""
        loop, tries = asyncio.get_running_loop(), 0
        while True:
            lasting, began = False, loop.time()
            try:
                await self._live_once()
            except CannotUse as cannot:
                lasting = cannot.lasting
                self._cannot(str(cannot), cannot.code)
            except PbxError as error:
                self._cannot(f"Asterisk did not tell what lives: {error}")
            except Exception as error:
                # Whatever it was: without this task the PBX stays away until somebody restarts the daemon.
                fault = f"a fault of ours: {type(error).__name__}"
                if fault != self.problem:
                    log.exception("ami_failed %s", self._settings.name)
                self._cannot(fault)
            tries = 1 if loop.time() - began > STEADY_S else tries + 1
            await asyncio.sleep(pause_s(tries, lasting, self._rng))

    async def _live_once(self) -> None:
        """One connection from its first byte to its end."""
        self._buffer = []
        self._trying = connection = Connection(self._settings, self._take, self._clock)
        reason = "stopped"
        try:
            await log_in(connection)
            snapshot = await take_stock(connection, self.now)
            self._go_live(connection, snapshot)
            reason = await connection.watch()
        finally:
            connection.close()
            self._past += connection.tally
            self._buffer = self._trying = None
            if self.connection is not None:
                self._past += Tally(gaps=1)
                self.connection = None
                self.problem, self.cause = reason, "lost"
                log.warning("ami_down %s: %s", self._settings.name, reason)
                self._report(Disconnected(reason=reason))

    def _go_live(self, connection: Connection, snapshot: Snapshot) -> None:
        """In one breath, so that no event comes between the stock and the events that were buffered."""
        buffered, self._buffer = self._buffer or [], None
        self.connection = connection
        self.problem = "; ".join(connection.warnings)
        self.cause = "no_boot_event" if connection.warnings else ""
        log.info("ami_up %s: %d channels %s", self._settings.name, len(snapshot.legs), self.problem)
        self._report(Connected(snapshot=snapshot))
        for event in buffered:
            self._report(event)

    def _take(self, message: Message) -> None:
        connection = self._trying
        if connection is None:
            return
        if "Timestamp" not in message.headers and message.name != "FullyBooted":
            self._without_time()
        event = translate(message, self._clock() + connection.offset_s)
        if event is None:
            return
        event = self._timed(event)
        if self._buffer is None:
            self._sink(event)
        elif len(self._buffer) < MAX_BUFFERED:
            self._buffer.append(event)
        else:
            connection.close("more events than can be kept until the stock is taken")

    def _timed(self, event: PbxEvent) -> PbxEvent:
        """The event in the clock that nobody moves."""
        self._measure()
        at = self._unmoved.at(event.at, self._clock())
        return event if at == event.at else replace(event, at=at)

    def _without_time(self) -> None:
        self.untimed += 1
        if self.untimed == 1:
            log.warning("ami_no_timestamps %s", problems.no_timestamps())
            self.problem, self.cause = problems.no_timestamps(), "no_timestamps"

    def _report(self, report: Report) -> None:
        try:
            self._sink(report)
        except Exception:  # as for events: the listener's fault must not end the line
            log.exception("report_not_taken %s", type(report).__name__)

    def _cannot(self, text: str, cause: str = "failed") -> None:
        if text != self.problem:
            log.error("ami_cannot_connect %s: %s", self._settings.name, text)
        self.problem, self.cause = text, cause
