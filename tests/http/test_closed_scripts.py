"""A script that is open to some only, as the console shows it to the others: nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import update

from dialer.auth.model import Role
from dialer.auth.tables import users
from tests.http.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")
PATH = "/api/v1/scripts/1/rights"


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def opened_again(house: House) -> AsyncIterator[None]:
    """The house is older than these tests, and outlives them."""
    yield
    await house.pages[Role.ADMIN].post(PATH, {})


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
