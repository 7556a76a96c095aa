"""Call control, whole: the page's phone in Chromium on a real Asterisk. Hold, a third, the call back after a reload.

One call goes through all of it and stays one call, with one recording that says when the client heard music.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.asterisk.test_whole_path import browser, daemon, head, newest_call, recorded, screen
from tests.browser.pages import Screen
from tests.rig.asterisk import AsteriskServer
from tests.rig.daemon import Client
from tests.rig.fixtures import asterisk, far_end, network, voice
from tests.rig.process import wait_until
from tests.rig.sound import Clock, loudness, read_wav

__all__ = ["asterisk", "browser", "daemon", "far_end", "head", "network", "screen", "voice"]

pytestmark = pytest.mark.browser

ANSWERS = "8 916 111-32-00"
ANSWERS_AND_GOES = "8 916 111-32-10"  # hangs up by itself after 10 s
BUSY = "8 916 111-34-86"


def ask(screen: Screen, whom: str, key: str = "Enter") -> None:
    screen.press("KeyT")
    screen.page.keyboard.type(whom)
    screen.press(key)


def test_hold_transfer_and_the_call_back_after_a_reload(
    screen: Screen, head: Client, asterisk: AsteriskServer
) -> None:
    screen.press("Control+Enter")
    screen.state("preview")
    screen.press("F2")
    screen.state("talking")
    chip = screen.part("state")
    call = newest_call(head)
    screen.page.wait_for_timeout(2000)  # the talk itself

    screen.press("KeyH")
    expect(chip).to_contain_text("На удержании")
    screen.page.wait_for_timeout(1500)
    screen.press("KeyH")
    expect(chip).to_contain_text("Разговор")

    ask(screen, BUSY, "Shift+Enter")
    expect(screen.part("refusal")).to_contain_text("занято")
    expect(screen.part("third-panel")).to_have_count(0)

    ask(screen, ANSWERS)
    expect(chip).to_contain_text("Консультация")
    screen.press("KeyG")
    expect(chip).to_contain_text("Втроём")
    screen.press("KeyB")
    expect(screen.part("third-panel")).to_have_count(0)
    expect(chip).to_contain_text("Разговор")

    screen.page.reload()
    screen.state("talking")
    expect(chip).to_contain_text("Разговор")
    expect(screen.part("hold")).not_to_have_attribute("aria-disabled", "true", timeout=20_000)
    assert newest_call(head) == call, "nobody was dialled again"
    screen.page.wait_for_timeout(2500)  # the talk goes on

    ask(screen, ANSWERS_AND_GOES)
    expect(chip).to_contain_text("Консультация")
    screen.press("KeyT")
    screen.state("wrapup")
    expect(chip).to_contain_text("Переведён")
    screen.press("F4", "Home", "Enter", "Escape", "Control+Enter")
    wait_until(lambda: head.get(f"/api/v1/calls/{call}")["ended_at"], 25, "the end of the call handed on")
    shown = recorded(head, call)
    assert shown["recording"]["state"] == "ready"  # type: ignore[index]
    said, heard = (read_wav(path) for path in asterisk.recordings(call))
    assert loudness(said[0]) > 0.05
    assert len(Clock.listen(*heard).ticks) >= 3, "the operator's microphone, before the reload and after it"
