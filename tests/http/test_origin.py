"""Requests that another site's page makes with our visitor's cookie: refused, over HTTP and over the websocket."""

from __future__ import annotations

import aiohttp
import pytest

from dialer.auth.model import Role
from tests.http.conftest import House, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

# {port} and {host} are those of the daemon; None leaves the header out.
FOREIGN = [
    None,
    "",
    "null",
    "http://evil.example",
    "https://evil.example",
    "http://evil.example:{port}",
    "http://{host}",
    "http://{host}:80",
    "http://{host}:{port}0",
    "http://{host}:0{port}",
    "https://{host}:{port}",
    "HTTP://{host}:{port}",
    "http://{host}:{port}/",
    "http://{host}:{port}/operator",
    "http://{host}:{port}#",
    "http://{host}:{port}?x",
    "http://{host}.:{port}",
    "http://{host}.evil.example:{port}",
    "http://evil.example/http://{host}:{port}",
    "http://{host}:{port}.evil.example",
    "http://{host}:{port}@evil.example",
    "http://x@{host}:{port}",
    "http://{host}:{port},http://evil.example",
    "http://evil.example http://{host}:{port}",
    "http://localhost:{port}",
    "http://[::1]:{port}",
    "http://2130706433:{port}",
    "http://127.1:{port}",
    "ws://{host}:{port}",
    "//{host}:{port}",
    "{host}:{port}",
    "file://",
    "chrome-extension://{host}",
]


def origin_of(template: str | None, page: Page) -> str | None:
    host, port = page.url.removeprefix("http://").split(":")
    return template.format(host=host, port=port) if template is not None else None


@pytest.mark.parametrize("template", FOREIGN)
async def test_a_post_of_a_foreign_page_is_refused(house: House, template: str | None) -> None:
    page = house.pages[Role.OPERATOR]
    headers = {"Origin": origin_of(template, page)}
    answer = await page.ask("POST", "/api/v1/me", {"theme": "dark"}, headers=headers)
    assert (answer.status, answer.code) == (403, "origin_refused")


@pytest.mark.parametrize("template", FOREIGN)
@pytest.mark.parametrize("view", ["", "?view=console"])
async def test_a_websocket_of_a_foreign_page_is_refused(
    house: House, template: str | None, view: str
) -> None:
    page = house.pages[Role.SUPERVISOR if view else Role.OPERATOR]
    origin = origin_of(template, page)
    url = page.url.replace("http", "ws", 1) + "/api/v1/live" + view
    headers = {"Origin": origin} if origin is not None else {}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await page.http.ws_connect(url, headers=headers)
    assert refused.value.status == 403


@pytest.mark.parametrize("template", FOREIGN)
async def test_nobody_is_logged_in_from_a_foreign_page(house: House, template: str | None) -> None:
    page, login = house.page(), house.users[Role.OPERATOR].login
    body = {"login": login, "password": "long enough for tests"}
    answer = await page.ask("POST", "/api/v1/login", body, headers={"Origin": origin_of(template, page)})
    assert (answer.status, answer.code) == (403, "origin_refused")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_the_browser_says_of_the_site_is_believed(house: House, method: str, site: str) -> None:
    page = house.pages[Role.OPERATOR]
    body = {"theme": "dark"} if method == "POST" else None
    answer = await page.ask(method, "/api/v1/me", body, headers={"Sec-Fetch-Site": site})
    assert (answer.status, answer.code) == (403, "origin_refused")


@pytest.mark.parametrize("value", [None, "", "0", "true"])
async def test_without_our_own_header_a_post_is_refused(house: House, value: str | None) -> None:
    page = house.pages[Role.OPERATOR]
    answer = await page.ask("POST", "/api/v1/me", {"theme": "dark"}, headers={"X-Callwright": value})
    assert (answer.status, answer.code) == (403, "header_missing")


@pytest.mark.parametrize(
    "form", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_form_of_a_foreign_page_is_no_json(house: House, form: str) -> None:
    page = house.pages[Role.OPERATOR]
    answer = await page.ask("POST", "/api/v1/me", data=b'{"theme":"dark"}', headers={"Content-Type": form})
    assert (answer.status, answer.code) == (415, "body_not_json")


async def test_no_answer_invites_other_origins(house: House) -> None:
    page = house.pages[Role.OPERATOR]
    for path in ("/api/v1/me", "/login", "/api/v1/openapi.json"):
        answer = await page.get(path, Origin="http://evil.example")
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    preflight = await page.ask(
        "OPTIONS", "/api/v1/me", headers={"Access-Control-Request-Method": "POST", "X-Callwright": None}
    )
    assert preflight.status >= 400
    assert not [name for name in preflight.headers if name.lower().startswith("access-control-")]
