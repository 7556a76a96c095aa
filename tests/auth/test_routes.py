"""The requests around a login, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from http.cookies import SimpleCookie

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from dialer.auth.guard import Guard
from dialer.auth.model import Role, User
from dialer.auth.routes import PhonePlace, add_login_routes, operations
from dialer.auth.service import Auth
from dialer.http.api import register
from dialer.http.problems import Catalogue, Problem
from tests.auth.conftest import PASSWORD, Clocks, user

Client = TestClient[web.Request, web.Application]
Answered = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def problems(request: web.Request, handler: Answered) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return Catalogue().response(problem, "en")


def place(who: User) -> PhonePlace | None:
    """Phones of the PBX "gone" register nowhere: it is not in the configuration."""
    return None if who.pbx == "gone" else PhonePlace(ws="ws://pbx:8088/ws", domain="pbx")


async def serving(auth: Auth, *, secure: bool, proxies: tuple[str, ...] = ()) -> Client:
    guard = Guard(auth, ["https://calls.example"], secure=secure, proxies=proxies)
    app = web.Application(middlewares=[problems])
    add_login_routes(app, auth, guard)
    register(app, operations(auth, phone_place=place), guard.user, problems)
    client: Client = TestClient(TestServer(app))
    await client.start_server()
    return client


@pytest.fixture
async def client(auth: Auth, operator: User) -> AsyncIterator[Client]:
    made = await serving(auth, secure=False)
    yield made
    await made.close()


def ours(client: Client, **more: str) -> dict[str, str]:
    return {"Origin": str(client.make_url("/")).rstrip("/"), "X-Callwright": "1"} | more


async def post(client: Client, path: str, body: object, **headers: str) -> tuple[int, dict[str, object]]:
    answer = await client.post(f"/api/v1/{path}", json=body, headers=ours(client, **headers))
    return answer.status, await answer.json(content_type=None)


async def log_in(client: Client, login: str = "ann") -> tuple[int, dict[str, object]]:
    return await post(client, "login", {"login": login, "password": PASSWORD})


async def test_a_login_leads_home_and_sets_a_cookie_that_scripts_cannot_read(client: Client) -> None:
    answer = await client.post(
        "/api/v1/login", json={"login": "ann", "password": PASSWORD}, headers=ours(client)
    )
    assert await answer.json() == {"role": "operator", "language": "ru", "home": "/operator"}
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["callwright"]
    assert cookie["httponly"] is True
    assert (cookie["samesite"], cookie["path"], cookie["domain"], cookie["secure"]) == ("Strict", "/", "", "")
    assert answer.headers["Cache-Control"] == "no-store"
    me = await (await client.get("/api/v1/me")).json()
    assert (me["login"], me["phone"]) == ("ann", {"kind": "webrtc", "endpoint": "op1"})


async def test_over_https_the_browser_guards_the_cookies_name(auth: Auth, operator: User) -> None:
    client = await serving(auth, secure=True)
    headers = ours(client, Origin="https://calls.example")
    answer = await client.post("/api/v1/login", json={"login": "ann", "password": PASSWORD}, headers=headers)
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["__Host-callwright"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    plain = {"Cookie": f"callwright={cookie.value}"}  # what a neighbour on plain HTTP could have planted
    assert (await client.get("/api/v1/me", headers=plain)).status == 401
    guarded = {"Cookie": f"__Host-callwright={cookie.value}"}
    assert (await client.get("/api/v1/me", headers=guarded)).status == 200
    await client.close()


async def test_logging_out_works_twice_and_ends_the_session(client: Client) -> None:
    await log_in(client)
    assert await post(client, "logout", {}) == (200, {})
    assert (await client.get("/api/v1/me")).status == 401
    assert await post(client, "logout", {}) == (200, {})


async def test_a_wrong_login_says_so_with_a_code(client: Client) -> None:
    status, problem = await post(client, "login", {"login": "ann", "password": "wrong horse"})
    assert (status, problem["code"]) == (401, "login_wrong")
    for _ in range(5):
        status, problem = await post(client, "login", {"login": "ann", "password": "wrong horse"})
    assert (status, problem["code"]) == (429, "login_throttled")
    assert problem["params"]["seconds"] > 0  # type: ignore[index]


@pytest.mark.parametrize("body", [7, [], {}, {"login": 1, "password": 2}, {"login": "ann"}, "x" * 9000])
async def test_a_body_of_another_form_is_refused(client: Client, body: object) -> None:
    status, problem = await post(client, "login", body)
    assert (status, problem["code"]) == (400, "body_wrong")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Callwright": "0"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({}, 200),
        ({"Origin": "https://calls.example"}, 200),
    ],
)
async def test_a_foreign_page_can_do_nothing(client: Client, headers: dict[str, str], status: int) -> None:
    await log_in(client)
    for path, body in (
        ("me", {"theme": "dark"}),
        ("login", {"login": "ann", "password": PASSWORD}),
        ("logout", {}),
    ):
        if status == 200 and path != "me":
            continue
        assert (await post(client, path, body, **headers))[0] == status
    me = await (await client.get("/api/v1/me")).json()
    assert me["theme"] == ("dark" if status == 200 else "system")


async def test_a_request_without_an_origin_is_refused(client: Client) -> None:
    await log_in(client)
    answer = await client.post("/api/v1/me", json={"theme": "dark"}, headers={"X-Callwright": "1"})
    assert answer.status == 403


async def test_settings_change_only_within_what_there_is(client: Client) -> None:
    await log_in(client)
    status, me = await post(client, "me", {"language": "en", "single_keys": False})
    assert (status, me["language"], me["theme"], me["single_keys"]) == (200, "en", "system", False)
    assert (await post(client, "me", {"theme": "pink"}))[0] == 400
    assert (await post(client, "me", {"role": "admin"}))[1]["role"] == "operator"


async def test_the_phones_account_is_for_its_operator(auth: Auth, client: Client) -> None:
    assert (await client.get("/api/v1/phone")).status == 401
    await log_in(client)
    assert await (await client.get("/api/v1/phone")).json() == {
        "uri": "sip:op1@pbx",
        "ws": "ws://pbx:8088/ws",
        "password": "ring",
        "display": "Ann",
    }
    await user(auth, "lost", Role.OPERATOR, phone_kind="webrtc", endpoint="op1", phone_secret="x", pbx="gone")
    await log_in(client, "lost")
    assert (await client.get("/api/v1/phone")).status == 404
    await user(auth, "desk-phone", Role.OPERATOR, endpoint="op2")
    await log_in(client, "desk-phone")
    assert (await client.get("/api/v1/phone")).status == 404
    await user(auth, "boss", Role.SUPERVISOR)
    await log_in(client, "boss")
    assert (await client.get("/api/v1/phone")).status == 403


async def test_an_ended_session_is_no_session(auth: Auth, client: Client, clocks: Clocks) -> None:
    await log_in(client)
    clocks.move(minutes=31)
    assert (await client.get("/api/v1/me")).status == 401


async def test_a_token_from_before_the_login_is_not_taken_over(client: Client) -> None:
    planted = "planted-by-an-attacker"
    client.session.cookie_jar.update_cookies({"callwright": planted}, client.make_url("/"))
    assert (await client.get("/api/v1/me")).status == 401
    await log_in(client)
    held = client.session.cookie_jar.filter_cookies(client.make_url("/"))["callwright"].value
    assert held != planted
    other = {"Cookie": f"callwright={planted}"}
    async with TestClient[web.Request, web.Application](client.server) as attacker:
        assert (await attacker.get("/api/v1/me", headers=other)).status == 401


@pytest.mark.parametrize(("proxies", "status"), [(("127.0.0.1",), 200), ((), 429)])
async def test_one_clients_wrong_passwords_do_not_shut_out_another_behind_the_same_proxy(
    auth: Auth, operator: User, proxies: tuple[str, ...], status: int
) -> None:
    client = await serving(auth, secure=False, proxies=proxies)
    wrong = {"login": "ann", "password": "not the one"}
    for _ in range(5):
        assert (await post(client, "login", wrong, **{"X-Forwarded-For": "203.0.113.66"}))[0] == 401
    assert (await post(client, "login", wrong, **{"X-Forwarded-For": "203.0.113.66"}))[0] == 429
    right = {"login": "ann", "password": PASSWORD}
    assert (await post(client, "login", right, **{"X-Forwarded-For": "203.0.113.7"}))[0] == status
    await client.close()
