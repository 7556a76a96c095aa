"""Pictures of the pages as they are now: python -m tests.browser.pictures [--readme] FOLDER.

All of them, to be looked at; with --readme the two of docs/pictures.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.office import Office
from tests.browser.pages import Screen
from tests.browser.small_png import smaller
from tests.rig.browser import chromium

HEIGHTS = {1366: 768, 1920: 1080}
TALK_MS = 15_000  # so long the conversation has lasted in the README's pictures


class Album:
    """Opens pages of one look and names their pictures after it."""

    def __init__(self, folder: Path, browser: Browser, office: Office) -> None:
        self.folder, self.browser, self.office = folder, browser, office

    def open(self, language: str, theme: str, width: int) -> Screen:
        context = self.browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]}, locale=language, timezone_id="Europe/Moscow"
        )
        return Screen(context.new_page(), self.office.url)

    def take(self, screen: Screen, name: str, language: str, theme: str, width: int) -> None:
        screen.page.screenshot(path=self.folder / f"{name}-{language}-{theme}-{width}.png")

    def operator(self, language: str, theme: str, width: int) -> None:
        look = (language, theme, width)
        screen = self.open(*look)
        screen.page.goto(f"{screen.url}/login")
        self.take(screen, "login", *look)
        screen.enter("maria" if language == "ru" else "emma", theme=theme, language=language)
        screen.state("offline")
        self.take(screen, "offline", *look)
        screen.start_shift("Повторный заказ воды" if language == "ru" else "Yearly boiler check")
        self.take(screen, "ready", *look)
        screen.press("Control+Enter")
        screen.state("preview")
        self.take(screen, "preview", *look)
        screen.press("F2")
        screen.state("talking")
        screen.page.wait_for_timeout(1_500)
        self.take(screen, "talking", *look)
        screen.press("KeyT")
        self.take(screen, "third-choice", *look)
        screen.page.keyboard.type("8 900 555-11-22" if language == "ru" else "07700 900123")
        screen.press("Enter")
        expect(screen.part("complete")).to_be_visible()
        self.take(screen, "third", *look)
        screen.press("KeyB", "KeyD")
        self.take(screen, "digits", *look)
        screen.press("Escape", "Digit1")
        screen.page.wait_for_timeout(2_000)
        screen.press("Digit1")
        self.take(screen, "fields", *look)
        screen.press("Escape", "KeyW")
        self.take(screen, "jump", *look)
        screen.press("Escape", "Digit0")
        screen.page.keyboard.type("Спросил про кулер" if language == "ru" else "Asked about the price")
        screen.press("Enter", "F9")
        screen.state("wrapup")
        self.take(screen, "wrapup", *look)
        screen.press("Shift+Digit2", "Control+Enter")
        screen.state("preview")
        self.take(screen, "next", *look)
        screen.press("F4", "End", "Enter", "Control+Enter")
        screen.page.context.close()

    def console(self, language: str, theme: str, width: int) -> None:
        look = (language, theme, width)
        screen = self.open(*look)
        screen.enter("head", "console", theme=theme, language=language)
        expect(screen.part("operators").or_(screen.page.locator(".panel")).first).to_be_visible()
        screen.page.wait_for_timeout(700)
        self.take(screen, "live", *look)
        screen.page.goto(f"{screen.url}/console#campaigns/1")
        expect(screen.part("table").get_by_role("cell").first).to_be_visible()
        self.take(screen, "campaigns", *look)
        screen.page.goto(f"{screen.url}/console#calls")
        link = screen.part("table").get_by_role("link").first
        expect(link).to_be_visible()
        self.take(screen, "calls", *look)
        link.click()
        expect(screen.part("steps").locator("button").nth(1)).not_to_have_attribute("aria-disabled", "true")
        screen.part("steps").locator("button").nth(1).click()
        screen.page.wait_for_timeout(1_000)
        self.take(screen, "call", *look)
        screen.page.context.close()

    def editor(self, language: str, theme: str, width: int) -> None:
        look = (language, theme, width)
        screen = self.open(*look)
        screen.enter("head", "console", theme=theme, language=language)
        screen.page.goto(f"{screen.url}/console#scripts")
        name = "Повторный заказ воды" if language == "ru" else "Yearly boiler check"
        screen.page.get_by_role("link", name=name).click()
        expect(screen.part("block-panel")).to_be_visible()
        self.take(screen, "editor", *look)
        screen.part("preview").click()
        screen.part("preview-answer").first.click()
        expect(screen.page.locator(".block.here")).to_be_visible()
        self.take(screen, "editor-preview", *look)
        screen.part("versions").click()
        expect(screen.part("comparison")).to_be_visible()
        self.take(screen, "editor-versions", *look)
        screen.page.context.close()

    def readme(self, language: str) -> None:
        """The operator's page in the middle of a shift and of a conversation."""
        screen = self.open(language, "light", 1366)
        screen.enter("maria" if language == "ru" else "emma", theme="light", language=language)
        screen.start_shift("Повторный заказ воды" if language == "ru" else "Yearly boiler check")
        screen.talk()
        for result in ("Home", "End", "Home"):
            screen.press("F9")
            screen.state("wrapup")
            screen.press("F4", result, "Enter", "Escape", "Control+Enter")
            screen.state("preview")
            screen.press("F2")
            screen.state("talking")
        screen.press("Digit1")
        screen.part("say").hover()  # no button looks hovered over
        screen.page.wait_for_timeout(TALK_MS)
        picture = smaller(screen.page.screenshot())
        (self.folder / f"operator-{language}.png").write_bytes(picture)
        screen.page.context.close()


def main(folder: Path, *, readme: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        office = Office(Path(place))
        office.start()
        try:
            album = Album(folder, browser, office)
            if readme:
                album.readme("ru")
                album.readme("en")
                return
            album.operator("ru", "light", 1366)
            album.operator("en", "dark", 1920)
            album.console("ru", "light", 1366)
            album.console("en", "dark", 1920)
            album.editor("ru", "light", 1366)
            album.editor("en", "dark", 1920)
        finally:
            office.stop()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--readme", action="store_true", help="only the pictures of the README")
    chosen = options.parse_args()
    main(chosen.folder, readme=chosen.readme)
