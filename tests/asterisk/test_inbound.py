"""The inbound path, whole, on a real Asterisk: identified, offered, answered, recorded; and the ways it fails."""

from __future__ import annotations

import io
import os
import signal
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tests.rig.asterisk import AsteriskServer
from tests.rig.daemon import OFFICE_NUMBER, Client, Daemon, Page
from tests.rig.far_end import CLIENT_HZ, OPERATOR_HZ, Caller, FarEnd
from tests.rig.fixtures import asterisk, far_end, network, phones
from tests.rig.process import wait_until
from tests.rig.record import HOSTILE
from tests.rig.sound import loudest_hz, loudness
from tests.rig.wire import RawAmi

__all__ = ["asterisk", "far_end", "network", "phones"]

KNOWN = ["+79161110200", "+79161110201"]


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("maria", "op301")
    daemon.add_operator("anna", "op305")
    daemon.add_supervisor()
    daemon.add_campaign(KNOWN)
    daemon.add_inbound()
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def desks(daemon: Daemon, far_end: FarEnd, phones: FarEnd) -> Iterator[tuple[Page, Page]]:
    maria, anna = Page(daemon, "maria"), Page(daemon, "anna")
    maria.start_session()
    anna.start_session()
    yield maria, anna
    maria.close()
    anna.close()


@pytest.fixture
def maria(desks: tuple[Page, Page]) -> Page:
    """Idle the longest: she comes back from a break first, whatever the test before left."""
    return _idle(desks)[0]


@pytest.fixture
def anna(desks: tuple[Page, Page]) -> Page:
    return desks[1]


@pytest.fixture
def ami(asterisk: AsteriskServer, desks: tuple[Page, Page]) -> Iterator[RawAmi]:
    """Eyes of our own, which leave the operators' sessions alone."""
    with RawAmi() as session:
        session.login(asterisk.accounts.ami)
        yield session


@pytest.fixture
def head(daemon: Daemon, desks: tuple[Page, Page]) -> Client:
    return Client(daemon, "head")


def _idle(desks: tuple[Page, ...]) -> tuple[Page, ...]:
    for page in desks:
        if page.press("break", on=True)["work"] is not None:
            page.on_work("hangup")
            page.wait_state("wrapup")
            page.save("hung_up")
        page.wait(lambda desk: desk["session_up"], "the session")
    for page in desks:
        page.press("break", on=False)
        page.wait_state("ready")
    return desks


@contextmanager
def calling(number: str | bytes, **more: Any) -> Iterator[Caller]:
    raw = number.encode() if isinstance(number, str) else number
    caller = Caller(OFFICE_NUMBER, number=raw, **more)
    try:
        yield caller
    finally:
        caller.remove()


def newest_call(head: Client) -> dict[str, Any]:
    return dict(head.get("/api/v1/calls")["items"][0])


def ended_call(head: Client, before: str) -> dict[str, Any]:
    """The newest call, once it is another one than before and over."""
    return wait_until(
        lambda: (call := newest_call(head))["id"] != before and call["ended_at"] and call,
        10,
        "the call in the list",
    )


def page_of(head: Client, call: str) -> dict[str, Any]:
    """The call's page, once its recording is done."""
    return wait_until(
        lambda: (found := head.get(f"/api/v1/calls/{call}"))["recording"]["state"] != "writing" and found,
        10,
        "the recording",
    )


