from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import Connection, insert

from dialer.automation import deliveries
from dialer.automation.model import ActionRefused, Effect, Subject
from dialer.automation.registry import HANDLERS
from dialer.automation.tables import actions_done
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.campaigns.tables import entries
from dialer.clients.tables import deals, do_not_call
from dialer.planning import service as planning
from dialer.planning.tables import tasks
from dialer.scripts.actions import (
    KINDS,
    Action,
    Callback,
    CreateOrder,
    CreateTask,
    DealStage,
    DoNotCall,
    Exclude,
    HandOver,
    Message,
    Part,
    SendMail,
    SetField,
    WebHook,
)
from tests.automation.conftest import NOW, Talk


def test_the_registry_knows_every_action() -> None:
    assert set(HANDLERS) == set(KINDS.values())


async def test_fields_of_the_client_and_of_the_deal(talk: Talk) -> None:
    await talk.do(
        SetField(field="client.name", value=" New name "),
        SetField(field="client.city", value="Omsk"),
        SetField(field="client.fields.Floor", value="3"),
        SetField(field="client.fields.floor", value="4"),
        SetField(field="deal.title", value="Water"),
        SetField(field="deal.fields.Sum", value="12"),
    )
    card = await talk.card()
    assert (card.name, card.city, card.fields) == ("New name", "Omsk", {"Floor": "4"})
    (deal,) = await talk.rows(deals)
    assert (deal.title, deal.fields, deal.stage, deal.closed_at) == ("Water", {"Sum": "12"}, "", None)


async def test_a_deal_goes_through_its_stages_and_a_new_one_begins_after_it(talk: Talk) -> None:
    await talk.do(DealStage(stage="Agreed"))
    await talk.do(DealStage(stage="Paid", close=True))
    await talk.do(DealStage(stage="Again"))
    found = [(deal.stage, deal.closed_at is None) for deal in await talk.rows(deals)]
    assert found == [("Paid", False), ("Again", True)]


async def test_tasks_for_the_operator_for_somebody_for_a_role(talk: Talk) -> None:
    await talk.do(
        CreateTask(text="Mine", minutes=30),
        CreateTask(text="Anna's", to="anna", date="2026-03-13", time="10:00"),
        CreateTask(text="Anybody's", role="operator"),
        Message(text="Look", to="anna"),
    )
    anna = talk.operator + 1
    mine = await talk.store.read(lambda conn: planning.list_open(conn, talk.operator, "operator"))
    hers = await talk.store.read(lambda conn: planning.list_open(conn, anna, "operator"))
    assert [(task.text, task.kind, task.mine) for task in mine] == [
        ("Anybody's", "task", False),
        ("Mine", "task", True),
    ]
    assert {task.text for task in hers} == {"Anna's", "Anybody's", "Look"}
    due = next(task.due_at for task in hers if task.text == "Anna's")
    assert due == datetime(2026, 3, 13, 0, 0, tzinfo=UTC), "10 in the morning in Vladivostok"
    assert mine[1].due_at == NOW + timedelta(minutes=30)


async def test_a_task_of_a_role_is_done_once(talk: Talk) -> None:
    await talk.do(CreateTask(text="Anybody's", role="operator"))
    (task,) = await talk.rows(tasks)
    finished = [
        await talk.store.write(
            lambda conn, who=who, role=role: planning.finish(conn, task.id, who, role, NOW)
        )
        for who, role in (
            (talk.operator, "admin"),
            (talk.operator, "operator"),
            (talk.operator + 1, "operator"),
        )
    ]
    assert finished == [False, True, False]


async def test_a_client_handed_over_takes_the_open_deal_along(talk: Talk) -> None:
    await talk.do(DealStage(stage="Agreed"), HandOver(text="Speaks French", to="anna"))
    (deal,) = await talk.rows(deals)
    (task,) = await talk.rows(tasks)
    assert deal.owner_id == task.user_id == talk.operator + 1
    assert (task.kind, task.client_id) == ("hand_over", talk.client)


async def test_do_not_call_blocks_every_number(talk: Talk) -> None:
    await talk.do(DoNotCall(reason="asked so"))
    await talk.do(DoNotCall())
    found = {(row.e164, row.reason) for row in await talk.rows(do_not_call)}
    assert found == {("+79001112233", "asked so"), ("+79001112244", "asked so")}


@pytest.mark.parametrize(("everywhere", "left"), [(False, ["waiting"]), (True, [])])
async def test_exclude_takes_the_client_out_of_the_pool(
    talk: Talk, everywhere: bool, left: list[str]
) -> None:
    def enter(conn: Connection) -> None:
        other = Campaign(name="Other", language="en", line="main", dispositions=OUTBOUND)
        for campaign in (talk.campaign, campaigns.create(conn, other, NOW)):
            campaigns.add_entry(conn, campaign_id=campaign, client_id=talk.client, now=NOW)

    await talk.store.write(enter)
    assert await talk.do(Exclude(everywhere=everywhere)) == Effect(exclude=True)
    assert [row.state for row in await talk.rows(entries) if row.state != "excluded"] == left


