"""One Chromium and one office for a module; each test gets a fresh page, whose console must stay clean."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.office import Office
from tests.browser.pages import OpenScreen, Screen
from tests.rig.browser import chromium

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def built() -> None:
    """The pages as their sources are now."""
    subprocess.run([sys.executable, ROOT / "tools" / "build_web.py"], check=True, timeout=600)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def office(built: None, tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    office.start()
    yield office
    office.stop()


@pytest.fixture
def open_screen(browser: Browser, office: Office) -> Iterator[OpenScreen]:
    """Opens a page in a browser of its own (cookies, storage); `share` opens it beside another one."""
    opened: list[Screen] = []

    def open_one(
        *, language: str = "ru", theme: str = "light", width: int = 1366, share: Screen | None = None
    ) -> Screen:
        context = (
            share.page.context
            if share
            else browser.new_context(
                viewport={"width": width, "height": 768 if width == 1366 else 1080},
                locale="ru-RU" if language == "ru" else "en-GB",
                color_scheme="dark" if theme == "dark" else "light",
            )
        )
        screen = Screen(context.new_page(), office.url)
        screen.page.set_default_timeout(10_000)
        opened.append(screen)
        return screen

    yield open_one
    for screen in opened:
        screen.page.context.close()
    for screen in opened:
        screen.close()
