"""A script that is open to some only, as the console shows it to the others: nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import update

from dialer.auth.model import Role
from dialer.auth.tables import users
from tests.http.conftest import House, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")
SCRIPTS = "/api/v1/scripts"
PATH = f"{SCRIPTS}/1/rights"
ADMINS_ONLY = {"see": ["role:operator"], "edit": ["role:operator"]}  # of all who read in the console


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def opened_again(house: House) -> AsyncIterator[None]:
    """The house is older than these tests, and outlives them."""
    yield
    assert (await house.pages[Role.ADMIN].post(PATH, {})).status == 200


@pytest.mark.parametrize(
    ("change", "standing"), [({"active": False}, "left"), ({"role": Role.COURIER.value}, "role")]
)
async def test_access_can_be_saved_when_somebody_named_has_gone(
    house: House, change: dict[str, object], standing: str
) -> None:
    head, gone = house.pages[Role.SUPERVISOR], await house.add_user(Role.REVIEWER)
    named = [f"user:{gone.id}", f"user:{house.users[Role.SUPERVISOR].id}"]
    assert (await head.post(PATH, {"edit": named})).status == 200
    await house.app.store.write(
        lambda conn: conn.execute(update(users).where(users.c.id == gone.id).values(**change)) and None
    )
    view = (await head.get(PATH)).body
    assert view["rights"]["edit"] == sorted(named), "what closes it is shown"
    assert [one["standing"] for one in view["users"] if one["id"] == gone.id] == [standing]
    saved = await head.post(PATH, {"edit": named, "see": named[:1]})
    assert (saved.status, saved.body["rights"]["see"]) == (200, named[:1])
    without = await head.post(PATH, {"edit": named[1:]})
    assert gone.id not in [one["id"] for one in without.body["users"]]
    assert (await head.post(PATH, {"edit": named})).code == "rights_unknown"


async def test_what_is_closed_is_in_no_statistics(house: House) -> None:
    head, admin, path = house.pages[Role.SUPERVISOR], house.pages[Role.ADMIN], "/api/v1/statistics/scripts"

    async def listed(page: Page) -> bool:
        return "1" in [one["key"] for one in (await page.get(path)).body["items"]]

    assert await listed(head) and (await head.get(f"{path}/1")).status == 200
    await admin.post(PATH, ADMINS_ONLY)
    assert not await listed(head)
    refused = await head.get(f"{path}/1")
    assert (refused.status, refused.code) == (403, "script_closed")
    assert await listed(admin) and (await admin.get(f"{path}/1")).status == 200


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.REVIEWER])
async def test_what_is_closed_is_not_found_among_answers(house: House, role: Role) -> None:
    reader, admin, path = house.pages[role], house.pages[Role.ADMIN], "/api/v1/answers"
    operator, frame = await house.with_client()
    run = frame["desk"]["work"]["run"]
    answer = run["block"]["answers"][0]["id"]
    await operator.press(
        "step",
        {
            "work": frame["desk"]["work"]["id"],
            "step": run["step"],
            "move": {"kind": "answer", "answer": answer},
        },
    )

    async def found(page: Page, asked: str) -> bool:
        items = (await page.get(f"{path}?{asked}")).body["items"]
        return f"{run['id']}.1" in [one["id"] for one in items]

    for asked in ("", "script=1"):
        assert await found(reader, asked)
    await admin.post(PATH, ADMINS_ONLY)
    assert not await found(reader, "") and await found(admin, "")
    for closed in (f"{path}?script=1", f"{path}/filters?script=1"):
        assert (await reader.get(closed)).code == "script_closed"
        assert (await admin.get(closed)).status == 200
    assert "1" not in [one["id"] for one in (await reader.get(f"{path}/filters")).body["scripts"]]


async def test_nobody_passes_through_a_script_that_is_closed_to_him(house: House) -> None:
    head, admin, name = house.pages[Role.SUPERVISOR], house.pages[Role.ADMIN], "Повторный заказ воды"
    through = {
        "name": "Насквозь",
        "language": "ru",
        "start": "in",
        "blocks": [
            {"id": "in", "sub": name, "next": "bye"},
            {"id": "bye", "text": "До свидания!", "end": "end"},
        ],
    }
    made = (await head.post(SCRIPTS, {"script": through})).body["id"]
    path, rehearsal = f"{SCRIPTS}/{made}", {"script": made, "draft": True}
    preview = {"script": through, "moves": []}

    async def offered(page: Page) -> bool:
        return name in [one["name"] for one in (await page.get(path)).body["others"]]

    assert await offered(head) and (await head.post(f"{SCRIPTS}/preview", preview)).status == 200
    await admin.post(PATH, ADMINS_ONLY)
    assert not await offered(head) and await offered(admin)
    assert (await head.post(f"{SCRIPTS}/preview", preview)).code == "sub_closed"
    assert (await head.post("/api/v1/rehearsals", rehearsal)).code == "sub_closed"
    refused = await head.post(f"{path}/publish", {"revision": 1})
    assert (refused.status, refused.code) == (409, "sub_closed") and name in refused.body["title"]
    assert (await admin.post(f"{SCRIPTS}/preview", preview)).status == 200
    assert (await admin.post("/api/v1/rehearsals", rehearsal)).status == 200
    assert (await admin.post(f"{path}/publish", {"revision": 1})).body == {"version": 1}
    await admin.post(f"{path}/archive", {"archived": True})
