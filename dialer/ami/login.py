"""The first words on a connection: who we are, and that our account may do what it must and no more."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dialer.ami import problems
from dialer.ami.connection import Connection
from dialer.ami.messages import Action, Challenge, ListCommands, Login, ProbeCommand
from dialer.telephony.port import OrderInvalid, OrderUnknown, PbxAway, PbxRefused


async def log_in(connection: Connection) -> None:
    """Connect, log in, check rights and version, measure the clocks. Raises `CannotUse`.

    Whatever happens, the caller closes the connection in the end.
    """
    at = connection.settings
    await connection.open()
    try:
        await prove(connection)
        await _check_rights(connection)
        if not await connection.booted():
            connection.warnings.append(problems.no_boot_event(at))
        for _ in range(3):
            await connection.ping()
    except (OrderUnknown, PbxAway, PbxRefused) as lost:
        raise problems.unreachable(at, f"lost in the login: {lost}") from lost


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may do beyond its need, and what it lacks: names of AMI's classes."""

    excess: frozenset[str]
    lacking: frozenset[str]


async def prove(connection: Connection) -> None:
    """Say who we are. Raises `CannotUse`."""
    at = connection.settings
    try:
        login = Login(user=at.user, secret=at.secret)
        if at.login == "challenge":
            challenge = (await connection.ask(Challenge())).get("Challenge")
            digest = hashlib.md5((challenge + at.secret).encode(), usedforsecurity=False)
            login = Login(user=at.user, key=digest.hexdigest())
        await connection.ask(login)
    except (PbxRefused, OrderInvalid) as refused:
        raise problems.login_refused(at, str(refused)) from refused


async def _check_rights(connection: Connection) -> None:
    """An account that may run commands could do anything; one that may not dial can do nothing."""
    at = connection.settings
    rights = await rights_of(connection)
    if rights.excess and not at.allow_excess_rights:
        raise problems.too_many_rights(at, set(rights.excess))
    if rights.lacking:
        raise problems.too_few_rights(at, set(rights.lacking))


async def rights_of(connection: Connection) -> Rights:
    """What the account may do; `Command` is tried, with a harmless question."""
    try:
        may = set((await connection.ask(ListCommands())).headers)
    except PbxRefused:
        may = set(problems.NEEDED)  # it does not tell; the first refused order will
    excess = {right for action, right in problems.DANGEROUS.items() if action in may}
    if await _allowed(connection, ProbeCommand()):
        excess.add("command")
    lacking = {right for action, right in problems.NEEDED.items() if action not in may}
    return Rights(frozenset(excess), frozenset(lacking))


async def _allowed(connection: Connection, action: Action) -> bool:
    try:
        await connection.ask(action)
    except PbxRefused:
        return False
    return True
