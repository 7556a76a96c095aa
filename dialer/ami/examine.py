"""Looking at an Asterisk as `dialer doctor` does: a connection of its own, questions, and a trial call.

Everything is asked with the daemon's own least rights. What the account may not ask, or the Asterisk does not
know, is told as not known; it never makes the rest unknown.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from dialer.ami.connection import Connection
from dialer.ami.login import prove, rights_of
from dialer.ami.messages import (
    Action,
    AskEndpoint,
    AskFallback,
    AskState,
    Context,
    CoreSettings,
    Endpoint,
    EndpointSetting,
    Message,
    Originate,
    ShowDialPlan,
    ShowRegistrations,
    Trial,
)
from dialer.ami.problems import CannotUse
from dialer.ami.settings import AsteriskSettings
from dialer.ami.translate import ORDER
from dialer.telephony.examined import (
    EchoSeen,
    EndpointSeen,
    PbxSeen,
    Registration,
    Step,
    Told,
    TrialSeen,
    Trouble,
    Wanted,
)
from dialer.telephony.port import OrderInvalid, PbxError, PbxRefused

LONGEST_S = 30.0
TRIAL_S = 8.0
ECHO_S = 25  # the dialplan ends an echo after 20 s
MOST_EVENTS = 1_000
_RINGING, _UP = "5", "6"
_TRIAL_TIMEOUT_S = 5
# Lists, and what only an account without event filters hears.
_FURTHER = frozenset(
    {
        "ListDialplan",
        "ShowDialPlanComplete",
        "OutboundRegistrationDetail",
        "OutboundRegistrationDetailComplete",
        "MusicOnHoldStart",
        "NewConnectedLine",
        "LocalBridge",
    }
)


class _Ears:
    """The events of one connection, and a bell that rings when one of them ends a leg."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.untimed = False
        self._leg = ""
        self._over = asyncio.Event()

    def hear(self, message: Message) -> None:
        if message.name == "FullyBooted" or len(self.heard) >= MOST_EVENTS:
            return
        self.untimed = self.untimed or "Timestamp" not in message.headers
        self.heard.append(message)
        if self._leg and self._is_over(message):
            self._over.set()

    def follow(self, leg: str) -> None:
        self._leg = leg
        self._over.clear()

    def _is_over(self, message: Message) -> bool:
        """A leg that was never born ends with the order's failure; one that was, with its Hangup."""
        if _failed(message, self._leg):
            return not any(m.name == "Newchannel" and m.get("Uniqueid") == self._leg for m in self.heard)
        return message.name == "Hangup" and message.get("Uniqueid") == self._leg

    async def to_its_end(self, deadline_s: float) -> bool:
        """Whether the leg that is followed came to its end in time."""
        try:
            async with asyncio.timeout(deadline_s):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    def of(self, leg: str) -> list[Message]:
        """What was heard of a leg, and of its other half."""
        return [m for m in self.heard if m.get("Uniqueid").partition(";")[0] == leg or _answers(m, leg)]


def _answers(message: Message, leg: str) -> bool:
    return message.name == "OriginateResponse" and message.get("ActionID") == ORDER + leg


def _failed(message: Message, leg: str) -> bool:
    return _answers(message, leg) and message.get("Response") == "Failure"


