"""Accounts on a real Asterisk: the shipped one is right, each wrong one is refused with its mend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dialer.ami.connection import Connection
from dialer.ami.login import log_in
from dialer.ami.messages import CoreStatus, Message, Ping
from dialer.ami.problems import CannotUse
from dialer.ami.settings import AsteriskSettings
from tests.rig.asterisk import AsteriskServer
from tests.rig.fixtures import network
from tests.rig.network import Network

__all__ = ["network"]

ACCOUNT = """
[{name}]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = {read}
write = {write}
"""
ACCOUNTS = {
    "all": ("all", "all"),
    "commands": ("system,call,user", "originate,call,reporting,command"),
    "system": ("system,call,user", "originate,call,reporting,system"),
    "config": ("system,call,user", "originate,call,reporting,config"),
    "mute": ("system,call,user", ""),
    "nodial": ("system,call,user", "call,reporting"),
    "deaf": ("call,user", "originate,call,reporting"),
}


@pytest.fixture(scope="module")
def asterisk(network: Network) -> Iterator[AsteriskServer]:
    server = AsteriskServer()
    with (server.etc / "manager_local.conf").open("a") as out:
        for name, (read, write) in ACCOUNTS.items():
            out.write(ACCOUNT.format(name=name, secret=server.accounts.ami, read=read, write=write))
    try:
        server.start()
        yield server
    finally:
        server.remove()


def settings(server: AsteriskServer, user: str, **more: object) -> AsteriskSettings:
    values = {"user": user, "secret": server.accounts.ami, "boot_s": 0.5} | more
    return AsteriskSettings(**values)  # type: ignore[arg-type]


async def logged_in(at: AsteriskSettings) -> Connection:
    events: list[Message] = []
    connection = Connection(at, events.append)
    try:
        await log_in(connection)
    finally:
        connection.close()
    return connection


@pytest.mark.parametrize("login", ["challenge", "plain"])
async def test_the_shipped_account_is_right(asterisk: AsteriskServer, login: str) -> None:
    connection = await logged_in(settings(asterisk, "callwright", login=login))
    assert connection.warnings == []
    assert abs(connection.offset_s) < 0.1


@pytest.mark.parametrize(
    ("user", "code", "word"),
    [
        ("all", "too_many_rights", "command, config, system"),
        ("commands", "too_many_rights", "(command)"),
        ("system", "too_many_rights", "(system)"),
        ("config", "too_many_rights", "(config)"),
        ("mute", "too_few_rights", "call, originate, reporting"),
        ("nodial", "too_few_rights", "(originate)"),
        ("nobody", "login_refused", "pbx.user"),
    ],
)
async def test_a_wrong_account_is_refused_with_its_mend(
    asterisk: AsteriskServer, user: str, code: str, word: str
) -> None:
    with pytest.raises(CannotUse) as refused:
        await logged_in(settings(asterisk, user))
    assert (refused.value.code, refused.value.lasting) == (code, True)
    assert word in str(refused.value)


async def test_a_wrong_password(asterisk: AsteriskServer) -> None:
    with pytest.raises(CannotUse) as refused:
        await logged_in(settings(asterisk, "callwright", secret="wrong"))
    assert refused.value.code == "login_refused"


async def test_an_account_that_does_not_hear_the_system_is_warned_of(asterisk: AsteriskServer) -> None:
    connection = await logged_in(settings(asterisk, "deaf"))
    assert "lacks system" in connection.warnings[0]


async def test_questions_on_a_real_line(asterisk: AsteriskServer) -> None:
    connection = Connection(settings(asterisk, "callwright"), lambda _: None)
    try:
        await log_in(connection)
        assert (await connection.ask(Ping())).get("Ping") == "Pong"
        assert (await connection.ask(CoreStatus())).get("CoreStartupDate")
        assert connection.oddities == {}
    finally:
        connection.close()
