"""Tasks, what scripts left undone, and web hooks over the API, by whom they are for."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import Connection

from dialer.auth.model import Role
from dialer.automation import deliveries
from dialer.planning import service as planning
from dialer.wiring import utc_now
from tests.http.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOOKS = "/api/v1/admin/web-hooks"


async def test_a_task_is_seen_and_ticked_off_by_whom_it_is_for(house: House) -> None:
    head, other = house.pages[Role.SUPERVISOR], house.pages[Role.OPERATOR]
    assert head.user is not None
    by = head.user.id
    task = await house.app.store.write(
        lambda conn: planning.make(conn, kind="message", text="Look", user_id=by, made_by=by, now=utc_now())
    )
    assert [item["text"] for item in (await head.get("/api/v1/tasks")).body["items"]] == ["Look"]
    assert (await other.get("/api/v1/tasks")).body["items"] == []
    refused = await other.post(f"/api/v1/tasks/{task}/done", {})
    assert (refused.status, refused.code) == (404, "task_gone")
    assert (await head.post(f"/api/v1/tasks/{task}/done", {})).body["items"] == []
    assert (await head.post(f"/api/v1/tasks/{task}/done", {})).code == "task_gone"


async def test_a_delivery_of_an_unknown_hook_fails_with_words_and_is_sent_again_by_hand(house: House) -> None:
    """By the daemon's own sender: what is queued is seen at once, though nobody looks."""
    admin, operator = house.pages[Role.ADMIN], house.pages[Role.OPERATOR]
    assert operator.user is not None
    who = operator.user.id
    await house.app.store.write(
        lambda conn: deliveries.queue(conn, "R-9-0", hook="gone", body="{}", operator_id=who, now=utc_now())
    )
    for _ in range(2):
        found = (await admin.get(HOOKS)).body
        while found["items"][0]["state"] == "waiting":
            found = (await admin.get(HOOKS)).body
        (row,) = [row for row in found["hooks"] if row["name"] == "gone"]
        assert (row["known"], row["failed"]) == (False, 1)
        assert "configuration" in found["items"][0]["trouble"]
        again = await admin.post(f"{HOOKS}/deliveries/R-9-0/resend", {})
        assert (again.status, again.body["items"][0]["id"]) == (200, "R-9-0")
    delivered = (await admin.get(f"{HOOKS}?state=delivered")).body["items"]
    assert "R-9-0" not in [item["id"] for item in delivered]
    assert (await admin.get(f"{HOOKS}?before=yesterday")).code == "body_wrong"
    assert (await admin.post(f"{HOOKS}/deliveries/nothing/resend", {})).status == 404


async def test_a_page_of_deliveries_ends_between_two_of_one_moment(house: House) -> None:
    admin, operator = house.pages[Role.ADMIN], house.pages[Role.OPERATOR]
    assert operator.user is not None
    who, made = operator.user.id, utc_now() - timedelta(days=1)
    ids = {f"PAGE-1-{nth}" for nth in range(deliveries.PAGE + 5)}

    def queue(conn: Connection) -> None:
        for delivery in ids:
            deliveries.queue(conn, delivery, hook="gone", body="{}", operator_id=who, now=made)
            deliveries.settle(conn, delivery, made, again_at=None, delivered=True, status=200, trouble="")

    await house.app.store.write(queue)
    got: list[str] = []
    asked: str | None = ""
    while asked is not None:
        page = (await admin.get(f"{HOOKS}?state=delivered&before={quote(asked)}")).body
        got, asked = [*got, *(item["id"] for item in page["items"])], page["next"]
    assert (len(got), set(got)) == (len(ids), ids)
    for wrong in ("2026-03-12T09:00:00,R", "x,R", ",", "9999"):
        assert (await admin.get(f"{HOOKS}?before={wrong}")).code == "body_wrong"


async def test_what_was_left_undone_is_ones_own(house: House) -> None:
    operator = house.pages[Role.OPERATOR]
    assert (await operator.get("/api/v1/desk/troubles")).body == {"items": []}
    assert (await operator.post("/api/v1/desk/troubles/seen", {})).body == {"items": []}
