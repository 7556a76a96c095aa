"""What is learnt of scripts: from an answer to its clip, from a score card to the operator's word on it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.office import Office
from tests.browser.pages import OpenScreen, Screen

NOTE = "У нас тендер до марта"


def both_themes(screen: Screen, where: str) -> None:
    for theme in ("dark", "light"):
        screen.page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)
        screen.accessible(f"{where}, {theme}")


def picture(screen: Screen, folder: Path, name: str) -> None:
    screen.page.screenshot(path=folder / f"{name}.png")


def talk_and_save(operator: Screen) -> None:
    operator.talk()
    operator.page.wait_for_timeout(800)  # the recording is to have seconds to speak of
    operator.press("Digit0")
    operator.page.keyboard.type(NOTE)
    operator.press("Enter", "Digit1")
    operator.page.wait_for_timeout(800)
    operator.finish()


def test_from_an_answer_to_its_clip_and_from_a_score_card_to_its_answer(
    open_screen: OpenScreen, office: Office, tmp_path: Path
) -> None:
    operator = open_screen()
    operator.enter("maria")
    operator.start_shift()
    talk_and_save(operator)

    head = open_screen()
    head.enter("head", "console")
    head.page.goto(f"{head.url}/console#statistics")
    head.page.get_by_role("link", name="Повторный заказ воды").first.click()
    expect(head.part("sum")).to_contain_text("Прохождений: 1")
    expect(head.part("funnel").locator("li")).not_to_have_count(0)
    expect(head.part("arrows").locator("tbody tr")).not_to_have_count(0)
    expect(head.part("learnt-scheme").locator(".svelte-flow__edge.taken")).not_to_have_count(0)
    expect(head.part("learnt-scheme").locator(".figures").first).to_be_visible()
    viewport = head.part("learnt-scheme").locator(".svelte-flow__viewport")
    for button in head.part("learnt-scheme").get_by_role("group").get_by_role("button").all():
        before = viewport.get_attribute("style") or ""
        button.press("Enter")
        expect(viewport).not_to_have_attribute("style", before)
        head.page.wait_for_timeout(300)  # until it stands still
    both_themes(head, "statistics")
    picture(head, tmp_path, "statistics")
    head.part("none-clips").first.click()
    rows = head.part("table").get_by_role("row")
    expect(rows.filter(has_text=NOTE)).to_have_count(1)
    clip = head.page.get_by_role("button", name="Прослушать").first
    expect(clip).to_be_visible()
    clip.press("Enter")
    expect(head.part("clip-play")).to_contain_text("Пауза")
    expect(head.part("clip-second")).not_to_have_text("00:00 / 00:00")
    both_themes(head, "answers")
    picture(head, tmp_path, "answers")
    head.part("filter-text").fill("такого никто не говорил")
    head.part("filter-text").press("Enter")
    expect(head.page.get_by_text("Таких ответов нет.")).to_be_visible()

    write_a_form(head, tmp_path)
    head.part("draw").click()
    head.part("drawn").get_by_role("link").first.click()
    head.part("begin-review").click()
    head.part("mark").click()
    expect(head.part("marks").locator("li")).to_have_count(1)
    head.part("review").get_by_role("group", name="Поздоровался").get_by_role("button", name="4").click()
    expect(head.part("total")).to_have_text("Итог: 2 из 5")
    both_themes(head, "a review")
    picture(head, tmp_path, "review")
    head.part("give").click()
    expect(head.part("given-review")).to_contain_text("Оператор пока не ответил")

    operator.part("today").click()
    own = operator.part("own")
    own.get_by_role("listitem").get_by_role("button").click()
    operator.press("Digit1")  # an answer is no business of a dialog: the script behind it stays where it is
    expect(operator.part("trail").locator("[aria-current]")).to_have_text("Приветствие")
    own.get_by_label("Ваш ответ").fill("Клиент перебил")
    both_themes(operator, "an operator's own reviews")
    picture(operator, tmp_path, "own")
    operator.part("own-send").click()
    expect(operator.part("own-answer")).to_have_text("Клиент перебил")
    head.page.reload()
    expect(head.part("given-review")).to_contain_text("Клиент перебил")


def write_a_form(head: Screen, folder: Path) -> None:
    head.page.goto(f"{head.url}/console#reviews")
    expect(head.page.get_by_text("Проверок пока нет")).to_be_visible()
    head.part("new-form").click()
    head.page.get_by_label("Название").fill("Продажа")
    head.page.get_by_label("Вопрос 1").fill("Поздоровался")
    head.part("add-fault").click()
    head.page.get_by_label("Ошибка 1").fill("Перебивает")
    head.page.get_by_label("Снимает").fill("2")
    both_themes(head, "reviews and a form")
    picture(head, folder, "reviews")
    head.part("publish-form").click()
    expect(head.part("forms").locator("li")).to_contain_text("Продажа")
