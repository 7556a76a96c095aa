"""Scripts over HTTP, as the editor's page asks for them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from dialer.auth.model import Role
from dialer.http.api import MOST_BODY
from dialer.scripts.command import read_script
from dialer.scripts.model import Block
from dialer.scripts.routes import MOST_DRAFT
from tests.http.conftest import SCRIPT, Answer, House

pytestmark = pytest.mark.asyncio(loop_scope="session")
PATH = "/api/v1/scripts"


def written() -> dict[str, Any]:
    script, _ = read_script(SCRIPT)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(script))
    return plain


def script_of(answer: Answer, house: House) -> int | None:
    """The script of the house's campaign, as the list of campaigns has it."""
    row = next(row for row in answer.body["items"] if row["id"] == house.campaign_id)
    found: int | None = row["script_id"]
    return found


async def test_a_script_from_its_first_block_to_its_second_version(house: House) -> None:
    head, admin = house.pages[Role.SUPERVISOR], house.pages[Role.ADMIN]
    made = await head.post(PATH, {"script": {**written(), "name": "Новый"}})
    path = f"{PATH}/{made.body['id']}"
    draft = (await head.get(path)).body
    assert (draft["version"], draft["revision"], draft["findings"]) == (0, 1, [])
    assert {"name": "Повторный заказ воды", "language": "ru"} in draft["others"]

    broken = {**draft["script"], "start": "nowhere"}
    saved = await head.post(
        f"{path}?language=ru", {"revision": 1, "script": broken, "layout": {"order": [1, 2.5]}}
    )
    (finding,) = saved.body["findings"]
    assert (finding["code"], finding["path"], finding["text"]) == (
        "start_unknown", ["start"], "Начального блока «nowhere» нет."
    )  # fmt: skip
    assert (await head.post(f"{path}/publish", {"revision": 2})).code == "draft_errors"
    stale = await admin.post(path, {"revision": 1, "script": broken})
    assert (stale.status, stale.code) == (409, "draft_stale")
    assert house.users[Role.SUPERVISOR].name in stale.body["title"]

    assert (await admin.post(path, {"revision": 2, "script": draft["script"]})).body["revision"] == 3
    assert (await head.post(f"{path}/publish", {"revision": 3, "note": "so"})).body == {"version": 1}
    second = {**draft["script"], "about": "changed"}
    assert (await head.post(f"{path}/check", {"script": second})).body["findings"] == []
    await head.post(path, {"revision": 3, "script": second})
    await head.post(f"{path}/publish", {"revision": 4})
    versions = (await head.get(f"{path}/versions")).body["items"]
    assert [(one["number"], one["note"]) for one in versions] == [(2, ""), (1, "so")]
    compared = (await head.get(f"{path}/compare?from=1&to=2")).body
    assert compared["settings"][0]["after"] == "changed"
    assert (await head.get(path)).body["trial"] is False
    shares = [{"version": 1, "parts": 1}, {"version": 2, "parts": 1}]
    begun = await head.post(f"{path}/trials", {"shares": shares})
    assert (await head.get(path)).body["trial"] is True, "a version published now gets no conversations yet"
    trial = begun.body["items"][0]["id"]
    assert (await head.post(f"{path}/trials/stop", {"trial": trial})).status == 200
    back = await head.post(f"{path}/rollback", {"revision": 4, "version": 1})
    assert (back.body["revision"], back.body["changed"]) == (5, True)

    chosen = f"/api/v1/campaigns/{house.campaign_id}/script"
    before = script_of(await head.get("/api/v1/campaigns"), house)
    assert script_of(await head.post(chosen, {"script": made.body["id"]}), house) == made.body["id"]
    assert script_of(await head.post(chosen, {"script": None}), house) is None
    assert (await head.post(chosen, {"script": 999})).code == "script_not_published"
    assert script_of(await head.post(chosen, {"script": before}), house) == before
    listed = (await head.get(PATH)).body["items"]
    assert next(one for one in listed if one["id"] == made.body["id"])["draft"] == "changed"
    assert (await head.post(f"{path}/archive", {"archived": True})).status == 200
    assert (await head.post(chosen, {"script": made.body["id"]})).code == "script_not_published"
    for lost in ("/999", "/999/yaml", f"/{made.body['id']}/compare?from=9", "/999/versions/9"):
        assert (await head.get(PATH + lost)).status == 404


