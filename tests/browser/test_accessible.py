"""axe, levels A and AA, in both themes, in every state of the pages (rule 14), and no page scroll (rule 1)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.office import WEB_PHONE, Office
from tests.browser.pages import OpenScreen


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("login", "language"), [("maria", "ru"), ("emma", "en")])
def test_the_operators_page(
    open_screen: OpenScreen, office: Office, theme: str, login: str, language: str
) -> None:
    screen = open_screen(language=language, theme=theme)
    screen.page.goto(f"{screen.url}/login")
    screen.accessible("login")
    screen.enter(login, theme=theme, language=language)
    screen.state("offline")
    screen.accessible("offline")
    screen.start_shift("Повторный заказ воды" if language == "ru" else "Yearly boiler check")
    screen.accessible("ready")
    screen.press("Control+Enter")
    screen.state("preview")
    screen.accessible("preview")
    screen.press("F2")
    screen.state("talking")
    screen.press("Digit1", "Digit0")
    screen.accessible("a step with the note open")
    screen.press("Escape", "KeyQ")
    screen.accessible("a jump")
    screen.press("F1")
    screen.accessible("the list of keys")
    screen.press("F1")
    office.pbx_dies()
    expect(screen.part("banner")).to_be_visible()
    screen.accessible("no PBX")
    screen.no_scroll()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_console(open_screen: OpenScreen, theme: str) -> None:
    operator = open_screen()
    operator.enter("maria")
    operator.start_shift()
    operator.talk()
    screen = open_screen(theme=theme)
    screen.enter("head", "console", theme=theme)
    expect(screen.part("operators")).to_be_visible()
    screen.accessible("live")
    screen.page.goto(f"{screen.url}/console#campaigns/1")
    expect(screen.part("table").get_by_role("cell").first).to_be_visible()
    screen.accessible("campaigns and a pool")
    screen.page.goto(f"{screen.url}/console#calls")
    link = screen.part("table").get_by_role("link").first
    expect(link).to_be_visible()
    screen.accessible("calls")
    operator.press("Digit1", "F9")
    operator.state("wrapup")
    screen.page.reload()
    screen.part("table").get_by_role("link").first.click()
    expect(screen.part("waveform")).to_be_visible()
    screen.accessible("a call")


@pytest.mark.parametrize("width", [1366, 1920])
def test_nothing_scrolls(open_screen: OpenScreen, width: int) -> None:
    screen = open_screen(language="en", width=width)
    screen.expect_errors("WebSocket")  # no PBX is there for the browser's phone
    screen.enter(WEB_PHONE[0])
    screen.state("offline")
    screen.no_scroll()
    expect(screen.part("checks")).to_be_visible()
    screen.accessible("the check before a shift")


def test_a_role_without_rights_is_told_so(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.enter("head", "operator")
    expect(screen.page.get_by_role("heading")).to_have_text("Эта страница не для вашей роли")
    screen.accessible("no rights")
    screen.page.get_by_role("link").click()
    expect(screen.part("operators").or_(screen.page.get_by_text("На смене никого нет"))).to_be_visible()
