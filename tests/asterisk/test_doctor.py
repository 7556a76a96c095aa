"""The doctor at a real Asterisk: the shipped one is sound, each fault is found by its name."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dialer.ami.examine import AsteriskExaminer
from dialer.ami.settings import AsteriskSettings
from dialer.doctor.contract import CONTEXTS
from dialer.telephony.examined import PbxSeen, Registration, Wanted
from dialer.wiring import new_id
from tests.rig.asterisk import AsteriskServer
from tests.rig.cache import REPOSITORY
from tests.rig.daemon import PASSWORD, Daemon
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import far_end, network, phones
from tests.rig.network import Network

__all__ = ["far_end", "network", "phones"]

SHIPPED = REPOSITORY / "asterisk-conf"
FALLBACK = {"extensions_local.conf": "[globals](+)\nCW_FALLBACK = PJSIP/op302\n"}
ACCOUNT = """
[{name}]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = {read}
write = {write}
"""
ACCOUNTS = {
    "all": ("system,call,user,agent,originate,cdr,dtmf", "all"),
    "nodial": ("system,call,user,agent,originate,cdr,dtmf", "call,reporting"),
    "deaf": ("system", "originate,call,reporting"),
    "unfiltered": ("system,call,user,agent,originate,cdr,dtmf", "originate,call,reporting"),
}


SECRET = "not-to-be-told"
NOBODY_THERE = f"""
[gone-auth]
type = auth
auth_type = userpass
username = us
password = {SECRET}
[gone]
type = registration
transport = transport-udp
outbound_auth = gone-auth
server_uri = sip:127.0.0.9:5999
client_uri = sip:us@127.0.0.9
[dead]
type = endpoint
transport = transport-udp
aors = dead
[dead]
type = aor
contact = sip:127.0.0.9:5999
qualify_frequency = 1
qualify_timeout = 0.5
"""


@contextmanager
def running(pjsip: str = "", **local: str) -> Iterator[AsteriskServer]:
    """An Asterisk with files of its own: `name__conf` is name.conf; `pjsip` is added to pjsip_local.conf."""
    server = AsteriskServer(local=FALLBACK | {k.replace("__", "."): text for k, text in local.items()})
    with (server.etc / "manager_local.conf").open("a") as out:
        for name, (read, write) in ACCOUNTS.items():
            out.write(ACCOUNT.format(name=name, secret=server.accounts.ami, read=read, write=write))
    with (server.etc / "pjsip_local.conf").open("a") as out:
        out.write(pjsip)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def asterisk(network: Network) -> Iterator[AsteriskServer]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Its store has an operator and an admin; not running."""
    made = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    made.add_operator("anna", "op301")
    made.command(
        "user", "root", "--name", "Root", "--role", "admin", "--endpoint", "op302", stdin=PASSWORD + "\n"
    )
    yield made
    made.stop()


def doctor(daemon: Daemon, *arguments: str, under: tuple[str, ...] = (), **env: str) -> dict[str, Any]:
    """The command's findings by their code; its exit status says whether there are errors."""
    done = subprocess.run(
        [*under, sys.executable, "-m", "dialer", "--config", str(daemon.config), "doctor", "--json", *arguments],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ | env,
    )  # fmt: skip
    assert done.stdout, done.stderr
    said = json.loads(done.stdout)
    assert done.returncode == (1 if said["errors"] else 0)
    assert PASSWORD not in done.stdout + done.stderr
    return {finding["code"]: finding for finding in said["findings"]}


def wrong(found: dict[str, Any]) -> set[str]:
    return {code for code, finding in found.items() if finding["severity"] in ("error", "warning")}


async def seen(server: AsteriskServer, *, clock_off_s: float = 0.0, **settings: Any) -> PbxSeen:
    at = AsteriskSettings(**({"secret": server.accounts.ami, "boot_s": 0.5} | settings))
    examiner = AsteriskExaminer(at, new_id=new_id, clock=lambda: time.time() + clock_off_s)
    steps: list[str] = []
    found = await examiner.examine(Wanted(contexts=tuple(CONTEXTS)), steps.append)
    assert steps[0] == "connect"
    return found


async def until_known(server: AsteriskServer, endpoint: str, state: str) -> None:
    """A contact is asked at once, and found dead after its own time."""
    examiner = AsteriskExaminer(AsteriskSettings(secret=server.accounts.ami), new_id=new_id)
    async with asyncio.timeout(15):
        while True:
            found = await examiner.examine(Wanted(endpoints=(endpoint,)), lambda step: None)
            if found.endpoints[endpoint].state == state:
                return


# --- the whole command ------------------------------------------------------------------------------------------


def test_the_shipped_configuration_is_sound(daemon: Daemon, far_end: FarEnd, phones: FarEnd) -> None:
    found = doctor(daemon)
    assert wrong(found) == set()
    assert found["version_tested"]["severity"] == "ok"
    expected = {
        "rights_right",
        "events_come",
        "music_plays",
        "recordings_arrive",
        "trunk_there",
        "clock_right",
    }
    assert expected <= set(found)
    assert found["contexts_there"]["params"]["n"] == len(CONTEXTS)
    assert found["phones_there"]["params"]["n"] == 2
    assert "port_free" in found