async def test_a_lost_answer_makes_no_second_script(house: House) -> None:
    head, admin = house.pages[Role.SUPERVISOR], house.pages[Role.ADMIN]
    body = {"script": {**written(), "name": "Once"}}

    async def count() -> int:
        return sum(one["name"].startswith("Once") for one in (await head.get(PATH)).body["items"])

    first, together = await asyncio.gather(head.post(PATH, body, key="k"), head.post(PATH, body, key="k"))
    again = await head.post(PATH, body, key="k")
    assert first.body == together.body == again.body
    assert (first.status, again.status, await count()) == (200, 200, 1)
    path = f"{PATH}/{first.body['id']}/publish"
    published = [await head.post(path, {"revision": 1}, key="p") for _ in range(2)]
    assert [answer.body for answer in published] == [{"version": 1}] * 2
    refused = [await head.post(path, {"revision": 1}, key=key) for key in ("q", "q")]
    assert [(answer.status, answer.code) for answer in refused] == [(409, "draft_same")] * 2
    assert refused[0].body == refused[1].body
    assert refused[0].headers["Content-Type"] == refused[1].headers["Content-Type"]
    assert (await house.pages[Role.OPERATOR].post(PATH, body, key="k")).status == 403
    assert (await admin.post(PATH, body, key="k")).body["id"] != first.body["id"], "another's key is another"
    assert await count() == 2


async def test_who_else_has_it_open(house: House) -> None:
    head, admin = house.pages[Role.SUPERVISOR], house.pages[Role.ADMIN]
    await admin.post(f"{PATH}/1/editing", {"here": False})  # the house is older than this test
    assert (await head.post(f"{PATH}/1/editing", {})).body["editors"] == []
    assert (await admin.post(f"{PATH}/1/editing", {})).body["editors"] == [house.users[Role.SUPERVISOR].name]
    await head.post(f"{PATH}/1/editing", {"here": False})
    assert (await admin.post(f"{PATH}/1/editing", {"here": False})).body["editors"] == []


async def test_a_walk_by_the_real_engine(house: House) -> None:
    head = house.pages[Role.SUPERVISOR]
    ask: dict[str, Any] = {"script": written(), "client": {"first_name": "Анна"}, "moves": []}
    first = (await head.post(f"{PATH}/preview", ask)).body
    assert first["view"]["block"]["text"].startswith("Анна, добрый день!")
    ask["moves"] = [{"kind": "answer", "answer": "talk"}, {"kind": "answer", "answer": "running_out"}]
    second = (await head.post(f"{PATH}/preview", ask)).body
    assert (second["made"], second["view"]["block"]["id"]) == (1, "stock")
    assert (second["refused"]["code"], second["refused"]["field"]) == ("field_missing", "full_left")
    ask["script"]["blocks"][0] = {"id": "greeting", "sub": "nobody", "next": "stock"}
    assert (await head.post(f"{PATH}/preview", ask)).code == "preview_impossible"


async def test_the_text_form_out_and_in(house: House) -> None:
    head = house.pages[Role.SUPERVISOR]
    text = (await head.get(f"{PATH}/1/yaml?version=1")).body
    read = (await head.post(f"{PATH}/yaml", {"text": text.decode()})).body
    assert read == {"script": written(), "findings": []}
    wrong = (await head.post(f"{PATH}/yaml", {"text": "format: 1\nnme: S\n"})).body
    assert wrong["script"] is None
    assert {(one["code"], one["line"]) for one in wrong["findings"]} >= {("key_unknown_like", 2)}


async def test_a_draft_may_be_large_but_not_without_end(house: House) -> None:
    head = house.pages[Role.SUPERVISOR]
    blocks = [msgspec.to_builtins(Block(id=f"b{at}", text="т" * 500)) for at in range(300)]
    large = {"script": {**written(), "name": "Большой", "blocks": blocks}}
    assert len(msgspec.json.encode(large)) > 4 * MOST_BODY
    assert (await head.post(PATH, large)).status == 200
    too = await head.ask("POST", PATH, data=b" " * (MOST_DRAFT + 1))
    assert (too.status, too.code) == (413, "too_large")
