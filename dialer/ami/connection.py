"""One AMI connection from connect to close, used once: reading, asking with a deadline, noticing its death.

Reading never waits for anybody: bytes are taken as they come, taken apart in slices of a few milliseconds
between which the event loop serves others, and handed on by a plain call. Should that fall behind for
megabytes, reading pauses and the peer has to wait (or drops us, and we come back and ask what lives).

Logged by `dialer.ami`: nothing here but a consumer's error and the first oddity of each kind.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from dialer.ami import problems
from dialer.ami.clock import Sample, best, sample, with_sample
from dialer.ami.encode import Unencodable, encode
from dialer.ami.messages import (
    Action,
    CoreShowChannels,
    Greeting,
    Malformed,
    Message,
    Ping,
    Received,
    ShowDialPlan,
    ShowRegistrations,
)
from dialer.ami.protocol import Protocol
from dialer.ami.settings import AsteriskSettings
from dialer.ami.tally import Tally
from dialer.ami.translate import WANTED, timestamp
from dialer.telephony.port import OrderInvalid, OrderUnknown, PbxAway, PbxRefused

log = logging.getLogger("dialer.ami")

MAX_BACKLOG = 16 * 1024 * 1024  # bytes taken from the socket and not yet taken apart
MAX_UNSENT = 1024 * 1024
MAX_PENDING = 1000
MAX_ROWS = 20_000
SLICE_S = 0.004
TICK_S = 0.5
_LISTS: dict[type, tuple[str, str]] = {
    CoreShowChannels: ("CoreShowChannel", "CoreShowChannelsComplete"),
    ShowDialPlan: ("ListDialplan", "ShowDialPlanComplete"),
    ShowRegistrations: ("OutboundRegistrationDetail", "OutboundRegistrationDetailComplete"),
}
_ROWS = frozenset(row for row, _ in _LISTS.values())
_ENDS = frozenset(end for _, end in _LISTS.values())


@dataclass(slots=True)
class _Asked:
    """A question under way: what answers it, and what has come so far."""

    answer: asyncio.Future[Message]
    is_list: bool
    answered_at: float = 0.0  # our clock
    rows: list[Message] = field(default_factory=list)


def _trust(at: AsteriskSettings) -> ssl.SSLContext:
    """Whom to believe that they are the PBX. Blocking: reads files. Raises `CannotUse`."""
    try:
        return ssl.create_default_context(cafile=at.tls_ca or None)
    except OSError as unfit:  # also what ssl itself raises
        raise problems.no_such_trust(at, unfit.strerror or "not a file of certificates in PEM") from unfit


class Connection(asyncio.Protocol):
    """`on_event` gets each event that is no part of an answer, as the wire has them, and must not wait.

    `further` names events besides those that calls are followed by; whatever is in neither is never taken apart.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        on_event: Callable[[Message], None],
        clock: Callable[[], float] = time.time,
        further: frozenset[str] = frozenset(),
    ) -> None:
        loop = asyncio.get_running_loop()
        self.settings = settings
        self.warnings: list[str] = []
        self.consumer_errors = 0
        self.events = 0  # handed on
        self.to_nobody = 0  # answers to questions that nobody asked, or not any more
        self.unanswered = 0  # actions that ended by their deadline
        self.oddities: dict[str, int] = {}
        self.closed: asyncio.Future[str] = loop.create_future()
        self._loop = loop
        self._on_event = on_event
        self._clock = clock
        self._protocol = Protocol(WANTED | further)
        self._transport: asyncio.Transport | None = None
        self._greeting: asyncio.Future[Greeting] = loop.create_future()
        self._booted: asyncio.Future[None] = loop.create_future()
        self._asked: dict[str, _Asked] = {}
        self._asked_so_far = 0
        self._samples: tuple[Sample, ...] = ()
        self._offset_s = 0.0
        self._worst_lag_s = 0.0
        self._heard = 0  # how often bytes came
        self._heard_at = clock()
        self._pumping = False
        self._paused = False

    # --- for the owner --------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and hear the greeting. Raises `CannotUse`."""
        at = self.settings
        tls = await asyncio.to_thread(_trust, at) if at.tls else None
        try:
            async with asyncio.timeout(at.connect_s):
                await self._loop.create_connection(lambda: self, at.host, at.port, ssl=tls)
                greeting = await self._greeting
        except TimeoutError as late:
            if self._transport is not None and not at.tls:
                raise problems.no_greeting(at) from late
            raise problems.unreachable(at, f"no answer in {at.connect_s:g} s") from late
        except ssl.SSLCertVerificationError as untrusted:
            raise problems.untrusted(at, untrusted.verify_message) from untrusted
        except ssl.SSLError as refused:
            raise problems.no_tls(at, refused.reason or "no handshake") from refused
        except (OSError, PbxAway) as refused:
            raise problems.unreachable(
                at, getattr(refused, "strerror", None) or "closed at once"
            ) from refused
        if not greeting.text:
            raise problems.not_ami(at)
        if greeting.version < problems.OLDEST_AMI:
            raise problems.too_old(greeting.version)

    async def booted(self) -> bool:
        """Whether Asterisk says that it is up; it does so after the login, if we may read its system events."""
        either: set[asyncio.Future[Any]] = {self._booted, self.closed}
        await asyncio.wait(either, timeout=self.settings.boot_s, return_when=asyncio.FIRST_COMPLETED)
        return self._booted.done()

    async def ping(self) -> None:
        """One ping, answered in time: the clocks' difference is known after it."""
        try:
            async with asyncio.timeout(self.settings.action_s):
                await self._send_ping().answer
        except TimeoutError as late:
            raise OrderUnknown("no answer to a ping") from late

    async def ask(self, action: Action, *, action_id: str = "", deadline_s: float | None = None) -> Message:
        """Send one action, wait for its answer. `PbxRefused`, `OrderUnknown`, `PbxAway`, `OrderInvalid`."""
        return (await self._answered(action, action_id, deadline_s or self.settings.action_s)).answer.result()

    async def ask_list(self, action: Action) -> list[Message]:
        """Ask for a list and wait for all of it; a part of a list is never given out."""
        return (await self._answered(action, "", self.settings.list_s)).rows

    async def watch(self) -> str:
        """Ping until the connection ends, and say why it did. Ends it itself when the peer falls silent.

        Silence is counted in ticks during which we were awake: a sleep of our own is not held against it.
        """
        at, silent, heard, ticks = self.settings, 0, self._heard, 0
        ping: _Asked | None = None
        while not self.closed.done():
            if ping is None or ping.answer.done():
                if ping is None or ticks * TICK_S >= at.ping_s:
                    try:
                        ping, ticks = self._send_ping(), 0
                    except PbxAway as stuck:
                        self.close(str(stuck))
            elif ticks * TICK_S >= at.silence_s and not self._protocol.pending:
                self.close(f"a ping was not answered in {at.silence_s:g} s")
            await asyncio.wait({self.closed}, timeout=TICK_S)
            ticks += 1
            silent, heard = (0 if heard != self._heard else silent + 1), self._heard
            if (silent + 1) * TICK_S >= at.silence_s:
                self.close(f"silent for {at.silence_s:g} s")
        return self.closed.result()

    @property
    def offset_s(self) -> float:
        """What to add to our clock to get Asterisk's."""
        return self._offset_s

    @property
    def pending(self) -> int:
        """How many actions wait for their answers."""
        return len(self._asked)

    @property
    def backlog(self) -> int:
        """Bytes that came and were not taken apart yet."""
        return self._protocol.pending

    @property
    def tally(self) -> Tally:
        return Tally(
            connections=1,
            events=self.events,
            skipped=self._protocol.skipped,
            malformed=self._protocol.malformed,
            to_nobody=self.to_nobody,
            not_taken=self.consumer_errors,
            unanswered=self.unanswered,
        )

    @property
    def is_timed(self) -> bool:
        """Whether a ping was answered, so that the clocks' difference is known."""
        return bool(self._samples)

    def take_worst_lag_s(self) -> float:
        """How late an event was handed on at worst, by Asterisk's own time, since this was last asked."""
        worst, self._worst_lag_s = self._worst_lag_s, 0.0
        return worst

    def close(self, reason: str = "closed by us") -> None:
        """End the connection at once; whatever was asked ends with `OrderUnknown`."""
        self._end(reason)
        if self._transport is not None:
            self._transport.abort()

    # --- asking ---------------------------------------------------------------------------------------------

    async def _answered(self, action: Action, action_id: str, deadline_s: float) -> _Asked:
        asked_id = action_id or self._new_id()
        asked = self._send(action, asked_id)
        try:
            async with asyncio.timeout(deadline_s):
                await asked.answer
        except TimeoutError as late:
            self.unanswered += 1
            raise OrderUnknown(f"{type(action).__name__} not answered in {deadline_s:g} s") from late
        finally:
            self._asked.pop(asked_id, None)
        return asked

    def _send(self, action: Action, action_id: str) -> _Asked:
        """Register and write in one breath: the only place from which bytes leave for Asterisk."""
        transport = self._transport
        if transport is None or self.closed.done():
            raise PbxAway("not connected")
        if len(self._asked) >= MAX_PENDING or transport.get_write_buffer_size() > MAX_UNSENT:
            raise PbxAway("the connection is stuck")
        if action_id in self._asked:
            raise OrderInvalid("the same order is under way")
        try:
            data = encode(action, action_id)
        except Unencodable as refused:
            raise OrderInvalid(str(refused)) from refused
        asked = _Asked(self._loop.create_future(), type(action) in _LISTS)
        # Nobody may be waiting any more when the connection's end answers it.
        asked.answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._asked[action_id] = asked
        transport.write(data)
        return asked

    def _send_ping(self) -> _Asked:
        sent_at, ping_id = self._clock(), self._new_id()
        asked = self._send(Ping(), ping_id)

        def answered(answer: asyncio.Future[Message]) -> None:
            self._asked.pop(ping_id, None)
            if not answer.cancelled() and answer.exception() is None:
                stamp = timestamp(answer.result(), asked.answered_at)
                self._samples = with_sample(self._samples, sample(sent_at, asked.answered_at, stamp))
                self._offset_s = best(self._samples).offset_s

        asked.answer.add_done_callback(answered)
        return asked

    def _new_id(self) -> str:
        self._asked_so_far += 1
        return f"cw-{self._asked_so_far}"

    # --- asyncio's callbacks, and what they lead to ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        if self.closed.done():
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._heard += 1
        self._heard_at = self._clock()
        self._protocol.feed(data)
        if self._protocol.pending > MAX_BACKLOG and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        if not self._pumping:
            self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc) if exc else "closed by the PBX")

    def _end(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)
        if not self._greeting.done():
            self._greeting.set_exception(PbxAway(reason))
            self._greeting.exception()
        for asked in list(self._asked.values()):
            if not asked.answer.done():
                asked.answer.set_exception(OrderUnknown(reason))

    def _pump(self) -> None:
        """Take apart what came, for one slice of time; the rest after the loop has served others."""
        until = time.monotonic() + SLICE_S
        self._pumping = False
        for number, received in enumerate(self._protocol.messages()):
            self._take(received)
            if number % 32 == 0:
                self._look_how_late(received)
            elif number % 32 == 31 and time.monotonic() > until:
                self._pumping = True
                self._loop.call_soon(self._pump)
                break
        if self._paused and self._protocol.pending < MAX_BACKLOG // 2 and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def _look_how_late(self, received: Received) -> None:
        """Asked of the first of each bunch that came together: it has waited longest."""
        if isinstance(received, Message) and received.name and "Timestamp" in received.headers:
            now = self._clock() + self._offset_s
            self._worst_lag_s = max(self._worst_lag_s, now - timestamp(received, now))

    def _take(self, received: Received) -> None:
        if isinstance(received, Message):
            if not self._greeting.done():
                self._greeting.set_result(Greeting("", ()))
            action_id = received.headers.get("ActionID")
            if not received.name or received.name in _ROWS or received.name in _ENDS:
                self._answer(self._asked.get(action_id) if action_id else None, received)
                return
            if received.name == "FullyBooted" and not self._booted.done():
                self._booted.set_result(None)
            self._hand_on(received)
        elif isinstance(received, Greeting):
            if not self._greeting.done():
                self._greeting.set_result(received)
        else:
            self._odd(f"{received.reason} ({received.size} bytes)" if isinstance(received, Malformed) else "")

    def _answer(self, asked: _Asked | None, message: Message) -> None:
        if asked is None or asked.answer.done():
            # Asterisk answers some faults without an ActionID; nobody is failed for it, all have deadlines.
            self.to_nobody += 1
            self._odd(f"an answer to nobody: {message.name or message.get('Response')}")
        elif message.name in _ROWS:
            asked.rows.append(message)
            if len(asked.rows) > MAX_ROWS:
                asked.answer.set_exception(OrderUnknown(f"a list of more than {MAX_ROWS} rows"))
        elif not message.name and message.get("Response") not in ("Success", "Follows", "Goodbye"):
            asked.answer.set_exception(PbxRefused(message.get("Message") or "refused without a word"))
        elif message.name or not asked.is_list:
            asked.answered_at = self._heard_at
            asked.answer.set_result(message)

    def _hand_on(self, event: Message) -> None:
        self.events += 1
        try:
            self._on_event(event)
        except Exception:  # a consumer's fault must not cost us the connection, and with it every call
            self.consumer_errors += 1
            log.exception("event_not_taken %s", event.name)

    def _odd(self, what: str) -> None:
        if what not in self.oddities and len(self.oddities) < 100:
            log.warning("ami_oddity %s", what)
            self.oddities[what] = 0
        if what in self.oddities:
            self.oddities[what] += 1
