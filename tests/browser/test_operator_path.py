"""The operator's path by the keyboard alone, from the login to the next client (spec: issue's point 4)."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from sqlalchemy import func, select

from dialer.campaigns.tables import results
from dialer.scripts.tables import steps
from dialer.telephony.tables import calls
from tests.browser.office import Office
from tests.browser.pages import THROTTLE_MS, OpenScreen, Screen


def log_in(screen: Screen) -> None:
    screen.page.goto(f"{screen.url}/login")
    screen.page.keyboard.type("maria")
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.type("demo-maria-1")
    screen.page.keyboard.press("Enter")


def test_from_login_to_the_next_client_by_keyboard(open_screen: OpenScreen, office: Office) -> None:
    screen = open_screen()
    log_in(screen)
    screen.start_shift()
    screen.press("Control+Enter")
    screen.state("preview")
    client = screen.part("client").inner_text()
    screen.no_scroll()
    screen.press("F2")
    screen.state("talking")
    screen.no_scroll()

    screen.press("Digit1")  # to the block with an obligatory field
    expect(screen.part("trail")).to_contain_text("Остаток")
    screen.press("Tab")
    screen.page.keyboard.type("2")
    screen.press("Enter", "Escape", "Digit1")
    expect(screen.part("trail").locator("[aria-current]")).to_have_text("Заказ")
    screen.press("Backspace")
    expect(screen.part("trail").locator("[aria-current]")).to_have_text("Остаток")
    expect(screen.part("field-full_left")).to_have_value("2")
    screen.press("KeyQ")
    expect(screen.part("return")).to_be_visible()
    screen.press("Escape")
    expect(screen.part("return")).to_have_count(0)
    screen.press("Digit0")
    screen.page.keyboard.type("Спросил про кулер")
    screen.press("Enter")

    screen.press("F9")
    screen.state("wrapup")
    expect(screen.part("save")).to_have_attribute("aria-disabled", "true")
    screen.press("Shift+Digit2")
    expect(screen.part("callback-30")).to_have_attribute("aria-pressed", "true")
    expect(screen.part("save")).not_to_have_attribute("aria-disabled", "true")
    screen.press("Control+Enter")
    screen.state("preview")
    expect(screen.part("client")).not_to_have_text(client)
    saved = office.read(
        lambda conn: conn.execute(select(results).where(results.c.work_id.not_like("DEMO%"))).all()
    )
    assert [row.callback_at is not None for row in saved] == [True]
    notes = office.read(lambda conn: conn.execute(select(steps.c.note)).scalars().all())
    assert "Спросил про кулер" in notes


def test_results_by_arrows_and_undo(open_screen: OpenScreen) -> None:
    screen = open_screen(language="en")
    screen.enter("emma", language="en")
    screen.start_shift("Yearly boiler check")
    screen.talk()
    screen.press("F4", "End", "Enter")
    chosen = screen.part("results").locator("[aria-selected=true]")
    last = chosen.get_attribute("data-id")
    screen.press("Escape", "F4", "Home", "Enter")
    expect(chosen).not_to_have_attribute("data-id", str(last))
    screen.page.get_by_role("button", name="Undo the choice").click()
    expect(chosen).to_have_attribute("data-id", str(last))
    expect(screen.part("lack")).to_have_text("End the call first: F9")


def test_a_missing_field_gets_the_focus_and_its_word(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    screen.press("Digit1", "Digit1")
    field = screen.part("field-full_left")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(screen.page.locator("#field-full_left-message")).to_have_text("Обязательное поле")
    field.type("1")
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_a_double_press_is_one_press(open_screen: OpenScreen, office: Office) -> None:
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.press("Control+Enter")
    screen.state("preview")
    for _ in range(3):
        screen.page.keyboard.press("F2")
    screen.state("talking")
    first = screen.part("answers").locator("button").first
    first.dblclick()
    expect(screen.part("trail").locator("li")).to_have_count(2)
    assert len(office.people.dialled) == 1
    assert office.read(lambda conn: conn.execute(select(func.count()).select_from(calls)).scalar_one()) == 1


def test_keys_are_matched_by_their_place(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    press = {"code": "KeyQ", "key": "й", "text": "й", "windowsVirtualKeyCode": 81}
    cdp = screen.page.context.new_cdp_session(screen.page)
    cdp.send("Input.dispatchKeyEvent", {"type": "keyDown", **press})
    cdp.send("Input.dispatchKeyEvent", {"type": "keyUp", **press})
    expect(screen.part("return")).to_be_visible()


def test_keys_inside_a_field_are_typed_and_single_keys_can_be_switched_off(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    trail = screen.part("trail").locator("li")
    screen.part("note").click()
    screen.press("Digit1", "KeyQ", "Digit0")
    expect(screen.part("note")).to_have_value("1q0")
    expect(trail).to_have_count(1)
    screen.press("Escape", "F1")
    screen.page.get_by_role("checkbox").uncheck()
    screen.press("F1", "Digit1")
    expect(trail).to_have_count(1)
    screen.press("F8")
    expect(screen.part("mute")).to_have_attribute("aria-pressed", "true")


def test_the_client_who_hangs_up(open_screen: OpenScreen, office: Office) -> None:
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    office.client_hangs_up()
    screen.state("wrapup")
    expect(screen.part("state")).to_have_text(re.compile("Нужен результат"))


def test_a_result_by_its_first_letter(open_screen: OpenScreen) -> None:
    screen = open_screen(language="en")
    screen.enter("emma", language="en")
    screen.start_shift("Yearly boiler check")
    screen.talk()
    chosen = screen.part("results").locator("[aria-selected=true]")
    screen.press("F4", "r", "r", "Enter")
    expect(chosen).to_have_text("Refused: uses another's")
    expect(screen.part("return")).to_have_count(0)  # R is no jump there
    screen.press("d", "Enter")
    expect(chosen).to_have_text("Do not call")


def test_a_break_asked_for_in_mid_call_begins_after_the_client(open_screen: OpenScreen) -> None:
    screen = open_screen(language="en")
    screen.enter("emma", language="en")
    rest = screen.part("break")
    screen.state("offline")
    expect(rest).to_have_attribute("aria-disabled", "true")
    screen.start_shift("Yearly boiler check")
    screen.talk()
    rest.click()
    expect(rest).to_have_attribute("aria-pressed", "true")
    expect(rest).to_have_text("Break next")
    screen.state("talking")
    screen.no_scroll()
    screen.accessible("a break asked for")
    screen.press("F9")
    screen.state("wrapup")
    screen.press("F4", "Home", "Enter", "Escape")
    expect(screen.part("save")).to_contain_text("Save")
    expect(screen.part("save")).not_to_contain_text("next")
    expect(screen.part("stay")).to_have_count(0)
    screen.press("Control+Enter")
    screen.state("break")
    screen.press("F2")
    screen.state("ready")


def test_a_break_asked_for_can_be_taken_back(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    rest = screen.part("break")
    rest.dblclick()  # one press, like a double press of a key
    expect(rest).to_have_text("Далее перерыв")
    expect(screen.part("save")).not_to_contain_text("далее")
    screen.page.wait_for_timeout(THROTTLE_MS)
    rest.click()
    expect(rest).to_have_attribute("aria-pressed", "false")
    expect(screen.part("save")).to_contain_text("Сохранить и далее")
    screen.finish()
    screen.state("preview")
