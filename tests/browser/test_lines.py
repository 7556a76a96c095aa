"""The console's lines: seen, limited, stopped by the keyboard; a range abroad needs a second administrator."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from dialer.auth.model import Role
from tests.browser.office import Office
from tests.browser.pages import OpenScreen, Screen

PASSWORD = "long enough for tests"


def admin(open_screen: OpenScreen, office: Office, login: str, **looks: str) -> Screen:
    """A new administrator with the page of lines open."""
    office.add_user(login=login, name=login.title(), password=PASSWORD, role=Role.ADMIN)
    screen = open_screen(**looks)
    screen.post("/api/v1/login", {"login": login, "password": PASSWORD})
    screen.post("/api/v1/me", looks)
    screen.page.goto(f"{screen.url}/console#lines")
    expect(screen.part("line-ru")).to_be_visible()
    return screen


@pytest.mark.parametrize(("theme", "language"), [("light", "ru"), ("dark", "en")])
def test_the_page_is_accessible_with_all_that_it_opens(
    open_screen: OpenScreen, office: Office, theme: str, language: str
) -> None:
    screen = admin(open_screen, office, "anna", theme=theme, language=language)
    screen.accessible("lines")
    screen.part("edit-caps").press("Enter")
    expect(screen.part("save-caps")).to_be_visible()
    screen.accessible("limits being changed")
    screen.part("edit-ru").press("Enter")
    expect(screen.part("save-line")).to_be_visible()
    screen.page.get_by_role("checkbox").uncheck()
    screen.page.get_by_role("checkbox").last.uncheck()
    screen.accessible("a line being changed")
    screen.part("save-line").press("Enter")
    expect(screen.part("line-ru")).to_contain_text("08:00–21:00")
    screen.part("stop-all").press("Enter")
    expect(screen.part("confirm")).to_be_visible()
    screen.accessible("the kill switch asking")


def test_a_stop_ends_calls_and_refuses_new_ones_until_it_is_taken_back(
    open_screen: OpenScreen, office: Office
) -> None:
    operator = open_screen()
    operator.enter("maria")
    operator.start_shift()
    operator.talk()
    screen = open_screen()
    screen.enter("head", "console#lines")
    expect(screen.part("line-ru").locator("dd").first).to_have_text("1 / 30")
    expect(screen.part("edit-ru")).to_have_count(0)  # a supervisor stops lines, an administrator changes them
    screen.part("stop-all").focus()
    screen.press("Enter")
    screen.page.get_by_role("checkbox").focus()
    screen.press("Space")
    screen.part("confirm").focus()
    screen.press("Enter")
    operator.state("wrapup")
    expect(screen.part("stopped")).to_contain_text("Все исходящие звонки остановлены")
    operator.press("F4", "Home", "Enter", "Escape", "Control+Enter")
    operator.state("preview")
    operator.press("F2")
    expect(operator.part("refusal")).to_contain_text("Все исходящие звонки остановлены")
    screen.part("stop-all").press("Enter")
    screen.part("confirm").press("Enter")
    expect(screen.part("stopped")).to_have_count(0)
    operator.press("F2")
    operator.state("talking")


def test_a_range_abroad_waits_for_a_second_administrator(open_screen: OpenScreen, office: Office) -> None:
    first = admin(open_screen, office, "anna", language="en")
    first.part("line-ru").get_by_label("Prefix").fill("+375")
    first.press("Tab", "Enter")
    proposal = first.part("proposals")
    expect(proposal).to_contain_text("+375")
    expect(proposal.get_by_role("button", name="Agree")).to_have_attribute("aria-disabled", "true")
    first.accessible("a proposal")
    second = admin(open_screen, office, "boris", language="en")
    second.part("proposals").get_by_role("button", name="Agree").press("Enter")
    expect(second.part("line-ru").get_by_role("group")).to_contain_text("+375")
    expect(second.part("proposals")).to_have_count(0)
    second.part("line-ru").get_by_role("button", name="Remove +375").press("Enter")
    expect(second.part("line-ru").get_by_role("group")).not_to_contain_text("+375")


def test_a_limit_that_is_hit_is_an_alarm_on_the_console(open_screen: OpenScreen, office: Office) -> None:
    screen = admin(open_screen, office, "anna", language="en")
    screen.part("edit-caps").press("Enter")
    screen.part("caps").get_by_label("Calls a minute").first.fill("0")
    screen.part("save-caps").press("Enter")
    expect(screen.part("edit-caps")).to_be_visible()
    screen.page.goto(f"{screen.url}/console#live")
    operator = open_screen()
    operator.enter("maria")
    operator.start_shift()
    operator.press("Control+Enter")
    operator.state("preview")
    operator.press("F2")
    expect(operator.part("refusal")).to_contain_text("Предел вызовов в минуту: 0")
    expect(screen.part("alarms")).to_contain_text("Limit of calls a minute: 0", timeout=5_000)
    screen.accessible("an alarm")
