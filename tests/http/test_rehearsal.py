"""Rehearsals over HTTP: gone through like a call, kept for the learner alone, counted nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from dialer.auth.model import Role
from dialer.scripts.counting import kept
from dialer.scripts.tables import runs, steps
from tests.http.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def begin(house: House, role: Role = Role.OPERATOR, **body: object) -> dict[str, Any]:
    answer = await house.pages[role].post("/api/v1/rehearsals", {"script": 1} | body)
    assert answer.status == 200, answer
    made: dict[str, Any] = answer.body
    return made


async def test_a_rehearsal_from_the_first_block_to_how_it_went(house: House) -> None:
    page = house.pages[Role.OPERATOR]
    before = await house.app.store.read(kept)
    one = await begin(house)
    path = f"/api/v1/rehearsals/{one['id']}"
    assert one["client"] in one["run"]["block"]["text"] or "Анна" in one["run"]["block"]["text"]
    answer = one["run"]["block"]["answers"][0]["id"]
    made = {"step": 1, "move": {"kind": "answer", "answer": answer}}
    moved = await page.post(f"{path}/step", made)
    assert moved.body["run"]["step"] == 2
    assert (await page.post(f"{path}/step", made)).body["run"]["step"] == 2, "a repeat changes nothing"
    stale = await page.post(f"{path}/step", {"step": 1, "move": {"kind": "back"}})
    assert (stale.status, stale.code) == (409, "step_stale")
    again = await page.get(path)
    assert again.body["run"]["step"] == 2, "the page may be reloaded"
    ended = await page.post(f"{path}/end", {})
    went = ended.body["went"]
    assert (went["kind"], [step["kind"] for step in went["steps"]]) == ("failed", ["answer", "end"])
    past = (await page.get("/api/v1/rehearsals")).body["past"]
    assert past[0]["id"] == one["id"]
    assert await house.app.store.read(kept) == before, "nothing is counted"
    found = await house.app.store.read(
        lambda conn: conn.execute(
            select(runs.c.counted, steps.c.script_id, steps.c.saying_id)
            .join(steps, steps.c.run_id == runs.c.id)
            .where(runs.c.id == one["id"])
        ).all()
    )
    assert {tuple(row) for row in found} == {(False, None, None)}, "and no search finds it"


async def test_nobody_sees_anothers_rehearsal(house: House) -> None:
    one = await begin(house)
    supervisor = house.pages[Role.SUPERVISOR]
    assert (await supervisor.get(f"/api/v1/rehearsals/{one['id']}")).status == 404
    assert (await supervisor.post(f"/api/v1/rehearsals/{one['id']}/end", {})).status == 404


async def test_a_draft_is_rehearsed_by_those_who_edit(house: House) -> None:
    refused = await house.pages[Role.OPERATOR].post("/api/v1/rehearsals", {"script": 1, "draft": True})
    assert (refused.status, refused.code) == (403, "not_allowed")
    supervisor = house.pages[Role.SUPERVISOR]
    draft = (await supervisor.get("/api/v1/scripts/1")).body
    draft["script"]["blocks"][0]["text"] = "Quite another beginning"
    body = {"revision": draft["revision"], "script": draft["script"], "layout": draft["layout"]}
    assert (await supervisor.post("/api/v1/scripts/1", body)).status == 200
    one = await begin(house, Role.SUPERVISOR, draft=True)
    assert (one["run"]["block"]["text"], one["run"]["version"]) == ("Quite another beginning", 0)
    assert (await supervisor.get(f"/api/v1/rehearsals/{one['id']}")).body["went"]["version"] == 0
    assert (await begin(house))["run"]["block"]["text"] != "Quite another beginning"


async def test_a_closed_script_is_closed_to_its_editors_too(house: House) -> None:
    admin, supervisor = house.pages[Role.ADMIN], house.pages[Role.SUPERVISOR]
    mine = house.users[Role.SUPERVISOR].id
    path = "/api/v1/scripts/1/rights"
    try:
        assert (await supervisor.post(path, {"edit": ["user:999999"]})).code == "rights_unknown"
        assert (await supervisor.post(path, {"edit": ["role:operator"]})).code == "rights_own"
        named = {"see": ["role:operator"], "edit": ["role:reviewer"]}
        assert (await admin.post(path, named)).status == 200
        assert (await supervisor.get("/api/v1/scripts/1")).code == "script_closed"
        assert (await supervisor.post("/api/v1/scripts/1/trials/stop", {"trial": 1})).code == "script_closed"
        listed = (await supervisor.get("/api/v1/scripts")).body["items"]
        assert 1 not in [one["id"] for one in listed], "others are other tests' own"
        assert (await admin.get("/api/v1/scripts/1")).status == 200
        assert (await admin.post(path, {"see": [f"user:{mine}"]})).status == 200
        assert (await supervisor.get("/api/v1/scripts/1")).status == 200
        refused = await house.pages[Role.OPERATOR].post("/api/v1/rehearsals", {"script": 1})
        assert refused.code == "script_closed"
    finally:
        await admin.post(path, {})
