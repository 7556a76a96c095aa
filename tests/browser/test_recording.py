"""A recording is paused by a key, and its page shows where, who heard it, and that it is kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.office import Office
from tests.browser.pages import OpenScreen


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_pause_and_what_the_calls_page_says_of_it(
    open_screen: OpenScreen, office: Office, theme: str
) -> None:
    operator = open_screen(theme=theme)
    operator.enter("maria", theme=theme)
    operator.start_shift()
    button = operator.part("pause")
    expect(button).to_have_attribute("aria-disabled", "true")
    operator.talk()
    operator.page.wait_for_timeout(1_000)  # the recording is to have seconds to speak of
    operator.press("Shift+F8")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(operator.part("banner")).to_contain_text("не записывается")
    operator.accessible("a paused recording")
    operator.page.wait_for_timeout(700)
    operator.press("Shift+F8")
    expect(button).to_have_attribute("aria-pressed", "false")
    operator.page.wait_for_timeout(700)
    operator.press("F9")
    operator.state("wrapup")

    console = open_screen(theme=theme)
    console.enter("head", "console", theme=theme)
    console.page.goto(f"{console.url}/console#calls")
    console.part("table").get_by_role("link").first.click()
    pauses = console.part("pauses").locator("li")
    expect(pauses).to_have_count(1)
    expect(pauses).to_contain_text("Мария")
    expect(console.page.locator("[part~=region]").first).to_be_attached()
    console.part("hold").click()
    console.page.get_by_label("Почему запись").fill("жалоба 17")
    console.accessible("why a recording is kept")
    console.part("hold-send").click()
    expect(console.part("held")).to_contain_text("жалоба 17")
    console.part("play").click()
    expect(console.part("play")).to_contain_text("Пауза")
    console.page.wait_for_timeout(900)
    console.part("play").click()
    console.part("log").locator("summary").click()
    lines = console.part("log").locator("li")
    expect(lines.filter(has_text="решено сохранить: жалоба 17")).to_have_count(1)
    expect(lines.filter(has_text="запись открыта")).not_to_have_count(0)
    expect(lines.filter(has_text="прослушано")).to_have_count(1)
    console.accessible("a call's page with its log")
