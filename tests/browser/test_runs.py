"""Scripts beside the straight way: freely, without a call, put aside and taken up, rehearsed; by the keyboard."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import expect
from sqlalchemy import Connection, select

from dialer.clients.tables import clients
from dialer.scripts import service
from dialer.scripts.counting import kept
from dialer.scripts.model import Task
from dialer.scripts.tables import runs, steps
from dialer.wiring import utc_now
from tests.browser.office import Office
from tests.browser.pages import OpenScreen, Screen

NAME = "Повторный заказ воды"
PICTURES = os.environ.get("PICTURES", "")


def publish(office: Office, **changes: object) -> None:
    """The script of the Russian campaign with other settings."""

    def change(conn: Connection) -> None:
        script = next(
            one for name, one in service.sources(conn).items() if "вод" in name.lower() and one.jumps
        )
        service.publish(conn, msgspec.structs.replace(script, **changes), utc_now())

    office.write(change)


def picture(screen: Screen, name: str) -> None:
    if PICTURES:
        screen.page.screenshot(path=Path(PICTURES) / f"{name}.png")


def test_any_block_at_any_time_and_tasks_ticked_off(open_screen: OpenScreen, office: Office) -> None:
    tasks = (Task(id="name", text="Обратиться по имени"), Task(id="price", text="Назвать цену"))
    publish(office, mode="free", tasks=tasks)
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    expect(screen.part("plan")).to_contain_text("0/2")
    screen.press("KeyS")
    find = screen.part("plan-find")
    expect(find).to_be_focused()
    screen.part("task-name").check()
    expect(screen.part("plan")).to_contain_text("1/2")
    options = screen.part("plan-list").get_by_role("option")
    whole = options.count()
    find.fill("заказ")
    expect(options).not_to_have_count(whole)
    screen.accessible("the plan")
    picture(screen, "plan")
    find.focus()
    screen.press("ArrowDown", "ArrowDown", "Enter")
    expect(screen.part("plan-panel")).to_have_count(0)
    expect(screen.part("trail").locator("li")).to_have_count(2)
    assert office.read(lambda conn: conn.execute(select(steps.c.kind)).scalars().all()) == ["go"]
    screen.press("Backspace")
    expect(screen.part("trail").locator("li")).to_have_count(1)
    screen.no_scroll()


def test_without_a_call_put_aside_and_taken_up(open_screen: OpenScreen, office: Office) -> None:
    client = office.read(
        lambda conn: (
            conn.execute(select(clients.c.name).where(clients.c.name > "А").order_by(clients.c.id))
            .scalars()
            .first()
        )
    )
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.press("KeyS")
    script = screen.part("hand-script")
    script.select_option(
        index=next(
            at for at, text in enumerate(script.locator("option").all_inner_texts()) if "вод" in text.lower()
        )
    )
    screen.part("hand-client").fill(str(client))
    screen.part("hand-found").locator("input").first.check()
    screen.accessible("the shelf")
    picture(screen, "shelf-start")
    screen.part("hand-start").click()
    screen.state("filling")
    screen.press("Digit1")
    block = screen.part("trail").locator("[aria-current]").inner_text()
    picture(screen, "filling")
    screen.press("F2")
    screen.state("ready")
    screen.press("KeyS")
    expect(screen.part("aside")).to_contain_text(str(client))
    picture(screen, "shelf")
    screen.part("take-up").click()
    expect(screen.part("trail").locator("[aria-current]")).to_have_text(block)
    screen.press("KeyS")
    screen.part("reason").select_option("wrong_person")
    screen.press("Escape")
    assert office.read(lambda conn: conn.execute(select(runs.c.id)).all().__len__()) == 1


@pytest.mark.parametrize("theme", ["dark"])
def test_a_rehearsal_with_nobody_on_the_line(open_screen: OpenScreen, office: Office, theme: str) -> None:
    before = office.read(kept)
    screen = open_screen(theme=theme)
    screen.enter("maria", theme=theme)
    screen.state("offline")
    screen.press("KeyS")
    screen.part("rehearse").click()
    begin = screen.part("re-scripts").get_by_role("listitem").filter(has_text="вод").first.locator("button")
    screen.accessible("the choice")
    begin.click()
    expect(screen.part("re-notice")).to_be_visible()
    screen.press("Digit1")
    expect(screen.part("trail").locator("li")).to_have_count(2)
    screen.page.reload()
    expect(screen.part("trail").locator("li")).to_have_count(2)
    screen.accessible("a rehearsal")
    picture(screen, "rehearsal")
    screen.part("re-end").click()
    expect(screen.part("re-went").get_by_role("row")).to_have_count(3)
    screen.accessible("how it went")
    picture(screen, "went")
    assert office.read(kept) == before


def test_versions_are_tried_and_a_script_is_closed(open_screen: OpenScreen, office: Office) -> None:
    publish(office, about="Другие слова")
    screen = open_screen()
    screen.enter("boss", "console#scripts", language="ru")
    row = screen.part("scripts").get_by_role("row").filter(has_text=NAME)
    row.get_by_role("button", name="A/B").click()
    screen.part("try-1").check()
    screen.part("try-2").check()
    screen.part("start-trial").click()
    expect(screen.part("trial").get_by_role("row")).to_have_count(3)
    screen.accessible("a trial")
    picture(screen, "trial")
    screen.part("rights").get_by_role("checkbox", name="Все операторы: Начинать").check()
    screen.part("save-rights").click()
    expect(screen.part("trials")).to_contain_text("Сохранено")
    screen.part("adopt-1").click()
    expect(screen.part("start-trial")).to_be_visible()
    screen.press("Escape")
    screen.part("new-script").click()
    screen.page.get_by_role("radio", name="Из библиотеки").check()
    screen.part("library").select_option(label="Опрос об удовлетворённости (RU)")
    picture(screen, "library")
    screen.part("make-script").click()
    expect(screen.page).to_have_url(f"{screen.url}/console#scripts/{5}")
