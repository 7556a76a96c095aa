"""A call from outside at the page: offered, answered with one key, a new client named."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select

from dialer.clients.tables import clients
from tests.browser.office import Office
from tests.browser.pages import OpenScreen


def test_an_unknown_caller_pops_and_is_named(open_screen: OpenScreen, office: Office) -> None:
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    office.call_in("+79995550001")
    screen.state("offered")
    expect(screen.part("offered")).to_contain_text("555-00-01")
    screen.no_scroll()
    screen.press("F2")
    screen.state("talking")
    expect(screen.part("offered")).to_have_count(0)
    screen.part("client-name").fill("Новая Клиентка")
    screen.press("Enter")
    names = select(clients.c.name)
    expect(screen.part("client-name").or_(screen.part("client"))).to_be_visible()
    office.client_hangs_up()
    screen.state("wrapup")
    assert "Новая Клиентка" in office.read(lambda conn: conn.execute(names).scalars().all())


def test_a_caller_who_gives_up_leaves_the_page_as_it_was(open_screen: OpenScreen, office: Office) -> None:
    screen = open_screen()
    screen.enter("maria")
    screen.start_shift()
    office.call_in("+79995550002")
    screen.state("offered")
    office.hang_up_all()
    screen.state("ready")
