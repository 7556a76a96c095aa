"""A daemon that stands still past a client's lease, and one that dies around the claim, on a real Asterisk."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.faults.blind import press_blind
from tests.faults.oracle import Oracle
from tests.rig.asterisk import AsteriskServer
from tests.rig.daemon import OFFICE_NUMBER, Daemon, Page
from tests.rig.far_end import Caller, FarEnd
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
    daemon.add_inbound()
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


@contextmanager
def calling(number: str, **more: Any) -> Iterator[Caller]:
    caller = Caller(OFFICE_NUMBER, number=number.encode(), **more)
    try:
        yield caller
    finally:
        caller.remove()


def test_scenario_32_a_daemon_stopped_past_the_lease_dials_nobody(
    maria: Page, daemon: Daemon, oracle: Oracle
) -> None:
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


def test_scenario_30_killed_between_claim_and_order(maria: Page, daemon: Daemon, oracle: Oracle) -> None:
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


def test_scenario_31_killed_while_a_call_from_outside_rings_it_rings_on(
    maria: Page, daemon: Daemon, asterisk: AsteriskServer
) -> None:
    with calling("89991112233") as caller:
        maria.wait_state("offered")
        work = maria.work
        back(maria, daemon)
        maria.wait_state("offered")
        assert maria.work["id"] == work["id"]
        maria.on_work("answer")
        maria.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
        assert maria.work["card"]["client_id"] == work["card"]["client_id"]
        finished(maria)
        assert caller.wait(10), caller.errors()


def test_scenario_31_killed_as_the_operator_answers_the_caller_is_talked_to(
    maria: Page, daemon: Daemon
) -> None:
    """Wherever between the press and the bridge it dies: the press is made again, or was carried out."""
    for number, delay in enumerate((0.0, 0.005, 0.02, 0.05)):
        with calling(f"8999111330{number}", port=5081 + number) as caller:
            maria.wait_state("offered")
            work, key = maria.work["id"], f"answer {number}"
            pressed = press_blind(maria, "answer", key=key, work=work)
            time.sleep(delay)  # the moment of its death
            back(maria, daemon)
            maria.press("answer", key=key, work=work)
            maria.wait(lambda desk: desk["work"] and desk["work"]["call"]["state"] == "bridged", "the talk")
            assert maria.work["id"] == work
            assert maria.desk["state"] == "talking"
            pressed.close()
            finished(maria)
            assert caller.wait(10), caller.errors()


def test_a_caller_who_gave_up_meanwhile_leaves_no_work(maria: Page, daemon: Daemon) -> None:
    with calling("89991114400", ends="cancel", after_s=0.8, port=5091) as caller:
        maria.wait_state("offered")
        daemon.kill()
        assert caller.wait(10), caller.errors()
        daemon.start()
    maria.reopen()
    maria.wait(lambda desk: desk["pbx_up"] and desk["work"] is None, "a free desk")
    assert maria.desk["state"] == "ready"


def back(page: Page, daemon: Daemon) -> None:
    """The daemon is killed and another one started; the page comes back."""
    daemon.kill()
    daemon.start()
    page.reopen()
    page.wait(lambda desk: desk["pbx_up"], "the PBX")


def finished(page: Page) -> None:
    page.on_work("hangup")
    page.wait_state("wrapup")
    page.save("inbound_done")
    page.wait_state("ready")
