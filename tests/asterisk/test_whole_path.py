"""Outbound and inbound, whole: the product's own page in Chromium is the operator's phone, on a real Asterisk.

Nothing is simulated but the people: the page registers at Asterisk over WebRTC, the client is a sipp behind the
trunk, the operator works by keyboard, and both files of the recording hold sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import Screen
from tests.rig.asterisk import AsteriskServer
from tests.rig.browser import chromium
from tests.rig.daemon import OFFICE_NUMBER, PASSWORD, Client, Daemon
from tests.rig.far_end import CLIENT_HZ, Caller, FarEnd
from tests.rig.fixtures import asterisk, far_end, network, voice
from tests.rig.network import Network
from tests.rig.process import wait_until
from tests.rig.sound import Clock, loudest_hz, loudness, read_wav

__all__ = ["asterisk", "far_end", "network", "voice"]

pytestmark = pytest.mark.browser

KNOWN = "+79161110200"


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("anna", "op201", phone="webrtc", secret=asterisk.accounts.browser)
    daemon.add_supervisor()
    daemon.add_campaign([KNOWN, "+79161111200"])
    daemon.add_inbound()
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def browser(network: Network, voice: Path) -> Iterator[Browser]:
    with chromium(voice) as browser:
        yield browser


@pytest.fixture(scope="module")
def screen(browser: Browser, daemon: Daemon, far_end: FarEnd) -> Iterator[Screen]:
    """Anna's page, her session begun by F2 alone."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="ru-RU", permissions=["microphone"]
    )
    screen = Screen(context.new_page(), daemon.url)
    screen.page.set_default_timeout(15_000)
    screen.page.goto(f"{daemon.url}/login")
    expect(screen.page.get_by_role("textbox").first).to_be_focused()
    screen.page.keyboard.type("anna")
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.type(PASSWORD)
    screen.page.keyboard.press("Enter")
    expect(screen.page.get_by_role("button", name="Начать смену").first).not_to_have_attribute(
        "aria-disabled", "true"
    )  # the phone is registered
    screen.start_shift("Вода")
    yield screen
    context.close()


@pytest.fixture
def head(daemon: Daemon) -> Client:
    return Client(daemon, "head")


def recorded(head: Client, call: str) -> dict[str, object]:
    shown: dict[str, object] = wait_until(
        lambda: (found := head.get(f"/api/v1/calls/{call}"))["recording"]["state"] != "writing" and found,
        10,
        "the recording",
    )
    return shown


def newest_call(head: Client) -> str:
    return str(head.get("/api/v1/calls")["items"][0]["id"])


def assert_both_heard(asterisk: AsteriskServer, call: str) -> None:
    said, heard = (read_wav(path) for path in asterisk.recordings(call))
    assert loudness(said[0]) > 0.05
    assert loudest_hz(*said) == pytest.approx(CLIENT_HZ, abs=2)
    assert loudness(heard[0]) > 0.05
    assert len(Clock.listen(*heard).ticks) >= 2, "the operator's microphone is in the recording"


def test_outbound(screen: Screen, head: Client, asterisk: AsteriskServer) -> None:
    screen.press("Control+Enter")
    screen.state("preview")
    screen.press("F2")
    screen.state("talking")
    screen.press("Digit1")
    screen.page.wait_for_timeout(3500)  # the talk itself
    screen.press("Digit0")
    screen.page.keyboard.type("Спросил про кулер")
    screen.press("Enter", "F9")
    screen.state("wrapup")
    call = newest_call(head)
    screen.press("Shift+Digit1", "Control+Enter")
    screen.state("preview")
    shown = recorded(head, call)
    assert shown["recording"]["state"] == "ready"  # type: ignore[index]
    assert not shown["recording"]["uncertain"]  # type: ignore[index]
    assert_both_heard(asterisk, call)
    assert screen.errors == []
    screen.press("F4", "End", "Enter", "Control+Enter")  # the second client, set aside for the next test
    screen.state("ready")


def test_inbound(screen: Screen, head: Client, asterisk: AsteriskServer) -> None:
    caller = Caller(OFFICE_NUMBER, number=KNOWN.encode())
    try:
        screen.state("offered")
        expect(screen.part("client")).to_contain_text("Клиент Номер 0")
        screen.press("F2")
        screen.state("talking")
        screen.page.wait_for_timeout(3500)
        call = newest_call(head)
        screen.press("F9")
        screen.state("wrapup")
        assert caller.wait(10), caller.errors()
    finally:
        caller.remove()
    screen.press("F4", "Home", "Enter", "Control+Enter")
    shown = recorded(head, call)
    assert shown["direction"] == "inbound"
    assert shown["recording"]["state"] == "ready"  # type: ignore[index]
    assert shown["script"] is not None
    assert_both_heard(asterisk, call)
    assert screen.errors == []
