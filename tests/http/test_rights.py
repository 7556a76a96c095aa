"""Who may do what: each operation of the API's description by each role; what is not granted here is refused."""

from __future__ import annotations

from typing import Any

import pytest

from dialer.auth.guard import Guard
from dialer.auth.model import Permission, Role, may
from dialer.config import Settings
from dialer.http import server
from dialer.http.metrics import Metrics
from dialer.operations import description, operations_of
from tests.http.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVERYBODY = frozenset(Role)
CONSOLE = frozenset({Role.SUPERVISOR, Role.ADMIN})
DESK = frozenset({Role.OPERATOR})
ADMIN = frozenset({Role.ADMIN})
LEARNERS = CONSOLE | DESK
GRANTED: dict[str, frozenset[Role]] = {
    "GET /api/v1/me": EVERYBODY,
    "POST /api/v1/me": EVERYBODY,
    "GET /api/v1/phone": DESK,
    "GET /api/v1/desk/colleagues": DESK,
    "GET /api/v1/desk/scheme": DESK,
    "GET /api/v1/desk/scripts": DESK,
    "GET /api/v1/desk/clients": DESK,
    "GET /api/v1/desk/aside": DESK,
    "GET /api/v1/desk/troubles": DESK,
    "POST /api/v1/desk/troubles/seen": DESK,
    "GET /api/v1/tasks": CONSOLE | DESK,
    "POST /api/v1/tasks/{id}/done": CONSOLE | DESK,
    "GET /api/v1/admin/web-hooks": ADMIN,
    "POST /api/v1/admin/web-hooks/deliveries/{id}/resend": ADMIN,
    "POST /api/v1/live/listen": CONSOLE,
    "POST /api/v1/live/stop": CONSOLE,
    "POST /api/v1/live/take_over": CONSOLE,
    "GET /api/v1/live/listenings": CONSOLE,
    "GET /api/v1/campaigns": CONSOLE,
    "GET /api/v1/campaigns/{id}/entries": CONSOLE,
    "POST /api/v1/campaigns/{id}/caller_ids": CONSOLE,
    "POST /api/v1/campaigns/{id}/script": CONSOLE,
    "GET /api/v1/scripts/library": CONSOLE,
    "GET /api/v1/scripts/{id}/trials": CONSOLE,
    "POST /api/v1/scripts/{id}/trials": CONSOLE,
    "POST /api/v1/scripts/{id}/trials/stop": CONSOLE,
    "POST /api/v1/scripts/{id}/trials/adopt": CONSOLE,
    "GET /api/v1/scripts/{id}/rights": CONSOLE,
    "POST /api/v1/scripts/{id}/rights": CONSOLE,
    "GET /api/v1/rehearsals": LEARNERS,
    "POST /api/v1/rehearsals": LEARNERS,
    "GET /api/v1/rehearsals/{id}": LEARNERS,
    "POST /api/v1/rehearsals/{id}/step": LEARNERS,
    "POST /api/v1/rehearsals/{id}/fields": LEARNERS,
    "POST /api/v1/rehearsals/{id}/task": LEARNERS,
    "POST /api/v1/rehearsals/{id}/end": LEARNERS,
    "GET /api/v1/scripts": CONSOLE,
    "POST /api/v1/scripts": CONSOLE,
    "POST /api/v1/scripts/yaml": CONSOLE,
    "POST /api/v1/scripts/preview": CONSOLE,
    "GET /api/v1/scripts/{id}": CONSOLE,
    "POST /api/v1/scripts/{id}": CONSOLE,
    "POST /api/v1/scripts/{id}/check": CONSOLE,
    "POST /api/v1/scripts/{id}/publish": CONSOLE,
    "GET /api/v1/scripts/{id}/versions": CONSOLE,
    "GET /api/v1/scripts/{id}/compare": CONSOLE,
    "POST /api/v1/scripts/{id}/rollback": CONSOLE,
    "POST /api/v1/scripts/{id}/archive": CONSOLE,
    "POST /api/v1/scripts/{id}/editing": CONSOLE,
    "GET /api/v1/scripts/{id}/yaml": CONSOLE,
    "GET /api/v1/lines": CONSOLE,
    "POST /api/v1/lines/stop": CONSOLE,
    "POST /api/v1/lines/resume": CONSOLE,
    "POST /api/v1/lines/policy": ADMIN,
    "POST /api/v1/lines/ranges": ADMIN,
    "POST /api/v1/lines/proposals/{id}": ADMIN,
    "GET /api/v1/calls": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/calls/{id}": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/statistics/scripts": CONSOLE,
    "GET /api/v1/statistics/scripts/{id}": CONSOLE,
    "GET /api/v1/answers": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/answers/filters": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/own/figures": DESK,
    "GET /api/v1/own/reviews": DESK,
    "GET /api/v1/own/reviews/{id}": DESK,
    "POST /api/v1/own/reviews/{id}/answer": DESK,
    "GET /api/v1/review/forms": CONSOLE | {Role.REVIEWER},
    "POST /api/v1/review/forms": CONSOLE,
    "POST /api/v1/review/forms/{id}/withdraw": CONSOLE,
    "GET /api/v1/review/draw": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/reviews": CONSOLE | {Role.REVIEWER},
    "POST /api/v1/reviews": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/reviews/{id}": CONSOLE | {Role.REVIEWER},
    "POST /api/v1/reviews/{id}": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/calls/{id}/reviews": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/admin/health": ADMIN,
    "POST /api/v1/admin/health": ADMIN,
    "POST /api/v1/admin/health/echo": ADMIN,
    "GET /api/v1/recordings/{id}/{segment}/audio": CONSOLE | {Role.REVIEWER},
    "POST /api/v1/recordings/{id}/heard": CONSOLE | {Role.REVIEWER},
    "POST /api/v1/recordings/{id}/hold": CONSOLE | {Role.REVIEWER},
    "GET /api/v1/recordings/{id}/log": CONSOLE,
}
OPERATIONS = sorted(
    f"{method.upper()} {path}" for path, methods in description()["paths"].items() for method in methods
)
# What asks for no role: the way in and out, the description, pages without data, health.
OPEN = {"POST /api/v1/login", "POST /api/v1/logout", "GET /api/v1/openapi.json"}
OPEN |= {
    f"GET {path}"
    for path in ("/", "/login", "/operator", "/console", "/assets/{name}", "/healthz", "/readyz")
}
BY_ADDRESS = {"GET /metrics"}  # asks where the request comes from: test_metrics.py
BY_SESSION = {"GET /api/v1/live"}  # asks the session by itself: test_live.py