def test_beside_a_running_daemon(daemon: Daemon, far_end: FarEnd, phones: FarEnd) -> None:
    daemon.start()
    try:
        found = doctor(daemon)
        assert wrong(found) == set()
        assert found["daemon_answers"]["severity"] == "ok"
        assert found["store_held"]["params"]["process"] == str(daemon.pid)
        assert "store_there" in found
    finally:
        daemon.stop()


def test_a_phone_hears_its_echo(daemon: Daemon, far_end: FarEnd, phones: FarEnd) -> None:
    found = doctor(daemon, "--ring", "op302")  # answers, and hangs up after two seconds
    assert found["echo_heard"]["params"] == {"endpoint": "op302", "seconds": 2}
    assert doctor(daemon, "--ring", "op304")["echo_busy"]["severity"] == "warning"
    assert doctor(daemon, "--ring", "op101")["echo_no_phone"]["severity"] == "error"


def test_a_wrong_password(daemon: Daemon) -> None:
    found = doctor(daemon, DIALER_PBX_SECRET_FILE="", DIALER_PBX_SECRET="wrong")
    assert wrong(found) == {"pbx_login_refused"}
    assert "manager_local.conf" in found["pbx_login_refused"]["mend"]


def test_nobody_there(daemon: Daemon) -> None:
    assert wrong(doctor(daemon, DIALER_PBX_PORT="5999")) == {"pbx_unreachable"}
    assert wrong(doctor(daemon, DIALER_PBX_PORT="8088")) == {"pbx_unreachable"}  # speaks when spoken to: HTTP


@pytest.mark.parametrize(
    ("user", "code"),
    [("all", "rights_too_many"), ("nodial", "rights_too_few"), ("deaf", "events_missing")],
)
def test_a_wrong_account(daemon: Daemon, far_end: FarEnd, phones: FarEnd, user: str, code: str) -> None:
    found = doctor(daemon, DIALER_PBX_USER=user)
    assert found[code]["severity"] == "error", wrong(found)


def test_a_folder_that_is_not_the_one_asterisk_writes_to(
    daemon: Daemon, far_end: FarEnd, phones: FarEnd, tmp_path: Path
) -> None:
    assert wrong(doctor(daemon, DIALER_RECORDINGS_SOURCE=str(tmp_path))) == {"recordings_elsewhere"}
    assert "source_missing" in wrong(doctor(daemon, DIALER_RECORDINGS_SOURCE=str(tmp_path / "none")))


def test_a_folder_that_may_not_be_read(
    daemon: Daemon, asterisk: AsteriskServer, far_end: FarEnd, phones: FarEnd
) -> None:
    """Root reads everything, unless it gives that right up."""
    asterisk.monitor.chmod(0o700)
    try:
        found = doctor(
            daemon,
            under=("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"),
        )
    finally:
        asterisk.monitor.chmod(0o755)
    assert "source_unreadable" in wrong(found)


def test_an_unknown_line_and_an_unknown_phone(daemon: Daemon, far_end: FarEnd, phones: FarEnd) -> None:
    daemon.add_operator("nina", "op999")
    daemon.add_operator("olga", "op201")  # a browser's phone by its template, a SIP phone by her settings
    found = doctor(daemon, DIALER_LINES_MAIN_DIAL="PJSIP/{number}@nosuch")
    assert {"trunk_unknown", "phones_unknown", "phones_other_kind", "phones_away"} == wrong(found)
    assert found["phones_unknown"]["params"]["endpoints"] == "op999"


# --- other Asterisks -------------------------------------------------------------------------------------------


async def test_a_clock_that_is_off(asterisk: AsteriskServer) -> None:
    assert abs((await seen(asterisk)).offset_s) < 0.1
    assert -30.2 < (await seen(asterisk, clock_off_s=30)).offset_s < -29.8


async def test_an_account_without_filters(asterisk: AsteriskServer) -> None:
    trial = (await seen(asterisk, user="unfiltered")).trial
    assert trial is not None and {"LocalBridge"} & trial.events


async def test_no_music_a_missing_context_a_changed_one_and_events_without_time(
    network: Network, asterisk: AsteriskServer
) -> None:
    """One Asterisk in which much is wrong; beside the module's, which gives way for so long."""
    asterisk.stop()
    dialplan = (SHIPPED / "extensions.conf").read_text()
    broken = dialplan.replace("[callwright-hold]", "[held]").replace("UserEvent(CallwrightClient,", "NoOp(")
    manager = (SHIPPED / "manager.conf").read_text().replace("timestampevents = yes", "timestampevents = no")
    try:
        with running(
            extensions__conf=broken,
            manager__conf=manager,
            musiconhold__conf="[general]\n",
            pjsip=NOBODY_THERE,
        ) as server:
            found = await seen(server)
            await until_known(server, "dead", "UNAVAILABLE")
    finally:
        asterisk.start()
    assert found.registrations == (Registration("gone", "Unregistered"),)
    assert SECRET not in repr(found)
    assert found.trouble is None and found.contexts is not None and found.trial is not None
    assert set(CONTEXTS) - set(found.contexts) == {"callwright-hold"}
    assert not any("CallwrightClient" in step.data for step in found.contexts["callwright-client"])
    assert found.trial.untimed
    assert found.trial.music_s is not None and found.trial.music_s < 0.1
