"""A daemon that stands still past a client's lease, and one that dies around the claim, on a real Asterisk."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.faults.blind import press_blind
from tests.faults.oracle import Oracle
from tests.rig.asterisk import AsteriskServer
from tests.rig.daemon import Daemon, Page
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import asterisk, far_end, network, phones

__all__ = ["asterisk", "far_end", "network", "phones"]

PREVIEW_S = 3
NUMBERS = [f"+791600{n:02d}200" for n in range(4)]


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("maria", "op301")
    daemon.add_operator("anna", "op305")
    daemon.add_campaign(NUMBERS)
    with closing(sqlite3.connect(daemon.folder / "store.db")) as store, store:
        store.execute("UPDATE campaigns SET preview_s = ?", (PREVIEW_S,))
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def maria(daemon: Daemon, far_end: FarEnd, phones: FarEnd) -> Iterator[Page]:
    page = Page(daemon, "maria")
    page.start_session()
    page.choose()
    yield page
    page.close()


@pytest.fixture
def oracle(asterisk: AsteriskServer, maria: Page) -> Iterator[Oracle]:
    oracle = Oracle(asterisk)
    yield oracle
    oracle.close()


def test_a_daemon_stopped_past_the_lease_dials_nobody(maria: Page, daemon: Daemon, oracle: Oracle) -> None:
    """The press waits in the socket while the process is stopped; the lease ends; then it goes on."""
    for attempt in range(3):
        maria.press("next")
        maria.wait_state("preview")
        os.kill(daemon.pid, signal.SIGSTOP)
        pressed = press_blind(maria, "dial", key=f"late {attempt}", work=maria.work["id"])
        oracle.look(PREVIEW_S + 0.5)
        os.kill(daemon.pid, signal.SIGCONT)
        maria.wait(lambda desk: desk["work"] is None, "the client's way back to the pool")
        assert maria.desk["refusal"]["code"] in ("claim_lost", "preview_over")
        maria.wait(lambda desk: desk["pbx_up"], "the PBX")
        oracle.look(0.5)
        assert oracle.all_rings == 0
        assert maria.press("break", on=False)["session_up"]
        pressed.close()


def test_killed_between_claim_and_order_the_client_is_another_operators_soon(
    maria: Page, daemon: Daemon, oracle: Oracle
) -> None:
    maria.press("next")
    client = maria.work["card"]["client_id"]
    number = maria.work["card"]["phones"][0]["e164"]
    daemon.kill()
    maria.close()
    oracle.look(PREVIEW_S)
    daemon.start()
    anna = Page(daemon, "anna")
    anna.start_session()
    anna.choose()
    anna.press("next")
    assert anna.work["card"]["client_id"] == client
    anna.on_work("dial")
    anna.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
    assert oracle.rings(number) == 1
    anna.on_work("hangup")
    anna.wait_state("wrapup")
    anna.save("sale")
    maria.reopen()
    assert maria.desk["work"] is None
    anna.close()