def granted(operation: str) -> frozenset[Role]:
    return DESK if operation.startswith("POST /api/v1/desk/") else GRANTED.get(operation, frozenset())


async def ask(house: House, role: Role | None, operation: str) -> tuple[int, str]:
    method, path = operation.split()
    path = path.replace("{id}", house.call_id if "recordings" in path else "1")
    path = path.replace("{segment}", "1")
    page = house.pages[role] if role else house.page()
    body = {"line": "nowhere"} if path.startswith("/api/v1/lines/") else {}  # nobody's tests are to stop
    answer = await page.ask(method, path, body if method == "POST" else None)
    return answer.status, answer.code


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_each_operation_by_each_role(house: House, operation: str, role: Role) -> None:
    status, code = await ask(house, role, operation)
    assert status < 500
    if role in granted(operation):
        assert status not in (401, 403), code
    else:
        assert (status, code) == (403, "not_allowed")


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_nobody_gets_in_without_a_login(house: House, operation: str) -> None:
    assert await ask(house, None, operation) == (401, "not_logged_in")


async def test_every_route_stands_in_the_table_of_operations_or_is_known_here() -> None:
    """A route that somebody adds beside the table would stand outside of these tests, and of the guard."""
    nothing: Any = None
    app = server.build(
        auth=nothing,
        guard=Guard(nothing),
        desks=nothing,
        board=nothing,
        operations=operations_of(Settings(), nothing, nothing, nothing, nothing, b"", nothing),
        phone_ws=(),
        ready=str,
        alive=str,
        metrics=Metrics(()),
    )
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    files = {route for route in routes if route.startswith(("GET /favicon", "GET /theme"))}
    assert routes - files == set(OPERATIONS) | OPEN | BY_ADDRESS | BY_SESSION


async def test_a_permission_that_nobody_was_given_is_nobodys() -> None:
    for role in Role:
        assert not may(role, "a new one")  # type: ignore[arg-type]
    assert {p for p in Permission if may(Role.COURIER, p)} == {Permission.OWN_PROFILE}


async def test_no_role_works_at_the_desk_but_the_operator() -> None:
    assert [role for role in Role if may(role, Permission.USE_DESK)] == [Role.OPERATOR]


async def test_a_reviewer_hears_calls_and_sees_nothing_else(house: House) -> None:
    page = house.pages[Role.REVIEWER]
    rows = (await page.get("/api/v1/calls")).body["items"]
    assert house.call_id in {row["id"] for row in rows}
    shown = (await page.get(f"/api/v1/calls/{house.call_id}")).body
    assert shown["recording"]["segments"][0]["audio"], "the link to the sound"
    may_see = {operation for operation in OPERATIONS if Role.REVIEWER in granted(operation)}
    rooms = {operation.split()[1].split("/")[3] for operation in may_see}
    # Calls, their sound, what was answered in them, and the reviews of them: nothing of the office besides.
    assert rooms == {"me", "calls", "recordings", "answers", "review", "reviews"}
    for path in ("campaigns", "lines", "live/listenings", "admin/health", f"recordings/{house.call_id}/log"):
        assert (await page.get(f"/api/v1/{path}")).status == 403, path
