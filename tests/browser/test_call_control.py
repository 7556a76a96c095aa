"""Call control by keys and buttons, on the virtual PBX: the operator's page and the console's live view."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select

from dialer.desk.tables import listenings
from dialer.simulation.far_end import Way
from dialer.telephony.tables import calls, third_legs
from tests.browser.office import Office
from tests.browser.pages import OpenScreen, Screen

NUMBER = "8 900 555-11-22"


def on_the_line(open_screen: OpenScreen, language: str = "ru") -> Screen:
    screen = open_screen(language=language)
    screen.enter("maria", language=language)
    screen.start_shift()
    screen.talk()
    return screen


def ask(screen: Screen, whom: str, key: str = "Enter") -> None:
    screen.press("KeyT")
    expect(screen.part("third-choice").get_by_role("combobox")).to_be_focused()
    screen.page.keyboard.type(whom)
    screen.press(key)


def test_hold_by_key(open_screen: OpenScreen) -> None:
    screen = on_the_line(open_screen)
    hold = screen.part("hold")
    screen.press("KeyH")
    expect(hold).to_have_attribute("aria-pressed", "true")
    expect(screen.part("state")).to_contain_text("На удержании")
    expect(screen.part("digits")).to_have_attribute("aria-disabled", "true")
    screen.no_scroll()
    screen.accessible("on hold")
    screen.press("KeyH")
    expect(hold).to_have_attribute("aria-pressed", "false")
    expect(screen.part("state")).to_contain_text("Разговор")


def test_the_buttons_say_why_they_are_disabled(open_screen: OpenScreen) -> None:
    screen = open_screen(language="en")
    screen.enter("maria", language="en")
    screen.start_shift()
    screen.press("Control+Enter")
    screen.state("preview")
    for button in ("hold", "third", "digits"):
        expect(screen.part(button)).to_have_attribute("aria-disabled", "true")
        expect(screen.part(button)).to_have_attribute("title", "Only during a conversation")
        described = screen.part(button).get_attribute("aria-describedby")
        expect(screen.page.locator(f"#{described}")).to_have_text("Only during a conversation")


def test_an_attended_transfer_by_keyboard(open_screen: OpenScreen, office: Office) -> None:
    screen = on_the_line(open_screen)
    screen.press("KeyT")
    screen.accessible("whom to bring in")
    screen.no_scroll()
    screen.press("Escape")
    expect(screen.part("third-choice")).to_have_count(0)
    ask(screen, NUMBER)
    panel = screen.part("third-panel")
    expect(panel).to_contain_text("+7 900 555-11-22")
    expect(screen.part("state")).to_contain_text("Консультация")
    expect(screen.part("complete")).not_to_have_attribute("aria-disabled", "true")
    screen.accessible("consulting")
    screen.no_scroll()
    screen.press("KeyT")
    screen.state("wrapup")
    expect(screen.part("state")).to_contain_text("Переведён")
    screen.press("F4", "Home", "Enter", "Escape", "Control+Enter")
    screen.state("preview")
    (call,) = office.read(lambda conn: conn.execute(select(calls)).all())
    (third,) = office.read(lambda conn: conn.execute(select(third_legs)).all())
    assert call.transferred_at is not None and call.ended_at is None and third.call_id == call.id


def test_a_third_who_is_busy_brings_the_client_back(open_screen: OpenScreen, office: Office) -> None:
    screen = on_the_line(open_screen, "en")
    office.people.way = Way.BUSY
    ask(screen, NUMBER, "Shift+Enter")
    expect(screen.part("refusal")).to_contain_text("is busy. The client is with you again")
    expect(screen.part("third-panel")).to_have_count(0)
    expect(screen.part("hold")).to_have_attribute("aria-pressed", "false")
    screen.state("talking")


def test_a_transfer_is_undone_while_it_rings(open_screen: OpenScreen, office: Office) -> None:
    screen = on_the_line(open_screen)
    office.people.ring_s = 20
    ask(screen, NUMBER, "Shift+Enter")
    expect(screen.part("state")).to_contain_text("Звоним третьему")
    screen.press("KeyB")
    expect(screen.part("third-panel")).to_have_count(0)
    expect(screen.part("state")).to_contain_text("Разговор")


def test_three_together_and_back(open_screen: OpenScreen) -> None:
    screen = on_the_line(open_screen)
    ask(screen, NUMBER)
    expect(screen.part("together")).to_be_visible()
    screen.press("KeyG")
    expect(screen.part("state")).to_contain_text("Втроём")
    screen.accessible("three together")
    screen.press("KeyB")
    expect(screen.part("third-panel")).to_have_count(0)
    expect(screen.part("state")).to_contain_text("Разговор")


def test_keys_for_the_far_end_are_no_answers(open_screen: OpenScreen) -> None:
    screen = on_the_line(open_screen)
    trail = screen.part("trail").locator("li")
    screen.press("KeyD")
    screen.accessible("the pad")
    screen.page.keyboard.type("12#")
    expect(screen.part("pad").get_by_role("textbox")).to_have_value("12#")
    screen.part("pad").get_by_role("button", name="5").click()
    expect(screen.part("pad").get_by_role("textbox")).to_have_value("12#5")
    screen.press("Escape")
    expect(screen.part("pad")).to_have_count(0)
    expect(trail).to_have_count(1)


def test_a_colleague_in_session_sees_whom_they_get(open_screen: OpenScreen) -> None:
    colleague = open_screen(language="en")
    colleague.enter("emma", language="en")
    colleague.start_shift("Yearly boiler check")
    screen = on_the_line(open_screen)
    client = screen.part("client").inner_text()
    ask(screen, "Emm")
    colleague.state("helping")
    expect(colleague.part("guest")).to_contain_text(client)
    screen.press("KeyG")
    expect(screen.part("state")).to_contain_text("Втроём")
    colleague.accessible("in a colleague's call")
    colleague.press("F9")
    colleague.state("ready")
    expect(screen.part("refusal")).to_contain_text("Клиент снова с вами")
    screen.state("talking")


def test_a_phone_that_dropped_off_gets_the_call_back(open_screen: OpenScreen, office: Office) -> None:
    screen = on_the_line(open_screen)
    office.operator_phone_lost()
    expect(screen.part("banner")).to_contain_text("клиент ждёт")
    expect(screen.part("primary")).to_contain_text("Вернуть звонок")
    screen.accessible("the phone dropped off")
    screen.press("F2")
    expect(screen.part("state")).to_contain_text("Разговор")
    expect(screen.part("hold")).not_to_have_attribute("aria-disabled", "true")


def test_a_supervisor_listens_changes_the_mode_and_takes_over(
    open_screen: OpenScreen, office: Office
) -> None:
    screen = on_the_line(open_screen)
    boss = open_screen(language="en")
    boss.enter("boss", "console", language="en")
    boss.part("listen").click()
    expect(boss.part("ear")).to_contain_text("At the call of")
    boss.accessible("listening")
    boss.part("mode-whisper").click()
    expect(boss.part("mode-whisper")).to_have_attribute("aria-pressed", "true")
    expect(screen.part("third-panel")).to_have_count(0)
    boss.part("ear-take").click()
    screen.state("wrapup")
    expect(boss.part("ear")).to_have_count(0)
    rows = office.read(lambda conn: conn.execute(select(listenings).order_by(listenings.c.id)).all())
    assert [row.mode for row in rows] == ["listen", "whisper", "take_over"]


def test_a_supervisor_without_a_phone_is_told_so(open_screen: OpenScreen) -> None:
    on_the_line(open_screen)
    head = open_screen(language="en")
    head.enter("head", "console", language="en")
    expect(head.part("listen")).to_have_attribute("aria-disabled", "true")
    expect(head.part("listen")).to_have_attribute("title", "You have no phone: the admin gives you one")
