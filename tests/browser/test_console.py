"""The supervisor's console: who does what, pools, and a call whose answers are played where they were given."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.office import Office
from tests.browser.pages import OpenScreen, Screen


def a_call(screen: Screen, office: Office) -> None:
    """One finished conversation with three answers."""
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    screen.page.wait_for_timeout(1_200)  # the recording is to have seconds to speak of
    screen.press("Digit1", "KeyQ", "Digit0")
    screen.page.keyboard.type("Спросил адрес")
    screen.press("Enter")
    screen.page.wait_for_timeout(1_000)


def test_a_click_on_an_answer_plays_its_sentence(open_screen: OpenScreen, office: Office) -> None:
    operator = open_screen()
    a_call(operator, office)
    console = open_screen()
    console.enter("head", "console")
    row = console.part("operators").locator("tbody tr").filter(has_text="Мария")
    expect(row).to_contain_text("Разговор")
    expect(console.part("live-calls").locator("tbody tr")).to_have_count(1)
    operator.press("F9")
    operator.state("wrapup")
    expect(row).to_contain_text("Нужен результат")

    console.page.goto(f"{console.url}/console#calls")
    console.part("table").get_by_role("link").first.click()
    steps = console.part("steps").locator("button")
    expect(steps.nth(1)).not_to_have_attribute("aria-disabled", "true")
    assert steps.count() >= 3
    shown = console.page.evaluate(
        "id => fetch('/api/v1/calls/' + id).then(answer => answer.json())", console.page.url.rsplit("/", 1)[1]
    )
    marks = console.page.locator("[part~=marker]")
    expect(marks).to_have_count(len([step for step in shown["steps"] if step["offset_s"] is not None]))
    steps.nth(1).focus()
    console.press("Enter")
    expect(steps.nth(1)).to_have_attribute("aria-current", "step")
    expect(console.part("play")).to_contain_text("Пауза")
    console.page.get_by_role("button", name="3×").click()
    expect(console.page.get_by_role("button", name="3×")).to_have_attribute("aria-pressed", "true")


def test_pools_by_state_and_as_a_table(open_screen: OpenScreen) -> None:
    console = open_screen(language="en")
    console.enter("head", "console", language="en")
    console.page.goto(f"{console.url}/console#campaigns/1")
    table = console.part("table")
    expect(table.get_by_role("cell").first).to_be_visible()
    drawn = table.locator(".body [role=row]")
    assert drawn.count() < 60  # of 200: only those in sight
    table.locator(".body").evaluate("body => body.scrollTo(0, 1e6)")
    expect(table).to_have_attribute("aria-rowcount", "201")
    console.page.get_by_label("State").select_option("done")
    expect(console.page.get_by_role("status").filter(has_text="The pool is empty")).to_be_visible()
