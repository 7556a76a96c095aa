"""A softphone on another machine: pages over HTTPS by the daemon, SIP over WSS by Asterisk, a certificate of our own.

The address is not loopback, so Chromium gives a microphone to the https page alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import Screen
from tests.http.test_tls import make
from tests.rig.asterisk import AsteriskServer
from tests.rig.browser import chromium
from tests.rig.cache import REPOSITORY
from tests.rig.daemon import PASSWORD, Daemon
from tests.rig.fixtures import network
from tests.rig.network import ADDRESS, Network

__all__ = ["network"]

pytestmark = pytest.mark.browser

PAGES, SIP = f"https://{ADDRESS}:8099", f"wss://{ADDRESS}:8089/ws"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make(tmp_path_factory.mktemp("tls"), ADDRESS)


@pytest.fixture(scope="module")
def asterisk(network: Network, files: tuple[Path, Path]) -> Iterator[AsteriskServer]:
    """With the shipped sample for TLS."""
    server = AsteriskServer()
    sample = (REPOSITORY / "asterisk-conf/http_local.conf.sample").read_text()
    (server.etc / "http_local.conf").write_text(sample.replace("/etc/asterisk/keys", f"{server.inside}/etc"))
    owner = server.etc.stat()
    for file, name in zip(files, ("fullchain.pem", "privkey.pem"), strict=True):
        shutil.copy(file, server.etc / name)
        os.chown(server.etc / name, owner.st_uid, owner.st_gid)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def daemon(
    asterisk: AsteriskServer, files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("daemon")
    daemon = Daemon(folder, secret=asterisk.accounts.ami, monitor=asterisk.monitor, ws=SIP)
    certificate, key = files
    own = f'[http]\nhost = "{ADDRESS}"\ncertificate = "{certificate}"\nkey = "{key}"\n'
    daemon.config.write_text(daemon.config.read_text().replace("[http]\n", own))
    daemon.add_operator("anna", "op201", phone="webrtc", secret=asterisk.accounts.browser)
    daemon.add_campaign(["+79161110200"])
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def browser(network: Network) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_a_shift_begins_on_a_phone_in_an_https_page(browser: Browser, daemon: Daemon) -> None:
    context = browser.new_context(
        viewport={"width": 1366, "height": 768},
        locale="ru-RU",
        permissions=["microphone"],
        ignore_https_errors=True,  # as somebody does who was told of the certificate
    )
    screen = Screen(context.new_page(), PAGES)
    screen.page.set_default_timeout(20_000)
    screen.page.goto(f"{PAGES}/login")
    expect(screen.page.get_by_role("textbox").first).to_be_focused()
    screen.page.keyboard.type("anna")
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.type(PASSWORD)
    screen.page.keyboard.press("Enter")
    start = screen.page.get_by_role("button", name="Начать смену").first
    expect(start).not_to_have_attribute("aria-disabled", "true")  # the phone is registered
    screen.start_shift("Вода")
    (cookie,) = context.cookies()
    assert cookie["secure"] and cookie["httpOnly"] and cookie["name"].startswith("__Host-")
    assert screen.errors == []
    context.close()


def test_the_doctor_finds_it_sound(daemon: Daemon) -> None:
    said = daemon.command("doctor", "--language", "en")
    assert SIP in said
    assert "FAIL" not in said
