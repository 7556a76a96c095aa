"""The script editor: a supervisor builds a script by mouse and by keyboard, publishes it; nothing written is lost."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from playwright.sync_api import expect
from sqlalchemy import Connection

from dialer.scripts import service
from dialer.scripts.model import Answer, Block, Script
from tests.browser.office import Office
from tests.browser.pages import OpenScreen, Screen
from tests.browser.pens import SUB, Keys, Mouse, Pen, build

READY_S = 3.0
SLOWER = 4  # times slower than this machine's processor


def published(office: Office, name: str) -> Script | None:
    def load(conn: Connection) -> Script | None:
        return service.sources(conn).get(name)

    return office.read(load)


def open_scripts(open_screen: OpenScreen, **look: Any) -> Screen:
    screen = open_screen(width=1920, **look)
    screen.enter("head", "console", **look)
    screen.page.goto(f"{screen.url}/console#scripts")
    expect(screen.part("scripts")).to_be_visible()
    return screen


@pytest.mark.parametrize("hand", [Mouse, Keys])
def test_a_supervisor_builds_and_publishes_the_water_order(
    open_screen: OpenScreen, office: Office, hand: Callable[[Screen], Pen]
) -> None:
    screen = open_scripts(open_screen, language="ru")
    pen = hand(screen)
    build(pen, "Заказ воды")
    expect(screen.part("findings")).to_have_text("Ошибок нет")
    pen.publish("первая")
    expect(screen.page.locator(".version")).to_have_text("v1")
    script = published(office, "Заказ воды")
    assert script is not None
    assert len(script.blocks) == 12
    assert sum(len(block.ways) for block in script.blocks) == 2
    assert [block.sub for block in script.blocks if block.sub] == [SUB]
    assert [(jump.text, script.block(jump.to) is not None) for jump in script.jumps] == [("Кто вы?", True)]
    order = next(block for block in script.blocks if block.title == "Заказ")
    assert [(field.id, field.kind, field.required) for field in order.fields] == [
        ("butyley", "number", True),
        ("dostavka", "choice", True),
    ]


def test_nothing_that_was_drawn_is_lost(open_screen: OpenScreen) -> None:
    """Arrows by the mouse, undo and redo, a reload, another's draft."""
    screen = open_scripts(open_screen, language="ru")
    pen = Mouse(screen)
    pen.begin("Опрос")
    pen.answer("Да")
    handle = screen.page.locator('[data-handleid="a:a1"]')
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + 4, box["y"] + 4
    screen.page.mouse.move(x, y)
    screen.page.mouse.down()
    screen.page.mouse.move(x + 200, y + 60, steps=4)
    screen.page.mouse.up()
    expect(pen.nodes()).to_have_count(2)
    expect(screen.page.locator(".svelte-flow__edge")).to_have_count(1)
    screen.page.keyboard.type("Второй")
    pen.saved()
    screen.press("Control+KeyZ", "Control+KeyZ")
    expect(pen.nodes()).to_have_count(1)
    screen.press("Control+KeyY", "Control+KeyY")
    expect(pen.nodes()).to_have_count(2)
    pen.saved()
    screen.page.reload()
    expect(pen.nodes().filter(has_text="Второй")).to_have_count(1)

    other = open_screen(language="ru", width=1920)
    other.enter("boss", "console", language="ru")
    other.expect_errors("409")
    other.page.goto(screen.page.url)
    expect(other.part("others")).to_contain_text("Ирина")
    second = Mouse(other)
    second.open("Второй")
    second.say("Слова другого")
    second.saved()
    screen.expect_errors("409")
    pen.open("Второй")
    pen.say("Свои слова")
    expect(screen.part("stale")).to_contain_text("Boss")
    screen.part("keep-mine").click()
    pen.saved()
    expect(screen.part("stale")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_editor_is_accessible(open_screen: OpenScreen, theme: str) -> None:
    screen = open_scripts(open_screen, language="ru" if theme == "light" else "en", theme=theme)
    screen.accessible("the list")
    screen.part("new-script").click()
    screen.accessible("a new script")
    screen.press("Escape")
    screen.page.get_by_role("link", name="Повторный заказ воды").click()
    expect(screen.part("block-panel")).to_be_visible()
    screen.page.get_by_role("combobox").nth(3).click()
    screen.accessible("the editor with a list open")
    screen.press("Escape")
    for part in ("settings", "findings", "preview"):
        screen.part(part).click()
        expect(screen.part(part)).to_have_attribute("aria-pressed", "true")
        screen.accessible(part)
    expect(screen.part("preview-answer").first).to_be_visible()
    screen.part("preview-answer").first.click()
    expect(screen.page.locator(".block.here")).to_contain_text("Остаток")
    screen.part("add-block").click()
    expect(screen.part("findings")).not_to_have_attribute("aria-label", "")
    for part, inside in (("publish", "note"), ("versions", "comparison"), ("search", "search-words")):
        screen.part(part).click()
        expect(screen.part(inside)).to_be_visible()
        screen.accessible(part)
        screen.press("Escape")


def large(blocks: int) -> Script:
    """A chain of blocks, each with three answers that lead further on."""

    def one(at: int) -> Block:
        ahead = [min(at + step, blocks - 1) for step in (1, 2, 7)]
        answers = tuple(Answer(id=f"a{n}", text=f"Ответ {n}", to=f"b{to}") for n, to in enumerate(ahead))
        return Block(id=f"b{at}", title=f"Блок {at}", text="Слова. " * 12, answers=answers)

    last = Block(id=f"b{blocks - 1}", title="Конец", text="Всё.", end="end", goal=True)
    return Script(
        name="Большой", language="ru", start="b0", blocks=(*(one(at) for at in range(blocks - 1)), last)
    )


def test_three_hundred_blocks_are_ready_in_time(open_screen: OpenScreen, office: Office) -> None:
    """At a quarter of this processor's speed; what is drawn already stands where it was left."""
    screen = open_scripts(open_screen, language="ru")
    script = large(300)
    layout = {block.id: [at // 12 * 380, at % 12 * 260] for at, block in enumerate(script.blocks)}
    body = json.loads(msgspec.json.encode({"script": script, "layout": layout}))
    made = screen.post("/api/v1/scripts", body)["id"]
    slow = screen.page.context.new_cdp_session(screen.page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    least = 99.0
    for _ in range(3):  # the least of three: what a neighbour takes from this processor is not the page's
        began = time.monotonic()
        screen.page.evaluate(f"location.hash = 'scripts/{made}'")
        expect(
            screen.page.locator(".svelte-flow__node").filter(has_text=re.compile(r"^\s*Блок 0\b"))
        ).to_be_visible()
        least = min(least, time.monotonic() - began)
        if least <= READY_S:
            break
        screen.page.goto(f"{screen.url}/console#scripts")
        screen.page.reload()
        expect(screen.part("scripts")).to_be_visible()
    print(f"300 blocks ready in {least:.2f} s")
    assert least <= READY_S
    assert screen.page.locator(".svelte-flow__node").count() < 150
