"""What scripts do, in Chromium: a refused action and the way on, tasks, a client looked up, web hooks."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from playwright.sync_api import expect
from sqlalchemy import Connection, select

from dialer.automation import deliveries
from dialer.automation.tables import actions_done
from dialer.clients.tables import clients
from dialer.scripts import service
from dialer.scripts.actions import Action, CreateTask, DealStage, Message
from dialer.scripts.model import Field
from dialer.scripts.tables import steps
from dialer.wiring import utc_now
from tests.browser.office import Office
from tests.browser.pages import OpenScreen, Screen

PICTURES = os.environ.get("PICTURES", "")
DOES: tuple[Action, ...] = (
    DealStage(stage="Ждёт воду"),
    CreateTask(text="Позвонить на склад"),
    Message(to="nobody", text="Срочно"),
)


def publish(office: Office) -> None:
    """The script of the Russian campaign: its first answer does something, its first block asks for a client."""

    def change(conn: Connection) -> None:
        script = next(
            one for name, one in service.sources(conn).items() if "вод" in name.lower() and one.jumps
        )
        first = script.block(script.start)
        assert first is not None
        friend = Field(id="friend", label="Кто посоветовал", kind="reference", of="client")
        answers = (msgspec.structs.replace(first.answers[0], actions=DOES), *first.answers[1:])
        changed = msgspec.structs.replace(first, answers=answers, fields=(*first.fields, friend))
        blocks = tuple(changed if block.id == first.id else block for block in script.blocks)
        service.publish(conn, msgspec.structs.replace(script, blocks=blocks), utc_now())

    office.write(change)


def picture(screen: Screen, name: str) -> None:
    if PICTURES:
        screen.page.screenshot(path=Path(PICTURES) / f"{name}.png")


def test_on_without_an_action_and_the_task_ticked_off(open_screen: OpenScreen, office: Office) -> None:
    publish(office)
    name = office.read(lambda conn: conn.execute(select(clients.c.name).limit(1)).scalar_one())
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    screen.talk()
    friend = screen.part("field-friend")
    friend.fill(name[:8])
    screen.part("field-friend-found").get_by_role("button").first.click()
    expect(friend).to_have_value(name)
    friend.press("Escape")
    screen.press("Digit1")
    expect(screen.part("without")).to_contain_text("nobody")
    screen.accessible("a refused action")
    picture(screen, "without")
    assert not office.read(lambda conn: conn.execute(select(steps)).all())
    screen.page.locator("#without-why").fill("Уволился")
    screen.part("without-go").press("Enter")
    expect(screen.part("without")).to_have_count(0)
    expect(screen.part("trail").locator("li")).to_have_count(2)
    done = office.read(lambda conn: conn.execute(select(actions_done.c.outcome, actions_done.c.note)).all())
    assert [tuple(row) for row in done] == [("done", ""), ("done", ""), ("left_out", "Уволился")]
    screen.part("todo-open").press("Enter")
    expect(screen.part("todo")).to_contain_text("Позвонить на склад")
    screen.accessible("tasks and messages")
    picture(screen, "todo")
    screen.part("undone-seen").press("Enter")
    expect(screen.part("undone-seen")).to_have_count(0)
    screen.part("task-done").press("Enter")
    expect(screen.part("task-done")).to_have_count(0)
    screen.press("Escape")
    expect(screen.part("todo-open")).to_have_count(0)


def test_web_hooks_are_listed_and_sent_again(open_screen: OpenScreen, office: Office) -> None:
    def fail(conn: Connection) -> None:
        now = utc_now()
        deliveries.queue(conn, "R-1-0", hook="crm", body="{}", operator_id=1, now=now)
        deliveries.settle(
            conn, "R-1-0", now, again_at=None, delivered=False, status=404, trouble="answered 404"
        )

    office.write(fail)
    screen = open_screen(theme="dark")
    screen.enter("admin", "console#hooks")
    expect(screen.part("hooks")).to_contain_text("crm")
    expect(screen.part("deliveries")).to_contain_text("404")
    screen.accessible("web hooks")
    picture(screen, "hooks")
    screen.part("resend").press("Enter")
    expect(screen.part("deliveries")).not_to_contain_text("404")
