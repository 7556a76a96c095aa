"""Asterisk behind the telephony port: our orders in its actions, each sent once and with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator

from dialer.ami.connection import Connection
from dialer.ami.messages import (
    Action,
    Bridge,
    Context,
    Dialled,
    Endpoint,
    Extension,
    GetVariable,
    Hangup,
    Mute,
    Originate,
    PauseRecording,
    PlayDigit,
    Redirect,
    RedirectBoth,
    SetVariable,
    Variable,
)
from dialer.ami.reconnect import Lifeline, take_stock
from dialer.ami.settings import AsteriskSettings
from dialer.ami.translate import ORDER
from dialer.ami.whereabouts import Whereabouts
from dialer.health.figures import Figure, gauge
from dialer.telephony.model import Snapshot
from dialer.telephony.port import (
    DialOrder,
    Listening,
    OrderInvalid,
    PbxAway,
    PbxError,
    PbxRefused,
    Report,
    Sink,
)

_REMEMBERED_ORDERS = 20_000
_NOT_NOW = "Unable to add"  # Asterisk's word for a leg that is leaving a bridge, and for one in a room
_MOST_DIGITS = 32
_MOVING = (
    "channel not up"  # Asterisk's word for a leg that is gone, and for one that it is just sending elsewhere
)
_ARRIVES_S = (0.02, 0.05, 0.1, 0.2)
_LEAVES_S = 0.5  # for leaving a bridge, which takes some milliseconds
_FREE_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)  # all within the time that the dialplan waits for a bridge
_DIGITS = frozenset("0123456789*#ABCD")
_BETWEEN_DIGITS_S = 0.06  # a far end that listens to tones wants a pause between two alike
_MODES = {
    Listening.LISTEN: Extension.LISTEN,
    Listening.WHISPER: Extension.WHISPER,
    Listening.BARGE: Extension.BARGE,
}


class AsteriskPbx:
    """Implements `telephony.port.Pbx`. `start` returns at once; the sink hears of it when it is at hand."""

    def __init__(
        self,
        settings: AsteriskSettings,
        sink: Sink,
        *,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        self.name = settings.name
        self._clock = clock
        self._sink = sink
        self._where = Whereabouts()
        self._line = Lifeline(settings, self._hear, clock=clock, rng=rng or random.Random())  # noqa: S311 - jitter only
        self._task: asyncio.Task[None] | None = None
        self._ordered: set[str] = set()
        self._oldest: deque[str] = deque()
        self._bounds: dict[str, float] = {}  # when Asterisk is to end a leg, by the monotonic clock

    async def start(self) -> None:
        """Begin to keep the connection; this object owns the task until `stop`."""
        if self._task is None:
            self._task = asyncio.create_task(self._line.run(), name=f"ami {self.name}")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def up(self) -> bool:
        return self._line.connection is not None

    @property
    def problem(self) -> str:
        """The last reason why this PBX cannot be used, or what is amiss with it; "" if all is well."""
        return self._line.problem

    @property
    def cause(self) -> str:
        """A stable code for `problem`, "" if all is well."""
        return self._line.cause

    @property
    def lost(self) -> int:
        """Events that came and were not understood or not taken, since the start."""
        return self._line.tally.lost

    def figures(self) -> Iterator[Figure]:
        connection, name = self._line.connection, self.name
        yield gauge("pbx_up", "Whether the PBX is at hand.", float(self.up), pbx=name)
        pending = connection.pending if connection is not None else 0
        yield gauge("ami_pending_actions", "Actions that wait for their answers.", pending, pbx=name)
        backlog = connection.backlog if connection is not None else 0
        yield gauge("ami_backlog_bytes", "Bytes that came and were not taken apart yet.", backlog, pbx=name)
        yield gauge("pbx_clock_offset_seconds", "The PBX's clock less ours.", self._line.apart_s, pbx=name)
        yield from self._line.tally.figures(name)

    @property
    def clock_offset_s(self) -> float:
        return self._line.offset_s

    @property
    def events(self) -> int:
        """How many events this connection handed on."""
        connection = self._line.connection
        return 0 if connection is None else connection.events

    def take_worst_lag_s(self) -> float:
        """How late an event was handed on at worst, since this was last asked."""
        connection = self._line.connection
        return 0.0 if connection is None else connection.take_worst_lag_s()

    async def start_session(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        await self._originate(
            Originate(to=Endpoint(endpoint), leg=leg, context=Context.SESSION, timeout_s=timeout_s)
        )

    async def dial(self, order: DialOrder) -> None:
        await self._originate(
            Originate(
                to=Dialled(order.line, order.number),
                leg=order.call,
                context=Context.CLIENT,
                timeout_s=order.ring_timeout_s,
                caller_id=order.caller_id,
                variables=(*_variables(order.call, order.record), *self._bound(order)),
            )
        )

    async def bridge(self, *, client: str, operator: str) -> None:
        async with self._bound_anew(client, operator):
            await self._join(client, operator)

    async def _join(self, client: str, operator: str) -> None:
        """Nobody can be taken from a room, or while leaving a bridge: the one is sent out, the other waited for."""
        for pause_s in _FREE_S:
            await self._out_of_room(client, operator)
            try:
                await self._ask(Bridge(client, operator))
                return
            except PbxRefused as refused:
                if not str(refused).startswith(_NOT_NOW):
                    raise
            await asyncio.sleep(pause_s)
        await self._ask(Bridge(client, operator))

    async def _out_of_room(self, *legs: str) -> None:
        match inside := [leg for leg, stay in self._where.of(*legs).items() if stay.room]:
            case [one, other]:
                await self._move(RedirectBoth((one, other), Context.ROOM, (Extension.OUT, Extension.OUT)))
            case [one]:
                await self._move(Redirect(one, Context.ROOM, Extension.OUT))
        for leg in inside:
            await self._arrived(leg)

    async def _arrived(self, leg: str) -> None:
        """Wait until a leg that was sent elsewhere is there: it leaves a bridge a little before.

        Bridge that takes it in between (seen on 22.10) takes the order to break off along, and in its new bridge the
        leg is hung up by it.
        """
        for pause_s in _FREE_S:
            try:
                answer = await self._connection().ask(GetVariable(leg, Variable.BROKEN_OFF))
            except PbxRefused:
                return  # it is gone: Bridge will say so
            if answer.get("Value") != "1":
                return
            await asyncio.sleep(pause_s)

    async def hangup(self, *, leg: str) -> None:
        await self._ask(Hangup(leg))

    async def bind(self, *, leg: str, left_s: float) -> None:
        self._keep_bound(leg, left_s)
        await self._ask(SetVariable(leg, Variable.MOST, str(max(1, round(left_s)))))

    async def ring_inbound(self, *, leg: str) -> None:
        await self._move(Redirect(leg, Context.INBOUND_RING))

    async def take_inbound(self, *, leg: str, call: str, record: bool) -> None:
        for variable, value in _variables(call, record):
            await self._ask(SetVariable(leg, variable, value))
        await self._move(Redirect(leg, Context.CLIENT))

    async def release_inbound(self, *, leg: str) -> None:
        await self._move(Redirect(leg, Context.FALLBACK))

    async def mute(self, *, leg: str, muted: bool) -> None:
        await self._ask(Mute(leg, muted))

    async def hold(self, *, leg: str) -> None:
        async with self._bound_anew(leg):
            await self._move(Redirect(leg, Context.HOLD))

    async def send_digits(self, *, leg: str, digits: str) -> None:
        if not 1 <= len(digits) <= _MOST_DIGITS or not _DIGITS.issuperset(digits):
            raise OrderInvalid(f"1 to {_MOST_DIGITS} of 0-9 * # A-D")
        for number, digit in enumerate(digits):
            if number:
                await asyncio.sleep(_BETWEEN_DIGITS_S)
            await self._ask(PlayDigit(leg, digit))

    async def dial_third(self, order: DialOrder) -> None:
        await self._originate(
            Originate(
                to=Dialled(order.line, order.number),
                leg=order.call,
                context=Context.THIRD,
                timeout_s=order.ring_timeout_s,
                caller_id=order.caller_id,
                variables=self._bound(order),
            )
        )

    async def ring_third(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        await self._originate(
            Originate(to=Endpoint(endpoint), leg=leg, context=Context.THIRD, timeout_s=timeout_s)
        )

    async def gather(
        self, *, room: str, client: str, operator: str, third: str, in_session: bool = False
    ) -> None:
        """The client comes last: the others wait for him, and who is left behind by nobody says so."""
        for leg in (client, operator, third):
            await self._ask(SetVariable(leg, Variable.ROOM, room))
        pair = (third, operator)
        enters = Extension.OPERATOR if in_session else Extension.THIRD
        async with self._bound_anew(client, third):
            await self._move(Redirect(client, Context.HOLD))
            await self._move(RedirectBoth(pair, Context.ROOM, (enters, Extension.OPERATOR)))
            await self._move(Redirect(client, Context.ROOM, Extension.CLIENT))

    async def listen(self, *, leg: str, endpoint: str, spied: str, mode: Listening, timeout_s: int) -> None:
        await self._originate(
            Originate(
                to=Endpoint(endpoint),
                leg=leg,
                context=Context.LISTEN,
                exten=_MODES[mode],
                timeout_s=timeout_s,
                variables=((Variable.SPIED, spied),),
            )
        )

    async def change_listening(self, *, leg: str, mode: Listening) -> None:
        await self._move(Redirect(leg, Context.LISTEN, _MODES[mode]))

    async def pause_recording(self, *, leg: str, paused: bool) -> None:
        await self._ask(PauseRecording(leg, paused))

    async def ring_echo(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        await self._originate(
            Originate(to=Endpoint(endpoint), leg=leg, context=Context.ECHO, timeout_s=timeout_s)
        )

    async def snapshot(self) -> Snapshot:
        return await take_stock(self._connection(), self._line.now)

    def _bound(self, order: DialOrder) -> tuple[tuple[Variable, str], ...]:
        if order.most_s is None:
            return ()
        self._keep_bound(order.call, order.most_s)
        return ((Variable.MOST, str(order.most_s)),)

    def _keep_bound(self, leg: str, left_s: float) -> None:
        now = time.monotonic()
        self._bounds = {leg: until for leg, until in self._bounds.items() if until > now}
        self._bounds[leg] = now + left_s

    @contextlib.asynccontextmanager
    async def _bound_anew(self, *legs: str) -> AsyncIterator[None]:
        """A leg that is joined or moved loses its bound (seen on 22.10): it is set anew to what is left.

        However the order ended: half of it, or all, may be done though its answer is lost. What was ordered is not
        undone by a leg that has gone meanwhile.
        """
        try:
            yield
        finally:
            await self._bind_again(*legs)

    async def _bind_again(self, *legs: str) -> None:
        for leg in legs:
            if (until := self._bounds.get(leg)) is not None:
                left = max(1, round(until - time.monotonic()))
                with contextlib.suppress(PbxError):
                    await self._ask(SetVariable(leg, Variable.MOST, str(left)))

    async def _move(self, redirect: Redirect | RedirectBoth) -> None:
        """Send a leg elsewhere, and see it leave the bridge that it was in.

        One that has not arrived from the last time yet is refused as if it were gone: it is asked for again, as a
        refused order did nothing. Who is left behind in a bridge of two is seen to where he goes: sent elsewhere on
        his way (seen on 22.10), he is hung up.
        """
        legs = (redirect.leg,) if isinstance(redirect, Redirect) else redirect.legs
        stays, behind = self._where.of(*legs), self._where.left_behind(*legs)
        for pause_s in _ARRIVES_S:
            try:
                await self._ask(redirect)
                break
            except PbxRefused as refused:
                if _MOVING not in str(refused):
                    raise
            await asyncio.sleep(pause_s)
        else:
            await self._ask(redirect)
        await self._where.left(stays, behind, _LEAVES_S)

    def _hear(self, report: Report) -> None:
        self._where.hear(report)
        self._sink(report)

    async def _originate(self, order: Originate) -> None:
        """Nothing that rings a phone is sent twice, not even by a caller's mistake."""
        connection = self._connection()
        if order.leg in self._ordered:
            raise OrderInvalid("this leg was ordered before")
        self._ordered.add(order.leg)
        self._oldest.append(order.leg)
        if len(self._oldest) > _REMEMBERED_ORDERS:
            self._ordered.discard(self._oldest.popleft())
        await connection.ask(order, action_id=ORDER + order.leg)

    async def _ask(self, action: Action) -> None:
        await self._connection().ask(action)

    def _connection(self) -> Connection:
        connection = self._line.connection
        if connection is None:
            raise PbxAway(self._line.problem)
        return connection


def _variables(call: str, record: bool) -> tuple[tuple[Variable, str], ...]:
    return ((Variable.CALL, call), (Variable.RECORD, "1" if record else "0"))
