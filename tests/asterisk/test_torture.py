"""The torture messages of RFC 4475 (tests/rfc4475), sent at the Asterisk while the daemon watches."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.oracle import Oracle
from tests.rig.asterisk import PROVIDER, SIP_PORT, AsteriskServer
from tests.rig.daemon import OFFICE_NUMBER, Client, Daemon, Page
from tests.rig.far_end import Caller, FarEnd
from tests.rig.fixtures import asterisk, network, phones
from tests.rig.process import wait_until

__all__ = ["asterisk", "network", "phones"]

MESSAGES = sorted((Path(__file__).parents[1] / "rfc4475").glob("*.dat"))
STRANGER = "127.0.0.3"
COMPLAINTS = ("Traceback", " ERROR ", " CRITICAL ", "event_not_taken", "ami_oddity", "ami_down")


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("maria", "op301")
    daemon.add_supervisor()
    daemon.add_inbound()
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def maria(daemon: Daemon, phones: FarEnd) -> Iterator[Page]:
    page = Page(daemon, "maria")
    page.start_session()
    yield page
    page.close()


def send_all(address: str) -> int:
    """Each message as one datagram; how many answers came."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((address, 0))
        out.settimeout(0.05)
        answers = 0
        for message in MESSAGES:
            out.sendto(message.read_bytes(), ("127.0.0.1", SIP_PORT))
            try:
                out.recv(65536)
                answers += 1
            except TimeoutError:
                continue
    return answers


@pytest.mark.parametrize("address", [STRANGER, PROVIDER], ids=["from a stranger", "from the provider"])
def test_torture_makes_no_call_and_no_fault(
    asterisk: AsteriskServer, daemon: Daemon, maria: Page, address: str
) -> None:
    assert len(MESSAGES) == 49
    oracle, head = Oracle(asterisk), Client(daemon, "head")
    before, frames, popped = head.get("/api/v1/calls")["items"], len(maria.frames), list(maria.popped)
    pid = asterisk.pid
    try:
        print(f"\n{send_all(address)} of {len(MESSAGES)} answered")
        oracle.look(1)
        assert oracle.ami.events("Newchannel") == []
    finally:
        oracle.close()
    assert asterisk.pid == pid, "it lives"
    # A true call comes through at once, and it is the first that anybody sees.
    caller = Caller(OFFICE_NUMBER, number=b"89991112233", ends="cancel", after_s=1)
    try:
        maria.wait_state("offered")
        seen = {frame["desk"]["state"] for frame in maria.frames[frames:]}
        assert len(maria.popped) == len(popped) + 1, "nobody else was shown"
        assert seen <= {"ready", "offered"}
        maria.wait_state("ready")
        assert caller.wait(10), caller.errors()
    finally:
        caller.remove()
    wait_until(
        lambda: len(head.get("/api/v1/calls")["items"]) == len(before) + 1, 5, "one call more, and only one"
    )
    assert not [line for line in daemon.log().splitlines() if any(word in line for word in COMPLAINTS)]
