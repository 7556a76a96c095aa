"""Admin > Health check: run by itself at first sight, told part by part, closed to others."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.office import Office
from tests.browser.pages import OpenScreen


def test_an_admin_sees_what_is_wrong_and_how_to_mend_it(open_screen: OpenScreen, office: Office) -> None:
    console = open_screen(language="en")
    console.enter("admin", "console", language="en")
    console.page.get_by_role("link", name="Health check").click()
    fallback = console.page.locator("[data-test=finding][data-code=source_missing]")
    reached = console.page.locator("[data-test=finding][data-code=pbx_reached]")
    expect(reached).to_contain_text("answers at 127.0.0.1", timeout=30_000)
    expect(reached).to_contain_text("fine")
    expect(fallback).to_have_count(0)
    expect(console.part("health-status")).to_contain_text("Checked")
    console.accessible("health check")

    console.part("echo-phone").select_option("op101")
    console.part("echo-ring").click()
    expect(console.part("echo-status")).to_contain_text("op101", timeout=40_000)

    office.pbx_dies()
    console.part("health-run").click()
    away = console.page.locator("[data-test=finding][data-code=pbx_unreachable]")
    expect(away).to_contain_text("manager.conf", timeout=30_000)
    expect(console.part("health-status")).to_contain_text("error")
    console.part("language").click()
    expect(away).to_contain_text("АТС не отвечает")
    console.accessible("health check, Russian")


def test_a_supervisor_does_not_see_it(open_screen: OpenScreen) -> None:
    console = open_screen(language="en")
    console.enter("head", "console", language="en")
    expect(console.page.get_by_role("link", name="Health check")).to_have_count(0)
    console.expect_errors("403")
    console.page.goto(f"{console.url}/console#health")
    console.page.reload()
    expect(console.part("health-status")).to_contain_text("Only admins")
