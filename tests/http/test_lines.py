"""Lines over HTTP: what is shown, what an order changes, and that a range abroad takes two administrators."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from dialer.app import running
from dialer.auth.model import Role
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.config import LineSettings
from dialer.telephony import line_orders, policies
from dialer.telephony.line_orders import LineOrder
from dialer.telephony.policies import Person
from dialer.telephony.ranges import Range
from tests.http.conftest import House, Page, eventually, fill, frame_of, settings_in

pytestmark = pytest.mark.asyncio(loop_scope="module")
LINES = ("seen", "stopped", "abroad", "own", "hours", "wrong", "full")  # one for each test that changes one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A daemon of this file's own: what is stopped here is nobody else's."""
    folder = tmp_path_factory.mktemp("lines")
    given = {name: LineSettings(dial="PJSIP/{number}@trunk") for name in LINES}
    async with running(msgspec.structs.replace(settings_in(folder), lines=given)) as app:
        house = House(app=app, folder=folder)
        house.campaign_id, house.call_id = await app.store.write(fill)
        yield house
        await house.close()


def line_of(body: Any, name: str) -> dict[str, Any]:
    return next(line for line in body["lines"] if line["name"] == name)


def ranges_of(body: Any, name: str) -> list[dict[str, Any]]:
    return list(line_of(body, name)["policy"]["ranges"] if name else body["service"]["ranges"])


def proposals_of(body: Any, name: str) -> list[dict[str, Any]]:
    return [one for one in body["proposals"] if one["line"] == name]


async def lines(page: Page) -> dict[str, Any]:
    answer = await page.get("/api/v1/lines")
    assert answer.status == 200
    return dict(answer.body)


async def test_who_decided_nothing_has_limits_and_an_open_line(office: House) -> None:
    seen = await lines(await office.entered(Role.SUPERVISOR))
    line = line_of(seen, "seen")
    assert (line["name"], line["live"], line["capacity"], line["policy"]["stopped"]) == ("seen", 0, 30, False)
    assert [cap["scope"] for cap in seen["service"]["caps"]] == ["operator", "abroad"]
    assert proposals_of(seen, "seen") == []


async def test_a_stop_is_on_the_console_with_its_name_and_taken_back_by_a_supervisor(office: House) -> None:
    admin, head = await office.entered(Role.ADMIN), await office.entered(Role.SUPERVISOR)
    async with head.live("?view=console") as console:
        assert (await frame_of(console))["console"]["stopped"] == []
        stopped = await admin.post("/api/v1/lines/stop", {"line": "stopped"})
        assert admin.user is not None
        assert line_of(stopped.body, "stopped")["policy"]["stopped_by"] == admin.user.name
        while (await frame_of(console))["console"]["stopped"] != ["stopped"]:
            continue
        assert (await head.post("/api/v1/lines/resume", {"line": "stopped"})).status == 200
        while (await frame_of(console))["console"]["stopped"]:
            continue


async def test_a_line_that_is_none_is_not_found(office: House) -> None:
    admin = await office.entered(Role.ADMIN)
    for path, more in (("stop", {}), ("resume", {}), ("policy", {}), ("ranges", {"prefix": "+375"})):
        answer = await admin.post(f"/api/v1/lines/{path}", {"line": "nowhere", **more})
        assert (answer.status, answer.code) == (404, "not_found")


async def test_a_range_abroad_takes_two_administrators(office: House) -> None:
    first, second = await office.entered(Role.ADMIN), await office.entered(Role.ADMIN)
    wanted = {"line": "abroad", "prefix": "+375"}
    for _ in range(2):  # said twice, it is one proposal
        told = (await first.post("/api/v1/lines/ranges", wanted)).body
        assert ranges_of(told, "abroad") == []
    (proposal,) = proposals_of(told, "abroad")
    path = f"/api/v1/lines/proposals/{proposal['id']}"
    alone = await first.post(path, {"agreed": True})
    assert (alone.status, alone.code) == (409, "second_person_needed")
    agreed = (await second.post(path, {"agreed": True})).body
    assert ranges_of(agreed, "abroad") == [{"prefix": "+375", "allowed": True}]
    again = await second.post(path, {"agreed": True})
    assert (again.status, again.code) == (404, "proposal_gone")
    removed = (await first.post("/api/v1/lines/ranges", {**wanted, "remove": True})).body
    assert ranges_of(removed, "abroad") == [], "to take away, one is enough"


async def test_to_give_back_what_was_refused_abroad_takes_two_as_well(office: House) -> None:
    first, second = await office.entered(Role.ADMIN), await office.entered(Role.ADMIN)
    refused = {"line": "", "prefix": "+37529", "allowed": False}
    told = (await first.post("/api/v1/lines/ranges", refused)).body
    assert told["service"]["ranges"] == [{"prefix": "+37529", "allowed": False}]
    told = (await first.post("/api/v1/lines/ranges", {**refused, "remove": True})).body
    assert told["service"]["ranges"] == [{"prefix": "+37529", "allowed": False}]
    proposal = proposals_of(told, "")[0]
    assert proposal["remove"] is True
    lied = {**refused, "allowed": True, "remove": True}  # as if it were an allowed one that is taken away
    assert len((await first.post("/api/v1/lines/ranges", lied)).body["service"]["ranges"]) == 1
    told = (await second.post(f"/api/v1/lines/proposals/{proposal['id']}", {"agreed": True})).body
    assert told["service"]["ranges"] == []