class AsteriskExaminer:
    """Implements `telephony.examined.Examiner`. `new_id` names the legs of trial calls."""

    def __init__(
        self,
        settings: AsteriskSettings,
        *,
        new_id: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = settings.name
        self._at = settings
        self._new_id = new_id
        self._clock = clock

    async def examine(self, wanted: Wanted, told: Told) -> PbxSeen:
        at = self._at
        seen: dict[str, Any] = {"name": at.name, "host": at.host, "port": at.port, "user": at.user}
        ears = _Ears()
        connection = Connection(at, ears.hear, self._clock, _FURTHER)
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._look(connection, ears, wanted, told, seen)
        except CannotUse as cannot:
            seen["trouble"] = Trouble(cannot.code, cannot.params)
        except PbxError as lost:
            seen["trouble"] = Trouble("lost", {"why": str(lost)})
        except TimeoutError:
            seen["trouble"] = Trouble("lost", {"why": f"{LONGEST_S:g} s"})
        finally:
            connection.close()
        return PbxSeen(**seen)

    async def ring(self, endpoint: str, *, timeout_s: int) -> EchoSeen:
        ears, leg = _Ears(), self._new_id()
        connection = Connection(self._at, ears.hear, self._clock, _FURTHER)
        try:
            await connection.open()
            await prove(connection)
            ears.follow(leg)
            order = Originate(to=Endpoint(endpoint), leg=leg, context=Context.ECHO, timeout_s=timeout_s)
            await connection.ask(order, action_id=ORDER + leg)
            ended = await ears.to_its_end(timeout_s + ECHO_S)
        except (CannotUse, PbxError) as failed:
            return EchoSeen(answered=False, failed=str(failed))
        finally:
            connection.close()
        return _echo(ears.of(leg), ended)

    # --- one look ---------------------------------------------------------------------------------------------

    async def _look(
        self, connection: Connection, ears: _Ears, wanted: Wanted, told: Told, seen: dict[str, Any]
    ) -> None:
        told("connect")
        await connection.open()
        await prove(connection)
        rights = await rights_of(connection)
        seen["excess"], seen["lacking"] = tuple(sorted(rights.excess)), tuple(sorted(rights.lacking))
        seen["excess_allowed"] = self._at.allow_excess_rights
        seen["booted"] = await connection.booted()
        for _ in range(3):
            await connection.ping()
        seen["offset_s"] = connection.offset_s
        settings = await _answer(connection, CoreSettings())
        seen["version"] = settings.get("AsteriskVersion") if settings is not None else ""
        told("dialplan")
        seen["contexts"] = contexts = await _contexts(connection, wanted.contexts)
        told("lines")
        seen["registrations"] = await _registrations(connection)
        fallback = await _answer(connection, AskFallback())
        seen["fallback"] = None if fallback is None else fallback.get("Value")
        told("phones")
        seen["endpoints"] = {name: await _endpoint(connection, name) for name in wanted.endpoints}
        if contexts is None or Context.CHECK.value in contexts:
            told("trial")
            seen["trial"] = await self._trial(connection, ears)

    async def _trial(self, connection: Connection, ears: _Ears) -> TrialSeen:
        leg = self._new_id()
        ears.follow(leg)
        order = Originate(to=Trial(), leg=leg, context=Context.CHECK, timeout_s=_TRIAL_TIMEOUT_S)
        try:
            await connection.ask(order, action_id=ORDER + leg)
        except PbxRefused as refused:
            return TrialSeen(failed=str(refused))
        await ears.to_its_end(TRIAL_S)  # an account that hears no events does not hear this either
        return _trial(ears, leg)


async def _answer(connection: Connection, action: Action) -> Message | None:
    """An answer, or None where the account may not ask or the PBX does not know."""
    try:
        return await connection.ask(action)
    except (PbxRefused, OrderInvalid):
        return None


async def _contexts(connection: Connection, names: tuple[str, ...]) -> dict[str, tuple[Step, ...]] | None:
    """What stands in each context that there is; None if it may not be asked."""
    found: dict[str, tuple[Step, ...]] = {}
    for name in names:
        try:
            rows = await connection.ask_list(ShowDialPlan(name))
        except PbxRefused as refused:
            if "Did not find" in str(refused):
                continue
            return None
        found[name] = tuple(Step(row.get("Application"), row.get("AppData")) for row in rows)
    return found


async def _registrations(connection: Connection) -> tuple[Registration, ...] | None:
    try:
        rows = await connection.ask_list(ShowRegistrations())
    except PbxRefused:
        return None
    named = [row for row in rows if row.name == "OutboundRegistrationDetail"]
    return tuple(Registration(row.get("ObjectName"), row.get("Status")) for row in named)


async def _endpoint(connection: Connection, name: str) -> EndpointSeen:
    questions: list[Action] = [AskState(name)]
    questions += [AskEndpoint(name, setting) for setting in EndpointSetting]
    values = [await _answer(connection, question) for question in questions]
    state, context, codecs, browser = (value.get("Value") if value is not None else "" for value in values)
    return EndpointSeen(
        state=state,
        context=context,
        codecs=tuple(codecs.strip("()").split("|")) if codecs else (),
        browser=browser == "yes" if browser else None,
    )


# --- what was heard ---------------------------------------------------------------------------------------------


def _trial(ears: _Ears, leg: str) -> TrialSeen:
    heard = ears.of(leg)
    failed = any(_failed(message, leg) for message in heard)
    steps = {m.get("Step"): m for m in heard if m.get("UserEvent") == "CallwrightCheck"}
    music_s = None
    if "begin" in steps and "end" in steps:
        music_s = _stamp(steps["end"]) - _stamp(steps["begin"])
    return TrialSeen(
        failed="Originate" if failed else "",
        music_s=music_s,
        events=frozenset(message.name for message in ears.heard),
        untimed=ears.untimed,
    )


def _echo(heard: list[Message], ended: bool) -> EchoSeen:
    states = {m.get("ChannelState"): m for m in heard if m.name == "Newstate"}
    over = next((m for m in heard if m.name == "Hangup"), None)
    cause = over.get("Cause") if over is not None else ""
    up = states.get(_UP)
    return EchoSeen(
        answered=up is not None,
        rang=_RINGING in states,
        talked_s=_stamp(over) - _stamp(up) if up is not None and over is not None else 0.0,
        cause=int(cause) if cause.isdigit() else 0,
        failed="" if ended else "no end",
    )


def _stamp(message: Message) -> float:
    try:
        return float(message.get("Timestamp", "0"))
    except ValueError:
        return 0.0