def sides(head: Client, call: dict[str, Any]) -> tuple[Any, Any, int]:
    """The operator's and the client's sound of a finished recording."""
    _, sound = head.fetch(call["recording"]["segments"][0]["audio"])
    with wave.open(io.BytesIO(sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64) / 32768
        return samples[0::2], samples[1::2], file.getframerate()


@pytest.mark.parametrize("written", ["89161110200", "+79161110200", "79161110200", "9161110200"])
def test_a_known_caller_is_identified_however_the_number_is_written(maria: Page, written: str) -> None:
    here = len(maria.frames)
    with calling(written, ends="cancel", after_s=1):
        desk = maria.wait_state("offered")
        assert desk["work"]["direction"] == "inbound"
        first = next(frame["desk"]["work"] for frame in maria.frames[here:] if frame["desk"]["work"])
        assert first["card"]["name"] == "Клиент Номер 0", "the card is whole in the first frame that rings"
        assert not first["card"]["is_new"]
        assert first["run"]["block"]["text"]
        assert desk["number"] == "+7 916 111-02-00"
        maria.wait_state("ready")


def test_a_known_caller_from_the_offer_to_the_result(
    maria: Page, anna: Page, head: Client, ami: RawAmi
) -> None:
    with calling("89161110200") as caller:
        maria.wait_state("offered")
        assert anna.press("break", on=False)["state"] == "ready", "offered to one operator only"
        maria.on_work("answer")
        maria.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
        assert maria.desk["state"] == "talking"
        call = maria.work["call"]["id"]
        for _ in range(2):
            maria.answer()
        ami.drain(1)  # of talk, for the recording
        maria.on_work("hangup")
        maria.wait_state("wrapup")
        assert caller.wait(10), caller.errors()
    assert maria.work["call"]["ended_by"] == "operator"
    maria.save("inbound_done")
    maria.wait_state("ready")

    shown = page_of(head, call)
    assert shown["recording"]["state"] == "ready"
    assert not shown["recording"]["uncertain"]
    assert shown["client"] == "Клиент Номер 0"
    assert shown["outcome"] == "answered"
    assert shown["disposition"]
    assert len([step for step in shown["steps"] if step["kind"] == "answer"]) == 2
    operator, client, rate = sides(head, shown)
    assert loudness(operator) > 0.05
    assert loudness(client) > 0.05
    assert loudest_hz(operator[rate // 2 :], rate) == pytest.approx(OPERATOR_HZ, abs=3)
    assert loudest_hz(client[rate // 2 :], rate) == pytest.approx(CLIENT_HZ, abs=3)


def test_the_operator_who_is_idle_longest_is_asked_first(maria: Page, anna: Page) -> None:
    maria.press("break", on=True)
    maria.press("break", on=False)  # from now on anna waits longer
    with calling("89161110201", ends="cancel", after_s=0.6):
        anna.wait_state("offered")
        assert maria.press("break", on=False)["state"] == "ready"
        anna.wait_state("ready")


def test_an_unknown_caller_becomes_a_client_and_is_named(maria: Page, anna: Page, head: Client) -> None:
    with calling("+79169990001"):
        maria.wait_state("offered")
        card = maria.work["card"]
        assert card["is_new"]
        assert card["name"] == ""
        assert [phone["e164"] for phone in card["phones"]] == ["+79169990001"]
        maria.on_work("answer")
        maria.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
        call = maria.work["call"]["id"]
        assert maria.on_work("client", name="Пётр Первый")["work"]["card"]["name"] == "Пётр Первый"
        maria.on_work("hangup")
        maria.wait_state("wrapup")
    maria.save("sale")
    maria.wait_state("ready")
    assert head.get(f"/api/v1/calls/{call}")["client"] == "Пётр Первый"
    with calling("89169990001", ends="cancel", after_s=1):
        page = anna  # maria has just been busy
        page.wait_state("offered")
        assert page.work["card"]["name"] == "Пётр Первый", "known from now on"
        page.wait_state("ready")


def test_a_client_who_hangs_up_first(maria: Page) -> None:
    with calling("89161110201", ends="caller", after_s=0.5) as caller:
        maria.wait_state("offered")
        maria.on_work("answer")
        maria.wait_state("wrapup")
        assert caller.wait(10), caller.errors()
    assert maria.work["call"]["ended_by"] == "client"
    maria.save("hung_up")
    maria.wait_state("ready")


def test_scenario_41_what_strangers_call_themselves_is_only_text(
    maria: Page, head: Client, daemon: Daemon
) -> None:
    for name, number in HOSTILE:
        before = newest_call(head)["id"]
        with calling(number, name=name, ends="cancel", after_s=0.3) as caller:
            caller.wait(10)
        wait_until(lambda before=before: newest_call(head)["id"] != before, 10, "the call in the list")
    log = daemon.log()
    for part in ("<script>", "HYPERLINK", "\x1b", "SHELL", "Action: Logoff", "etc/passwd", "Traceback"):
        assert part not in log
    shown = [call["number"] for call in head.get("/api/v1/calls")["items"]]
    assert all(number.isprintable() and len(number) <= 40 for number in shown)
    assert any("EPOCH" in number for number in shown), "shown as it was written, never evaluated"


def test_a_hidden_number_becomes_a_client_without_a_phone(maria: Page) -> None:
    with calling(b"anonymous", name=b'"Anonymous"', ends="cancel", after_s=1):
        maria.wait_state("offered")
        assert maria.work["card"]["is_new"]
        assert maria.work["card"]["phones"] == []
        maria.wait_state("ready")


def test_a_caller_who_gives_up_leaves_no_work(maria: Page, head: Client) -> None:
    before, here = newest_call(head)["id"], len(maria.frames)
    with calling("89161110201", ends="cancel", after_s=0.5) as caller:
        maria.wait_state("offered")
        maria.wait_state("ready")
        assert caller.wait(10), caller.errors()
    assert all(frame["desk"]["state"] in ("ready", "offered") for frame in maria.frames[here:])
    assert maria.desk["work"] is None
    call = ended_call(head, before)
    assert call["outcome"] == "no_answer"
    assert call["disposition"] == ""
    assert call["client"] == "Клиент Номер 1"


def test_a_caller_who_gives_up_as_the_operator_answers(desks: tuple[Page, Page], ami: RawAmi) -> None:
    """Whatever order they come in, nobody is asked for a result of a talk that never was."""
    for port, after_s in enumerate((0.15, 0.2, 0.25, 0.3), 5081):
        maria = _idle(desks)[0]  # taken in the very last moment, it is a call like any other
        with calling("89161110201", ends="cancel", after_s=after_s, port=port):
            maria.wait(lambda desk: desk["work"] is not None, "the offer")
            ami.drain(max(0.0, after_s - 0.1))
            if maria.desk["work"]:
                maria.press("answer", work=maria.desk["work"]["id"])
            maria.wait(lambda desk: desk["work"] is None or desk["work"]["call"]["answered_at"], "the end", 5)
            assert maria.desk["state"] != "wrapup" or maria.work["call"]["answered_at"]


def fallback_rang(ami: RawAmi, since: int) -> float:
    """How many seconds after the call came in the group's phone was rung."""
    came = float(ami.event("Newchannel", since=since, Context="callwright-inbound")["Timestamp"])
    rang = ami.wait_for(
        lambda m: m.get("Event") == "DialBegin" and "op302" in m.get("DestChannel", ""),
        10,
        "the group's phone",
        since,
    )
    return float(rang["Timestamp"]) - came


def test_nobody_free_rings_the_group_within_a_second(
    maria: Page, anna: Page, head: Client, ami: RawAmi
) -> None:
    maria.press("break", on=True)
    anna.press("break", on=True)
    before, here = newest_call(head)["id"], ami.mark
    with calling("89161110200") as caller:
        assert fallback_rang(ami, here) < 1
        assert caller.wait(15), caller.errors()
    call = ended_call(head, before)
    assert call["direction"] == "inbound"
    assert call["operator"] == ""
    assert call["outcome"] == "no_answer"
    assert head.get(f"/api/v1/calls/{call['id']}")["end_reason"] == "fell_back"
    assert maria.press("break", on=True)["work"] is None


def test_a_stopped_daemon_takes_nothing_back_from_the_group(
    maria: Page, anna: Page, head: Client, daemon: Daemon, ami: RawAmi
) -> None:
    """Too late is too late: a client who speaks with the group's phone stays with it."""
    before, here = newest_call(head)["id"], ami.mark
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        with calling("89161110200") as caller:
            answered = ami.wait_for(
                lambda m: m.get("Event") == "DialEnd" and m.get("DialStatus") == "ANSWER",
                10,
                "the group's answer",
                here,
            )
            os.kill(daemon.pid, signal.SIGCONT)
            assert caller.wait(15), caller.errors()
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    over = ami.event("Hangup", 10, here, Uniqueid=answered["DestUniqueid"])
    assert float(over["Timestamp"]) - float(answered["Timestamp"]) > 1.8, "they had their two seconds"
    call = ended_call(head, before)
    assert head.get(f"/api/v1/calls/{call['id']}")["end_reason"] == "fell_back"
    assert maria.press("break", on=False)["work"] is None
    assert anna.press("break", on=False)["work"] is None


def test_a_call_nobody_takes_goes_to_the_next_operator_or_back(
    maria: Page, anna: Page, head: Client, ami: RawAmi
) -> None:
    before, here = newest_call(head)["id"], ami.mark
    with calling("89161110200", port=5071) as one:
        maria.wait_state("offered")
        began = time.monotonic()
        ami.drain(1)  # so that the first one's time is up a second before the other's
        with calling("89161110201", port=5072) as two:
            anna.wait_state("offered")
            _pass_on(maria, ami, here, began)
            assert one.wait(15), one.errors()
            assert two.wait(15), two.errors()
    maria.save("inbound_done")
    anna.wait_state("ready")
    rows = {row["client"]: row for row in head.get("/api/v1/calls")["items"] if row["id"] > before}
    lost = rows["Клиент Номер 0"]
    assert (lost["operator"], lost["outcome"]) == ("", "no_answer")


def _pass_on(maria: Page, ami: RawAmi, here: int, began: float) -> None:
    """The first has nobody else to go to when its time is up; the second finds maria free again."""
    maria.wait(lambda desk: not desk["work"], "the end of the first offer", 25)
    assert time.monotonic() - began == pytest.approx(20, abs=1.5)
    ami.wait_for(
        lambda m: m.get("Event") == "DialBegin" and "op302" in m.get("DestChannel", ""), 5, "group", here
    )
    maria.wait_state("offered")
    assert maria.work["card"]["name"] == "Клиент Номер 1"
    maria.on_work("answer")
    maria.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
    maria.on_work("hangup")
    maria.wait_state("wrapup")


def test_without_the_daemon_the_group_rings_alone(
    desks: tuple[Page, Page], daemon: Daemon, ami: RawAmi
) -> None:
    daemon.kill()
    try:
        here = ami.mark
        with calling("89161110200") as caller:
            assert fallback_rang(ami, here) < 1
            assert caller.wait(15), caller.errors()
    finally:
        daemon.start()
    for page in desks:
        page.reopen()
        page.wait(lambda desk: desk["pbx_up"], "the PBX")
        assert page.desk["session_up"], "the operators' phones never noticed"
        assert page.desk["work"] is None
