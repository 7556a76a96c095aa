"""Requests of every wrong form are told what is wrong with them; none makes the server fail, none acts twice."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import func, select

from dialer.auth.model import Role
from dialer.campaigns.tables import claims, results
from dialer.http.api import MOST_BODY
from tests.http.conftest import Answer, House, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def raw(page: Page, path: str, data: Any) -> Answer:
    return await page.ask("POST", path, data=data)


# --- bodies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"{", b"{'theme':'dark'}", b'{"theme":', b"\xff\xfe", b'{"theme":"\xff"}', b"nul"]
)
async def test_what_is_no_json_is_told_so(house: House, data: bytes) -> None:
    answer = await raw(house.pages[Role.OPERATOR], "/api/v1/me", data)
    assert (answer.status, answer.code) == (400, "body_not_json")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("me", []),
        ("me", {"theme": "blue"}),
        ("me", {"single_keys": "yes"}),
        ("desk/session", {}),
        ("desk/campaign", {"campaign": "1"}),
        ("desk/dial", {"phone": 1}),
        ("desk/step", {"work": "w", "step": 1, "move": {"kind": "fly"}}),
        ("desk/step", {"work": "w", "step": "1", "move": {"kind": "back"}}),
        ("desk/draft", {"work": "w", "callback_at": "tomorrow"}),
        ("desk/draft", {"work": "w", "callback_at": "2026-11-22T10:00:00"}),  # of which zone?
    ],
)
async def test_json_of_another_form_is_told_what_is_wrong(house: House, path: str, body: object) -> None:
    answer = await house.pages[Role.OPERATOR].post(f"/api/v1/{path}", body)
    assert (answer.status, answer.code) == (400, "body_wrong")
    assert answer.body["detail"]
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_body_that_is_too_large_is_not_read(house: House) -> None:
    page = house.pages[Role.OPERATOR]
    for path in ("/api/v1/me", "/api/v1/desk/fields", "/api/v1/login"):
        answer = await raw(page, path, b'{"theme":"dark"' + b" " * MOST_BODY + b"}")
        assert (answer.status, answer.code) == (413, "too_large"), path

    async def chunks() -> Any:
        for _ in range(MOST_BODY // 1024 + 2):
            yield b" " * 1024

    assert (await raw(page, "/api/v1/me", chunks())).code == "too_large", "a body that hides its length"


HOSTILE: list[bytes] = [
    b'{"x":' + b"[" * 60_000,
    b'{"work":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    b'{"theme":"dark","x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    b'{"campaign":' + b"9" * 4_000 + b"}",
    b'{"campaign":1e400}',
    b'{"work":"\\ud800","name":"\\ud800"}',
    b'{"work":"\\u0000","name":"\\u0000","step":1,"fields":{"\\u0000":"\\u0000"}}',
    b'{"work":"w","step":99999999999999999999,"fields":{}}',
    b'{"work":"w","phone":-99999999999999999999}',
    b'{"on":true,"on":false,"work":"w"}',
    b"",
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    "path",
    [
        "login",
        *(f"desk/{verb}" for verb in ("campaign", "dial", "client", "fields", "mute", "draft", "step")),
    ],
)
async def test_no_body_makes_the_server_fail(house: House, path: str, data: bytes) -> None:
    answer = await raw(house.pages[Role.OPERATOR], f"/api/v1/{path}", data)
    assert answer.status in (200, 400), answer


@pytest.mark.parametrize(
    "body",
    [
        {"note": "\ud800"},
        {"comment": "\x00" * 10},
        {"comment": "я" * 10_000},
        {"callback_minutes": 10**18},
        {"callback_minutes": -5},
        {"callback_at": "9999-12-31T23:59:59Z"},
        {"callback_at": "0001-01-01T00:00:00Z"},
        {"callback_at": "0001-01-01T00:00:00+14:00"},
        {"disposition": "no such"},
        {"disposition": None, "comment": None, "callback_at": None, "note": None, "callback_minutes": None},
    ],
)
async def test_no_draft_makes_the_server_fail_now_or_when_it_is_saved(
    house: House, body: dict[str, Any]
) -> None:
    page, frame = await house.with_client()
    work = frame["desk"]["work"]["id"]
    drafted = await page.post("/api/v1/desk/draft", {"work": work, "disposition": "call_back"} | body)
    assert drafted.status in (200, 400), drafted
    saved = await page.post("/api/v1/desk/save", {"work": work, "next": False})
    assert saved.status == 200, saved
    if saved.body["refused"] is not None:
        assert saved.body["refused"]["title"] != saved.body["refused"]["code"]


# --- addresses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/me", "/nothing", "/api/v1/calls/x/y", "/api"])
async def test_an_unknown_address_is_a_problem_like_any_other(house: House, path: str) -> None:
    answer = await house.pages[Role.SUPERVISOR].get(path)
    assert (answer.status, answer.code) == (404, "not_found")


async def test_a_method_that_an_address_does_not_take(house: House) -> None:
    for method, path in (("DELETE", "/api/v1/me"), ("GET", "/api/v1/desk/next"), ("PUT", "/api/v1/login")):
        answer = await house.pages[Role.OPERATOR].ask(method, path)
        assert (answer.status, answer.code) == (405, "method_wrong")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/campaigns/{campaign}/entries",
        "/api/v1/campaigns/{campaign}/entries?cursor=&state=",
        "/api/v1/campaigns/{campaign}/entries?cursor=5&state=waiting",
        "/api/v1/campaigns/{campaign}/entries?state=no%20such",
        "/api/v1/calls",
        "/api/v1/calls?cursor=&campaign=",
        "/api/v1/calls?campaign={campaign}",
        "/api/v1/calls?cursor=%00%ff'--",
    ],
)
async def test_lists_take_empty_and_foreign_parameters(house: House, path: str) -> None:
    answer = await house.pages[Role.SUPERVISOR].get(path.replace("{campaign}", str(house.campaign_id)))
    assert answer.status == 200
    assert {"items", "next"} == set(answer.body)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/campaigns/999/entries",
        "/api/v1/campaigns/-1/entries",
        "/api/v1/campaigns/1e3/entries",
        "/api/v1/campaigns/99999999999999999999/entries",
        "/api/v1/campaigns/%D9%A1/entries",
        "/api/v1/campaigns/1/entries?cursor=x",
        "/api/v1/calls?campaign=1%27%20OR%201=1",
        "/api/v1/calls/nothing",
        "/api/v1/calls/" + "A" * 3000,
    ],
)
async def test_what_is_not_there_is_not_found(house: House, path: str) -> None:
    answer = await house.pages[Role.SUPERVISOR].get(path)
    assert (answer.status, answer.code) == (404, "not_found")


# --- a press is carried out once --------------------------------------------------------------------------------


async def test_a_repeated_key_is_carried_out_once(house: House) -> None:
    page, _ = await house.with_client()
    assert page.user is not None
    user_id = page.user.id
    await house.add_clients(3)

    async def count(table: Any) -> int:
        query = select(func.count()).select_from(table).where(table.c.operator_id == user_id)
        return await house.app.store.read(lambda conn: int(conn.execute(query).scalar_one()))

    frame = await page.press("draft", {"work": "", "disposition": "sale"})
    assert frame["refused"]["code"] == "work_changed", "meant for another client than the one on the page"
    work = (await page.press("next", {}))["desk"]["work"]["id"]
    await page.press("draft", {"work": work, "disposition": "sale"})
    key = str(uuid.uuid4())
    first = await page.press("save", {"work": work, "next": True}, key=key)
    again = await page.press("save", {"work": work, "next": True}, key=key)
    assert first["desk"]["work"]["id"] == again["desk"]["work"]["id"] != work
    assert (await count(results), await count(claims)) == (1, 2)
    without_key = await page.press("save", {"work": work, "next": True})
    assert without_key["desk"]["work"]["id"] == first["desk"]["work"]["id"], (
        "known by the work it was meant for"
    )
    assert (await count(results), await count(claims)) == (1, 2)


async def test_keys_of_one_operator_are_nothing_to_another(house: House) -> None:
    await house.add_clients(2)
    key, taken = str(uuid.uuid4()), set()
    for _ in range(2):
        page = await house.entered()
        await page.press("campaign", {"campaign": house.campaign_id})
        frame = await page.press("next", {}, key=key)
        taken.add(frame["desk"]["work"]["card"]["client_id"])
    assert len(taken) == 2


async def test_a_press_that_was_refused_may_be_repeated_with_its_key(house: House) -> None:
    page, frame = await house.with_client()
    work, key = frame["desk"]["work"]["id"], str(uuid.uuid4())
    refused = await page.press("save", {"work": work, "next": False}, key=key)
    assert refused["refused"]["code"] == "disposition_missing"
    await page.press("draft", {"work": work, "disposition": "sale"})
    saved = await page.press("save", {"work": work, "next": False}, key=key)
    assert (saved["refused"], saved["desk"]["work"]) == (None, None)


async def test_with_the_pbx_away_nothing_is_dialled_and_the_page_says_why(house: House) -> None:
    page, frame = await house.with_client()
    work = frame["desk"]["work"]["id"]
    assert frame["desk"]["pbx_up"] is False
    started = await page.press("session", {"on": True})
    assert started["refused"]["code"] == "pbx_away"
    dialled = await page.press("dial", {"work": work, "phone": None})
    assert dialled["desk"]["refusal"]["code"] == "pbx_away"
    assert dialled["desk"]["state"] == "preview"
