"""The shipped configuration on a real Asterisk: it loads whole, and gives nobody more than the contract says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.rig import stage
from tests.rig.asterisk import AsteriskServer
from tests.rig.cache import REPOSITORY
from tests.rig.far_end import Caller, FarEnd, register
from tests.rig.fixtures import ami, far_end, network
from tests.rig.network import Network
from tests.rig.wire import AmiTimeout, RawAmi

__all__ = ["ami", "far_end", "network"]

SHIPPED = REPOSITORY / "asterisk-conf"
OPERATOR = "01JCW0000000000000000R0001"
CALL = "01JCW0000000000000000R0002"
REFUSALS = ("Permission denied", "Invalid/unknown command", "Access Forbidden", "Variable not set")


@pytest.fixture(scope="module")
def asterisk(network: Network) -> Iterator[AsteriskServer]:
    """As shipped: nobody stands in the fallback."""
    server = AsteriskServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_every_module_loads(asterisk: AsteriskServer) -> None:
    log = (asterisk.home / "console.log").read_text()
    wrong = [
        line for line in log.splitlines() if "Error loading module" in line or "declined to load" in line
    ]
    assert wrong == []
    wanted = re.findall(r"(?m)^load = (\S+)", (SHIPPED / "modules.conf").read_text())
    running = asterisk.cli("module show")
    assert [name for name in wanted if name not in running] == []


def test_no_secret_is_shipped() -> None:
    for file in SHIPPED.iterdir():
        for line in file.read_text().splitlines():
            name, found, value = line.partition("=")
            if found and name.strip(" ;") in ("secret", "password"):
                assert value.strip() == "", f"{file.name}: {line}"


def test_what_comes_from_outside_is_filtered() -> None:
    dialplan = (SHIPPED / "extensions.conf").read_text()
    assert not re.search(r"CALLERID|CONNECTEDLINE|SIP_HEADER|PJSIP_HEADER|SHELL|System\(", dialplan)
    for number, line in enumerate(dialplan.splitlines(), 1):
        bare = re.sub(r"\$\{FILTER\([^,]*,\$\{(EXTEN|CW_CALL)\}\)\}", "", line)
        assert "${EXTEN" not in bare and "${CW_CALL" not in bare, f"line {number}: {line}"


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Command", [("Command", "core show version")]),
        ("GetConfig", [("Filename", "manager_local.conf")]),
        ("UpdateConfig", [("SrcFilename", "extensions.conf"), ("DstFilename", "extensions.conf")]),
        ("MixMonitor", [("Channel", OPERATOR), ("File", "x.wav"), ("Command", "id")]),
        ("ModuleLoad", [("LoadType", "load"), ("Module", "app_system.so")]),
        ("Reload", []),
        ("DBPut", [("Family", "a"), ("Key", "b"), ("Val", "c")]),
        ("DialplanExtensionAdd", [("Context", "x"), ("Extension", "1"), ("Priority", "1")]),
        ("PJSIPShowEndpoints", []),
        ("UserEvent", [("UserEvent", "CallwrightInbound")]),
        ("Originate", [("Channel", "PJSIP/op301"), ("Application", "System"), ("Data", "id")]),
        ("Setvar", [("Variable", "SHELL(id)"), ("Value", "x")]),
    ],
)
def test_the_daemons_account_may_not(ami: RawAmi, action: str, headers: list[tuple[str, str]]) -> None:
    answer = ami.ask(action, *headers)
    assert answer["Response"] == "Error"
    assert any(word in answer["Message"] for word in REFUSALS), answer["Message"]


def test_a_hostile_call_id_makes_no_file_outside(
    asterisk: AsteriskServer, far_end: FarEnd, ami: RawAmi
) -> None:
    ami.ask(
        "Originate",
        ("Channel", "PJSIP/+79161110201@trunk"),
        ("Context", "callwright-client"),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Async", "true"),
        ("ChannelId", CALL),
        ("Variable", "CW_CALL=../../X${EPOCH};id&|`id`"),
        ("Variable", "CW_RECORD=1"),
    )
    ready = ami.event("UserEvent", UserEvent="CallwrightClient", Uniqueid=CALL)
    assert re.fullmatch(r"[0-9A-Z]*", ready["Call"])
    stage.ended(ami, CALL)
    names = [path.name for path in asterisk.monitor.iterdir()]
    assert names and all(re.fullmatch(r"[0-9A-Z]+-(in|out)\.wav", name) for name in names)


def test_a_client_nobody_takes_is_let_go_after_ten_seconds(far_end: FarEnd, ami: RawAmi) -> None:
    stage.dial(ami, CALL, "+79161110200")
    ready = float(stage.client_ready(ami, CALL)["Timestamp"])
    end = float(stage.ended(ami, CALL)["Timestamp"])
    assert 9.5 < end - ready < 11


@pytest.mark.parametrize("dialled", ["74951112233", "+74951112233"])
def test_an_inbound_call_offers_itself_once(ami: RawAmi, dialled: str) -> None:
    here = ami.mark
    caller = Caller(dialled, ends="refused")
    try:
        offer = ami.event("UserEvent", since=here, UserEvent="CallwrightInbound")
        assert offer["Dialled"] == dialled
        fallback = ami.event("UserEvent", since=here, UserEvent="CallwrightFallback")
        assert 0.4 < float(fallback["Timestamp"]) - float(offer["Timestamp"]) < 0.8
        stage.ended(ami, offer["Uniqueid"])
        assert caller.wait(5), caller.errors()
    finally:
        caller.remove()


def test_a_dialled_number_that_is_an_attack_is_digits_in_the_end(ami: RawAmi) -> None:
    here = ami.mark
    caller = Caller("7495%26PJSIP%2ftrunk;1", ends="refused")
    try:
        offer = ami.event("UserEvent", since=here, UserEvent="CallwrightInbound")
        assert re.fullmatch(r"\d+", offer["Dialled"])
        stage.ended(ami, offer["Uniqueid"])
    finally:
        caller.remove()


def test_a_stranger_gets_nowhere(ami: RawAmi) -> None:
    """A call from an address that is not the provider's: refused, and no channel is ever made."""
    here = ami.mark
    caller = Caller("74951112233", ends="refused", address="127.0.0.9")
    try:
        assert caller.wait(10) is False or "401" in caller.errors()
        with pytest.raises(AmiTimeout):
            ami.event("Newchannel", 0.3, since=here)
    finally:
        caller.remove()


def test_an_operators_phone_may_dial_nothing(asterisk: AsteriskServer) -> None:
    shown = asterisk.cli("dialplan show callwright-operators")
    assert "Hangup(21)" in shown
    assert "1 extension (1 priority) in 1 context" in shown


def test_a_plain_phone_logs_in_with_its_password_and_no_other(asterisk: AsteriskServer) -> None:
    assert not register("op101", "guessed")
    assert not register("op102", asterisk.accounts.phone)
    assert "op101/sip:" not in asterisk.cli("pjsip show contacts")
    assert register("op101", asterisk.accounts.phone)
    assert "op101/sip:" in asterisk.cli("pjsip show contacts")