async def test_own_numbers_need_one_administrator(office: House) -> None:
    admin = await office.entered(Role.ADMIN)
    told = (await admin.post("/api/v1/lines/ranges", {"line": "own", "prefix": "+7495"})).body
    assert ranges_of(told, "own") == [{"prefix": "+7495", "allowed": True}]


@pytest.mark.parametrize(
    "body",
    [
        {"caps": [{"scope": "planet"}]},
        {"caps": [{"scope": "line", "concurrent": -1}]},
        {"rates": [{"prefix": "7916", "per_minute": 1}]},
        {"rates": [{"prefix": "", "per_minute": 1.5}]},
        {"hours": {"timezone": "Mars/Olympus", "opens": "08:00", "closes": "21:00"}},
        {"hours": {"timezone": "../../etc/passwd", "opens": "08:00", "closes": "21:00"}},
        {"hours": {"timezone": "UTC", "opens": "25:00", "closes": "21:00"}},
        {"caller_ids": ["+7495,1"]},
        {"rotation": "random"},
        {"caller_ids": ["+74951234567"] * 101},
        {"caps": [{"scope": "line", "concurrent": 1}] * 201},
        {"rates": [{"per_minute": 1}] * 501},
    ],
)
async def test_what_is_no_policy_is_refused_and_changes_nothing(office: House, body: dict[str, Any]) -> None:
    admin = await office.entered(Role.ADMIN)
    before = line_of(await lines(admin), "wrong")
    answer = await admin.post("/api/v1/lines/policy", {"line": "wrong", **body})
    assert (answer.status, answer.code) == (400, "body_wrong")
    assert line_of(await lines(admin), "wrong") == before


async def test_a_range_more_than_can_be_read_again_is_refused_and_the_lines_stay(office: House) -> None:
    admin = await office.entered(Role.ADMIN)
    most = tuple(Range(prefix=f"+7916{number:04d}") for number in range(500))
    person = Person(id=None, name="somebody")
    now = datetime.now(UTC)
    await office.app.store.write(lambda conn: policies.change(conn, "full", {"ranges": most}, person, now))
    refused = await admin.post("/api/v1/lines/ranges", {"line": "full", "prefix": "+7495"})
    assert (refused.status, refused.code) == (400, "policy_invalid")
    assert len(ranges_of(await lines(admin), "full")) == 500


async def test_what_is_left_out_stays_as_it_is(office: House) -> None:
    admin = await office.entered(Role.ADMIN)
    hours = {"timezone": "Europe/Moscow", "opens": "09:00", "closes": "20:00", "days": [1, 2, 3]}
    await admin.post("/api/v1/lines/policy", {"line": "hours", "hours": hours})
    told = (await admin.post("/api/v1/lines/policy", {"line": "hours", "rotation": "fixed"})).body
    assert line_of(told, "hours")["policy"]["hours"] == hours
    told = (await admin.post("/api/v1/lines/policy", {"line": "hours", "hours": None})).body
    assert (line_of(told, "hours")["policy"]["hours"], line_of(told, "hours")["policy"]["rotation"]) == (
        None,
        "fixed",
    )


async def test_an_order_from_the_command_line_is_taken(office: House) -> None:
    path = line_orders.place(office.folder / "store.db")
    head = await office.entered(Role.SUPERVISOR)
    line_orders.leave(path, LineOrder(action="stop", line="", hang_up=True))
    await eventually(lambda: not path.exists())
    service = (await lines(head))["service"]
    assert (service["stopped"], service["stopped_by"]) == (True, "command line")
    line_orders.leave(path, LineOrder(action="resume"))
    await eventually(lambda: not path.exists())
    assert (await lines(head))["service"]["stopped"] is False


async def test_a_supervisor_chooses_which_of_the_lines_numbers_a_campaign_shows(office: House) -> None:
    admin, head = await office.entered(Role.ADMIN), await office.entered(Role.SUPERVISOR)
    one, other = "+74950000001", "+74950000002"
    await admin.post("/api/v1/lines/policy", {"line": "own", "caller_ids": [one, other]})
    on_own = Campaign(name="numbers", language="ru", line="own", dispositions=OUTBOUND)
    nowhere = Campaign(name="nowhere", language="ru", line="gone", dispositions=OUTBOUND)
    made, lost = await office.app.store.write(
        lambda conn: [campaigns.create(conn, each, datetime.now(UTC)) for each in (on_own, nowhere)]
    )

    def shown(body: Any) -> list[str]:
        return list(next(row for row in body["items"] if row["id"] == made)["caller_ids"])

    chosen = await head.post(f"/api/v1/campaigns/{made}/caller_ids", {"caller_ids": [other, other]})
    assert shown(chosen.body) == [other]
    assert shown((await head.get("/api/v1/campaigns")).body) == [other]
    refused = await head.post(f"/api/v1/campaigns/{made}/caller_ids", {"caller_ids": [one, "+79160000000"]})
    assert (refused.status, refused.code) == (409, "caller_id_foreign")
    assert "+79160000000" in refused.body["title"] and "own" in refused.body["title"]
    assert shown((await head.post(f"/api/v1/campaigns/{made}/caller_ids", {"caller_ids": []})).body) == []
    gone = await head.post(f"/api/v1/campaigns/{lost}/caller_ids", {"caller_ids": [one]})
    assert (gone.status, gone.code) == (409, "line_missing")
    assert (await head.post("/api/v1/campaigns/999/caller_ids", {"caller_ids": []})).status == 404
