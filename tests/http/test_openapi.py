"""The API's description: whole, of the form it says, and true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dialer.auth.model import Role
from dialer.operations import description
from tests.http.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")
DESCRIPTION = description()


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """All objects in a JSON value."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from parts(value)
    elif isinstance(node, list):
        for value in node:
            yield from parts(value)


def resolve(reference: str) -> Any:
    node: Any = DESCRIPTION
    for step in reference.removeprefix("#/").split("/"):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


OPERATIONS = [
    (path, method, operation)
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
]


async def test_every_reference_leads_somewhere() -> None:
    references = [part["$ref"] for part in parts(DESCRIPTION) if isinstance(part.get("$ref"), str)]
    assert len(references) > 50
    for reference in references:
        assert isinstance(resolve(reference), dict), reference
    mapped = [
        ref
        for part in parts(DESCRIPTION)
        for ref in part.get("mapping", {}).values()
        if "discriminator" not in part
    ]
    for reference in mapped:
        assert isinstance(resolve(reference), dict), reference


async def test_nothing_is_described_that_nobody_uses() -> None:
    used = {part["$ref"].split("/")[-1] for part in parts(DESCRIPTION) if isinstance(part.get("$ref"), str)}
    roots = {"DeskFrame", "ConsoleFrame"}
    assert set(DESCRIPTION["components"]["schemas"]) <= used | roots


async def test_its_form_is_that_of_openapi() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(DESCRIPTION["info"])
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    for path, method, operation in OPERATIONS:
        assert operation["summary"], path
        assert {"200", "default"} <= set(operation["responses"])
        assert ("requestBody" in operation) == (method == "post"), path
        in_path = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


async def test_the_messages_of_the_websocket_are_described() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    for name, tag in (("DeskFrame", "desk"), ("ConsoleFrame", "console")):
        frame = schemas[name]
        assert {"type", "stream", "seq", tag} <= set(frame["properties"])
        assert frame["properties"]["type"]["enum"] == [tag]


async def test_the_pages_are_built_from_what_the_api_is_now() -> None:
    """If this fails: dialer openapi > web/openapi.json, then npm run types (in web/)."""
    kept = Path(__file__).parents[2] / "web" / "openapi.json"
    assert kept.read_bytes() == msgspec.json.format(msgspec.json.encode(DESCRIPTION), indent=1) + b"\n"


async def test_it_is_served_as_it_is_made(house: House) -> None:
    answer = await house.page().get("/api/v1/openapi.json")
    assert answer.body == DESCRIPTION


def fits(schema: dict[str, Any], value: Any, at: str = "$") -> list[str]:
    """Where a value is not of its schema; as much of JSON Schema as our description uses."""
    if "$ref" in schema:
        return fits(resolve(schema["$ref"]), value, at)
    if "anyOf" in schema:
        found = [fits(one, value, at) for one in schema["anyOf"]]
        return [] if any(not wrong for wrong in found) else found[0]
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "boolean": bool,
        "null": type(None),
    }
    kind = schema.get("type")
    if kind == "number" and not isinstance(value, int | float):
        return [f"{at}: {value!r} is no number"]
    if kind in kinds and (not isinstance(value, kinds[kind]) or (kind == "integer" and value is True)):
        return [f"{at}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is none of {schema['enum']}"]
    wrong: list[str] = []
    if kind == "object":
        known = schema.get("properties", {})
        wrong += [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, part in value.items():
            if name in known:
                wrong += fits(known[name], part, f"{at}.{name}")
            elif isinstance(schema.get("additionalProperties"), dict):
                wrong += fits(schema["additionalProperties"], part, f"{at}.{name}")
            elif known:
                wrong.append(f"{at}.{name} is not described")
    if kind == "array" and isinstance(schema.get("items"), dict):
        for index, part in enumerate(value):
            wrong += fits(schema["items"], part, f"{at}[{index}]")
    return wrong


@pytest.mark.parametrize(
    "path",
    [
        path
        for path, method, operation in OPERATIONS
        if method == "get" and not path.endswith(("/audio", "/phone", "/yaml"))
    ],
)
async def test_answers_are_of_the_form_that_is_described(house: House, path: str) -> None:
    await house.add_clients(1)
    identity = house.call_id if "calls" in path or "recordings" in path else str(house.campaign_id)
    role = (
        Role.OPERATOR
        if "/desk/" in path or "/own/" in path
        else Role.ADMIN
        if "/admin/" in path
        else Role.SUPERVISOR
    )
    if "/rehearsals/{id}" in path:
        begun = await house.pages[role].post("/api/v1/rehearsals", {"script": 1})
        identity = begun.body["id"]
    answer = await house.pages[role].get(path.replace("{id}", identity))
    assert answer.status == 200
    schema = DESCRIPTION["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert fits(schema, answer.body) == []


async def test_a_phones_account_is_its_operators_alone(house: House) -> None:
    page = await house.entered(phone_kind="webrtc", endpoint="op9", phone_secret="ring ring")
    answer = await page.get("/api/v1/phone")
    schema = DESCRIPTION["paths"]["/api/v1/phone"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    assert fits(schema, answer.body) == []
    assert (answer.body["uri"], answer.body["password"]) == ("sip:op9@127.0.0.1", "ring ring")
    assert (await house.pages[Role.OPERATOR].get("/api/v1/phone")).code == "no_phone"


async def test_a_desk_is_of_the_form_that_is_described(house: House) -> None:
    page, frame = await house.with_client()
    schema = DESCRIPTION["components"]["schemas"]["DeskFrame"]
    assert fits(schema, frame) == []
    async with page.live() as socket_:
        assert fits(schema, await socket_.receive_json(timeout=10)) == []


async def test_a_problem_is_of_the_form_that_is_described(house: House) -> None:
    answer = await house.page().get("/api/v1/me")
    schema = DESCRIPTION["paths"]["/api/v1/me"]["get"]["responses"]["default"]["content"]
    assert fits(schema["application/problem+json"]["schema"], answer.body) == []
    assert answer.headers["Content-Type"].startswith("application/problem+json")
