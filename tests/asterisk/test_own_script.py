"""A script that a supervisor drew in the editor, run by an operator on a real Asterisk.

Two pages of Chromium: the supervisor builds the water order by keys, publishes it and gives it to the campaign;
the operator's page is the phone, the client a sipp behind the trunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import Screen
from tests.browser.pens import Keys, build
from tests.rig.asterisk import AsteriskServer
from tests.rig.browser import chromium
from tests.rig.daemon import PASSWORD, Client, Daemon
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import asterisk, far_end, network, voice
from tests.rig.network import Network

__all__ = ["asterisk", "far_end", "network", "voice"]

pytestmark = pytest.mark.browser

CLIENT = "+79161110200"
NAME = "Заказ воды"


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("anna", "op201", phone="webrtc", secret=asterisk.accounts.browser)
    daemon.add_supervisor()
    daemon.add_campaign([CLIENT])
    daemon.add_inbound()
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def browser(network: Network, voice: Path) -> Iterator[Browser]:
    with chromium(voice) as browser:
        yield browser


def entered(browser: Browser, daemon: Daemon, login: str, *, width: int = 1366) -> Screen:
    """A user's page, in a profile of its own, logged in by the form."""
    context = browser.new_context(
        viewport={"width": width, "height": 768}, locale="ru-RU", permissions=["microphone"]
    )
    screen = Screen(context.new_page(), daemon.url)
    screen.page.set_default_timeout(15_000)
    screen.page.goto(f"{daemon.url}/login")
    expect(screen.page.get_by_role("textbox").first).to_be_focused()
    screen.page.keyboard.type(login)
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.type(PASSWORD)
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_url(lambda url: "/login" not in url)
    return screen


def write_and_hand_out(screen: Screen) -> None:
    screen.page.goto(f"{screen.url}/console#scripts")
    expect(screen.part("scripts")).to_be_visible()
    pen = Keys(screen)
    build(pen, NAME)
    expect(screen.part("findings")).to_have_text("Ошибок нет")
    pen.publish("первая")
    expect(screen.page.locator(".version")).to_have_text("v1")
    screen.page.goto(f"{screen.url}/console#campaigns")
    card = screen.page.get_by_role("article").filter(has_text="Вода")
    card.get_by_role("button", name="Скрипт кампании").click()
    card.get_by_role("combobox").select_option(label=NAME)
    screen.part("save-script").click()
    expect(card).to_contain_text(f"Скрипт: {NAME}")


def test_what_a_supervisor_drew_is_run_on_a_call(browser: Browser, daemon: Daemon, far_end: FarEnd) -> None:
    head = entered(browser, daemon, "head", width=1920)
    write_and_hand_out(head)

    anna = entered(browser, daemon, "anna")
    expect(anna.page.get_by_role("button", name="Начать смену").first).not_to_have_attribute(
        "aria-disabled", "true"
    )  # the phone is registered
    anna.start_shift("Вода")
    anna.talk()
    say = anna.part("say")
    expect(say).to_contain_text("Привезти воды?")
    anna.press("Digit1")
    expect(say).to_contain_text("Сколько бутылей и куда?")
    anna.press("KeyQ")  # "Who are you?", and back to where the talk was
    expect(say).to_contain_text("Мы возим воду.")
    anna.press("Digit1")
    expect(say).to_contain_text("Сколько бутылей и куда?")
    anna.page.get_by_label("Бутылей").fill("12")
    anna.page.get_by_label("Доставка").select_option("Город")
    anna.press("Escape", "Digit1")
    expect(say).to_contain_text("От десяти бутылей скидка.")
    anna.finish()
    anna.state("ready")

    seen = Client(daemon, "head")
    call = seen.get("/api/v1/calls")["items"][0]["id"]
    steps = seen.get(f"/api/v1/calls/{call}")["steps"]
    assert [step["title"] for step in steps] == ["Приветствие", "Заказ", "Кто мы", "Заказ", "Опт"]
    for screen in (head, anna):
        screen.close()
        screen.page.context.close()
