"""Pages in Chromium as a test handles them: by the words of the product, not by selectors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Response, expect

from tests.browser.office import password_of

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HEADERS = {"X-Callwright": "1", "Content-Type": "application/json"}
THROTTLE_MS = 420  # the page drops a repeat within 400 ms


class Screen:
    """One page. `errors` collects what its console complained of; `close` fails if there was anything."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.presses: list[Response] = []
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", lambda got: self.presses.append(got) if "/desk/" in got.url else None)

    def enter(self, login: str, place: str = "operator", **settings: object) -> None:
        """Log in without the form, choose settings, open the place."""
        self.post("/api/v1/login", {"login": login, "password": password_of(login)})
        if settings:
            self.post("/api/v1/me", settings)
        self.page.goto(f"{self.url}/{place}")

    def post(self, path: str, body: object) -> Any:
        answer = self.page.request.post(
            self.url + path, data=json.dumps(body), headers={**HEADERS, "Origin": self.url}
        )
        assert answer.ok, answer.text()
        return answer.json()

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-test={name}]")

    def press(self, *keys: str) -> None:
        """Each key, with the pause of a quick hand between."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(THROTTLE_MS)

    def state(self, wanted: str) -> None:
        expect(self.part("state")).to_have_attribute("data-state", wanted)

    def start_shift(self, campaign: str = "Повторный заказ воды") -> None:
        """By the keyboard: the session, the campaign."""
        self.state("offline")
        self.press("F2")
        self.state("ready")
        offered = self.part("campaigns").get_by_role("listitem").filter(has_text=campaign)
        self.press("Digit" + offered.locator("kbd").inner_text())
        expect(offered.locator("[aria-pressed=true]")).to_have_count(1)

    def talk(self) -> None:
        """From between clients into a conversation."""
        self.press("Control+Enter")
        self.state("preview")
        self.press("F2")
        self.state("talking")

    def finish(self) -> None:
        """Whatever the page holds, end it: hang up and give the first result."""
        self.press("F9")
        self.state("wrapup")
        self.press("F4", "Home", "Enter", "Escape", "Control+Enter")

    def no_scroll(self) -> None:
        """The whole page is in sight (rule 1)."""
        overflow = self.page.evaluate(
            "[document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]"
        )
        if overflow != [0, 0]:
            raise AssertionError(f"the page scrolls by {overflow}")

    def accessible(self, where: str) -> None:
        """axe finds nothing of levels A and AA."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "tags => axe.run(document, {runOnly: tags}).then(result => result.violations.map("
            "one => ({id: one.id, nodes: one.nodes.map(node => node.html + ' ' + node.failureSummary)})))",
            STANDARD,
        )
        assert found == [], f"{where}: {json.dumps(found, ensure_ascii=False, indent=1)}"

    def expect_errors(self, *words: str) -> None:
        """Complaints that the test brings about itself, known by a word in them."""
        self.expected = words

    def close(self) -> None:
        """Raises if the console complained of anything unexpected."""
        found = [error for error in self.errors if not any(word in error for word in self.expected)]
        if found:
            raise AssertionError(f"in the console: {found}")


OpenScreen = Callable[..., Screen]
