"""Admin > Health check: for admins alone, one examination at a time, its report in the reader's language."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dialer.auth.model import Role
from tests.http.conftest import House, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/v1/admin/health"


async def finished(page: Page) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            view: dict[str, Any] = (await page.get(PATH)).body
            if not view["running"] and view["at"] and not (view["echo"] or {}).get("running"):
                return view


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_nobody_but_an_admin_sees_it(house: House, role: Role) -> None:
    page = await house.entered(role)
    assert (await page.get(PATH)).status == 403
    assert (await page.post(PATH, {})).status == 403
    assert (await page.post(f"{PATH}/echo", {"endpoint": "op101"})).status == 403


async def test_an_examination_from_its_beginning_to_its_report(house: House) -> None:
    page = await house.entered(Role.ADMIN, language="en")
    begun = (await page.post(PATH, {})).body
    assert begun["running"] is True
    view = await finished(page)
    said = {finding["code"]: finding for finding in view["findings"]}
    assert said["pbx_unreachable"]["severity"] == "error"
    assert "manager.conf" in said["pbx_unreachable"]["mend"]
    assert said["daemon_answers"]["severity"] == "ok"
    assert said["store_there"]["severity"] == "ok"
    assert view["errors"] >= 1
    russian = await house.entered(Role.ADMIN, language="ru")
    what = {f["code"]: f["what"] for f in (await russian.get(PATH)).body["findings"]}
    assert what["pbx_unreachable"].startswith("АТС не отвечает")


async def test_an_echo_rings_phones_of_users_and_nothing_else(house: House) -> None:
    await house.add_user(Role.OPERATOR, endpoint="op777")
    page = await house.entered(Role.ADMIN, language="en", endpoint="op778")
    view = (await page.get(PATH)).body
    assert {"op777", "op778"} <= set(view["phones"])
    assert view["own_phone"] == "op778"
    assert (await page.post(f"{PATH}/echo", {"endpoint": "trunk"})).code == "phone_unknown"
    assert (await page.post(f"{PATH}/echo", {"endpoint": "op1&op2"})).status == 400
    assert (await page.post(f"{PATH}/echo", {"endpoint": "op777"})).status == 200
    await page.post(PATH, {})
    view = await finished(page)
    assert view["echo"]["endpoint"] == "op777"
    assert view["echo"]["finding"]["code"] == "echo_failed"  # the PBX is away
