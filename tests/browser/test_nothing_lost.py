"""Reloads, a dead daemon, a dead PBX, a dead network: what was typed stays, what works is said."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.office import WEB_PHONE, Office
from tests.browser.pages import OpenScreen, Screen


def in_step_with_fields(screen: Screen) -> None:
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    screen.press("Digit1")
    expect(screen.part("field-full_left")).to_be_visible()


LOST = ("ERR_", "WebSocket", "Failed to load resource")  # the browser notes each request that found nobody


def test_a_reload_right_after_typing_loses_no_word(open_screen: OpenScreen) -> None:
    screen = open_screen()
    in_step_with_fields(screen)
    screen.part("field-full_left").type("7")
    screen.part("note").type("перезвонить")
    screen.page.reload()
    expect(screen.part("field-full_left")).to_have_value("7")
    expect(screen.part("note")).to_have_value("перезвонить")
    screen.state("talking")


def test_a_comment_without_a_result_outlives_a_reload(open_screen: OpenScreen) -> None:
    screen = open_screen()
    in_step_with_fields(screen)
    screen.part("comment").type("просил утром")
    with screen.page.expect_response("**/desk/draft"):
        pass
    screen.press("Escape")
    screen.page.reload()
    expect(screen.part("comment")).to_have_value("просил утром")


def test_what_is_typed_is_on_the_server_within_a_second(open_screen: OpenScreen) -> None:
    screen = open_screen()
    in_step_with_fields(screen)
    with screen.page.expect_response("**/desk/fields", timeout=1_000) as answer:
        screen.part("field-full_left").type("3")
    kept = [
        one for one in answer.value.json()["desk"]["work"]["run"]["block"]["fields"] if one["value"] == "3"
    ]
    assert [one["id"] for one in kept] == ["full_left"]


def test_the_daemon_goes_and_comes_back_in_mid_call(open_screen: OpenScreen, office: Office) -> None:
    screen = open_screen()
    in_step_with_fields(screen)
    screen.expect_errors(*LOST)
    office.stop_daemon()
    screen.state("lost")
    expect(screen.part("banner")).to_contain_text("Нет связи с сервером")
    screen.part("field-full_left").type("5")
    office.start_daemon()
    screen.state("talking")
    expect(screen.part("banner")).to_have_count(0)
    expect(screen.part("field-full_left")).to_have_value("5")
    screen.press("Escape", "Digit1")
    expect(screen.part("trail").locator("[aria-current]")).to_have_text("Заказ")
    assert len(office.people.dialled) == 1


def test_a_press_during_the_loss_is_sent_again_with_its_key(open_screen: OpenScreen, office: Office) -> None:
    screen = open_screen()
    in_step_with_fields(screen)
    screen.part("field-full_left").type("5")
    screen.press("Escape")
    screen.expect_errors(*LOST)
    office.stop_daemon()
    screen.state("lost")
    keys: list[str] = []
    screen.page.on(
        "request",
        lambda asked: keys.append(asked.headers["idempotency-key"]) if "/step" in asked.url else None,
    )
    screen.press("Digit1")
    office.start_daemon()
    expect(screen.part("trail").locator("[aria-current]")).to_have_text("Заказ")
    assert len(keys) > 1
    assert len(set(keys)) == 1


def test_a_dead_pbx_is_said_with_what_still_works(open_screen: OpenScreen, office: Office) -> None:
    screen = open_screen()
    in_step_with_fields(screen)
    office.pbx_dies()
    expect(screen.part("banner")).to_contain_text("Нет связи с АТС")
    screen.part("field-full_left").type("5")
    screen.press("Escape", "Digit1")
    expect(screen.part("trail").locator("[aria-current]")).to_have_text("Заказ")


def test_scenario_43_one_tab_owns_the_phone_and_another_takes_it_over(open_screen: OpenScreen) -> None:
    first = open_screen(language="en")
    first.expect_errors(*LOST)
    first.enter(WEB_PHONE[0])
    expect(first.part("banner")).to_contain_text("not connected to the PBX")
    second = open_screen(share=first)
    second.expect_errors(*LOST)
    second.page.goto(f"{second.url}/operator")
    expect(second.part("banner")).to_contain_text("open in another tab")
    second.page.get_by_role("button", name="Take it here").click()
    expect(first.part("banner")).to_contain_text("open in another tab")
    expect(second.part("banner")).to_contain_text("not connected to the PBX")
