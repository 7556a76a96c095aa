"""Debian's Chromium with a microphone made of a file, and a bare SIP phone in it."""

from __future__ import annotations

import functools
import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tests.rig.asterisk import HTTP_PORT
from tests.rig.browser_files import FIRST_CHROMIUM, PHONE
from tests.rig.sound import Clock

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)


def flags(voice: Path | None = None) -> list[str]:
    """What Chromium is started with; `voice` is the WAV file that its microphone hears, over and over."""
    return [*FLAGS, *([f"--use-file-for-fake-audio-capture={voice}"] if voice else [])]


@contextmanager
def chromium(voice: Path | None = None) -> Iterator[Browser]:
    """A headless Chromium in the network of this thread. Not from within a running event loop."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(FIRST_CHROMIUM), args=flags(voice))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on a free port of loopback; its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="rig-http")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(10)


class Microphone:
    """What a page's microphone heard and when. Make it before the page calls for its microphone."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.add_init_script(path=PHONE / "microphone.js")

    def clock(self) -> tuple[Clock, float]:
        """The clock voice as the microphone heard it, and the page's time (s since 1970) of position 0."""
        heard = self._page.evaluate("__microphone")
        rate, pieces = int(heard["rate"]), heard["pieces"]
        first = float(pieces[0][0])
        starts = [round((at - first) * rate) for at, _ in pieces]
        samples = np.zeros(starts[-1] + len(pieces[-1][1]))
        for start, (_, piece) in zip(starts, pieces, strict=True):
            samples[start : start + len(piece)] = np.asarray(piece, dtype=np.float64) / 32768
        return Clock.listen(samples, rate), first + float(heard["began"])


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class BrowserPhone:
    """tests/rig/phone in a page: registers as `user`, answers whatever rings."""

    def __init__(self, browser: Browser, address: str, *, user: str, password: str) -> None:
        settings = json.dumps(
            {
                "ws": f"ws://127.0.0.1:{HTTP_PORT}/ws",
                "uri": f"sip:{user}@127.0.0.1",
                "password": password,
            }
        )
        self.page: Page = browser.new_page()
        self.microphone = Microphone(self.page)
        self.page.goto(f"{address}/index.html#{urllib.parse.quote(settings)}")

    def wait_registered(self, deadline_s: float = 15) -> None:
        self.page.wait_for_function("phone.registered", timeout=deadline_s * 1000)

    def wait_up(self, deadline_s: float = 15) -> None:
        self.page.wait_for_function("phone.up", timeout=deadline_s * 1000)

    def wait_idle(self, deadline_s: float = 15) -> None:
        self.page.wait_for_function("!phone.up", timeout=deadline_s * 1000)

    def hold(self) -> None:
        self.page.evaluate("() => { phone.session.hold() }")

    def unhold(self) -> None:
        self.page.evaluate("() => { phone.session.unhold() }")

    def mute(self, on: bool) -> None:
        self.page.evaluate("on => { on ? phone.session.mute() : phone.session.unmute() }", on)

    def hangup(self) -> None:
        self.page.evaluate("() => { phone.session.terminate() }")

    def log(self) -> list[tuple[float, str]]:
        """Times (this machine's clock) and what happened."""
        return [(at, what) for at, what in self.page.evaluate("phone.log")]