async def test_a_callback_is_the_desks_to_make(talk: Talk) -> None:
    assert (await talk.do(Callback(minutes=90))).callback_at == NOW + timedelta(minutes=90)
    later = await talk.do(Callback(date="2026-03-20"), Exclude())
    assert later == Effect(callback_at=datetime(2026, 3, 19, 23, 0, tzinfo=UTC), exclude=True)


async def test_a_web_hook_is_written_down_with_its_key(talk: Talk) -> None:
    await talk.do(DealStage(stage="x"), WebHook(hook="crm", body=(Part(key="a", value='"<x>'),)))
    (out,) = await talk.outgoing()
    assert (out.id, out.hook, out.state, out.tries) == ("R-1-1", "crm", "waiting", 0)
    body = msgspec.json.decode(out.body)
    assert body["delivery"] == "R-1-1" and body["data"] == {"a": '"<x>'} and body["client"] == talk.client
    assert await talk.done() == [(1, 0, "done"), (1, 1, "sent")]


REFUSED: list[tuple[Action, str]] = [
    (SetField(field="client.name", value=" "), "action_value_empty"),
    (SetField(field="client.city", value="x" * 101), "action_value_long"),
    (DealStage(stage=""), "action_value_empty"),
    (CreateTask(text=" "), "action_value_empty"),
    (CreateTask(text="x", to="gone"), "action_nobody"),
    (HandOver(text="x", to="nobody"), "action_nobody"),
    (Message(text="x", to="nobody"), "action_nobody"),
    (Callback(), "action_moment_missing"),
    (Callback(date="2026-03-12", time="09:00"), "action_moment_past"),
    (WebHook(hook="other"), "action_hook_missing"),
    (
        WebHook(hook="crm", body=tuple(Part(key=f"k{n}", value="x" * 2000) for n in range(40))),
        "action_body_long",
    ),
    (SendMail(to="a@b.example"), "action_not_yet"),
    (CreateOrder(), "action_not_yet"),
    (SetField(field="client.fields.x", value="\ud800"), "action_failed"),  # what no store can keep
]


@pytest.mark.parametrize(
    ("action", "code"), REFUSED, ids=[f"{n}-{code}" for n, (_, code) in enumerate(REFUSED)]
)
async def test_one_refusal_undoes_all_and_one_may_go_on_without_it(
    talk: Talk, action: Action, code: str
) -> None:
    before = DealStage(stage="Begun")
    with pytest.raises(ActionRefused) as refused:
        await talk.do(before, action, WebHook(hook="crm"))
    assert (refused.value.refused.code, refused.value.nth) == (code, 1)
    assert (await talk.done(), await talk.outgoing(), await talk.rows(deals)) == ([], [], [])
    if code == "action_failed":  # nothing of it can be written down either
        return
    await talk.do(before, action, WebHook(hook="crm"), without=(1,), note="later by hand")
    assert await talk.done() == [(2, 0, "done"), (2, 1, "left_out"), (2, 2, "sent")]
    row = next(row for row in await talk.rows(actions_done) if row.outcome == "left_out")
    assert (row.reason, row.note, row.action) == ("action_left_out", "later by hand", action)


async def test_too_many_fields_are_refused(talk: Talk) -> None:
    many = [SetField(field=f"client.fields.{n}", value="x") for n in range(201)]
    with pytest.raises(ActionRefused) as refused:
        await talk.do(*many)
    assert (refused.value.refused.code, refused.value.nth) == ("action_fields_many", 200)


async def test_a_full_queue_refuses(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "_FULL", deliveries._FULL.offset(1))
    await talk.do(WebHook(hook="crm"))
    await talk.do(WebHook(hook="crm"))
    with pytest.raises(ActionRefused, match="action_queue_full"):
        await talk.do(WebHook(hook="crm"))


async def test_no_action_is_done_twice_for_one_step(talk: Talk) -> None:
    """The table's key holds it, whatever the code above it does."""
    await talk.do(DealStage(stage="x"))
    values = {"run_id": "R", "seq": 1, "nth": 0, "place": "a", "action": DealStage(stage="x")}

    def again(conn: Connection) -> None:
        conn.execute(insert(actions_done).values(**values, outcome="done", operator_id=1, at=NOW))

    with pytest.raises(Exception, match="UNIQUE"):
        await talk.store.write(again)


def test_a_subject_shows_no_secret_when_it_is_printed(talk: Talk) -> None:
    subject: Subject = talk.subject()
    assert "secret" not in repr(subject)
