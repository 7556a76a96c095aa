"""The desk's units of work, each seen by what stands in the store afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from dialer.campaigns import service as campaigns
from dialer.campaigns.model import EntryState, Rules
from dialer.campaigns.tables import attempts, claims, entries, holds, results
from dialer.clients import service as clients
from dialer.clients.tables import do_not_call, phones
from dialer.desk import work as units
from dialer.desk.model import CallRecord
from dialer.desk.room import Room
from dialer.desk.tables import desks as desk_rows
from dialer.desk.view import DeskState, DeskView
from dialer.desk.world import DeskRefused
from dialer.store.outbox import outbox
from dialer.telephony.model import CallState, EndReason, Outcome
from dialer.telephony.tables import calls
from tests.desk.conftest import LINE, Office


async def rows(office: Office, table: Any) -> list[Any]:
    return await office.store.read(lambda conn: list(conn.execute(select(table)).all()))


async def add_client(office: Office, *numbers: str) -> int:
    def add(conn: Connection) -> int:
        client = clients.create(conn, name="Клиент", numbers=[(n, "") for n in numbers], now=office.now)
        campaigns.add_entry(conn, campaign_id=office.campaign_id, client_id=client, now=office.now)
        return client

    return await office.store.write(add)


async def calls_and_ends(office: Office, room: Room, *, cause: int = 16, answered: bool = True) -> DeskView:
    """Dial the client on the page; they answer and hang up, or never answer."""
    await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    assert room.refusal is None
    call = office.pbx.dialled[-1].call
    office.pbx.rings(call)
    if answered:
        office.pbx.client_waits(call)
        await office.settled(room, lambda v: v.state is DeskState.TALKING)
    office.pass_time(seconds=30)
    office.pbx.client_hangs_up(call, cause)
    return await office.settled(room, lambda v: v.state is DeskState.WRAPUP)


async def saved(
    office: Office, room: Room, disposition: str, *, then_next: bool = False, **draft: Any
) -> DeskView:
    await office.press(
        room, lambda r: office.desks.verbs.draft(r, {"disposition": disposition} | draft, None)
    )
    return await office.press(room, lambda r: office.desks.verbs.save(r, then_next))


async def test_a_whole_work_as_it_stands_in_the_store(office: Office) -> None:
    await add_client(office, "+79161110200")
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    await calls_and_ends(office, room)
    await office.press(room, lambda r: office.desks.verbs.draft(r, {"comment": " words "}, "note"))
    await saved(office, room, "sale")

    (entry,) = await rows(office, entries)
    assert (entry.state, entry.attempts, entry.disposition) == ("done", 1, "sale")
    assert (entry.holder_id, entry.lease_until, entry.worked_at) == (None, None, office.now)
    (result,) = await rows(office, results)
    (call,) = await rows(office, calls)
    assert (result.disposition, result.group, result.comment) == ("sale", "success", "words\nnote")
    assert result.call_id == call.id == (await rows(office, attempts))[0].call_id
    assert (call.outcome, call.ended_by, call.end_reason) == ("answered", "client", "hangup")
    assert call.started_at <= call.answered_at <= call.bridged_at < call.ended_at
    (claim,) = await rows(office, claims)
    assert (claim.how_ended, claim.finished_at) == ("saved", office.now)
    assert await rows(office, holds) == []
    (row,) = await rows(office, desk_rows)
    assert (row.desk.work, row.desk.last_saved) == (None, result.work_id)
    kinds = [event.kind for event in await rows(office, outbox)]
    assert kinds == ["entry.claimed", "call.started", "call.answered", "call.ended", "result.saved"]


async def test_scenario_07_a_wrong_number_is_flagged_and_the_next_one_tried(office: Office) -> None:
    await add_client(office, "+79161110200", "+74951234567")
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    view = await calls_and_ends(office, room, cause=1, answered=False)
    assert view.work is not None
    assert view.work.suggested == "wrong_number"
    view = await saved(office, room, "wrong_number", then_next=True)
    assert view.work is not None, "the same client again, by the other number"
    assert [phone.flagged for phone in view.work.card.phones] == [True, False]
    await calls_and_ends(office, room, cause=1, answered=False)
    assert office.pbx.dialled[-1].number == "+74951234567"
    view = await saved(office, room, "wrong_number", then_next=True)
    assert view.work is None
    assert view.refusal is not None
    assert view.refusal.code == "pool_empty"
    assert [row.flagged for row in await rows(office, phones)] == [True, True]
    assert (await rows(office, entries))[0].state == EntryState.DONE


async def test_who_asks_not_to_be_called_is_called_by_nobody_under_no_name(office: Office) -> None:
    await add_client(office, "+79161110200", "+74951234567")
    await add_client(office, "+74951234567")
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    view = await saved(office, room, "do_not_call", then_next=True)
    assert {row.e164 for row in await rows(office, do_not_call)} == {"+79161110200", "+74951234567"}
    assert sorted(row.state for row in await rows(office, entries)) == ["excluded", "waiting"]
    assert view.work is None
    assert view.refusal is not None
    assert view.refusal.code == "pool_empty"


async def test_a_callback_comes_back_to_whoever_promised_it(office: Office) -> None:
    await add_client(office, "+79161110200")
    maria, olga = await office.seated("maria"), await office.seated("olga")
    await office.press(maria, office.desks.verbs.next)
    due = office.now + timedelta(minutes=15)
    await saved(office, maria, "call_back", callback_at=due)
    (entry,) = await rows(office, entries)
    assert (entry.state, entry.due_at, entry.owner_id) == ("postponed", due, maria.user.id)
    office.pass_time(minutes=15)
    assert (await office.press(olga, office.desks.verbs.next)).work is None
    assert (await office.press(maria, office.desks.verbs.next)).work is not None


async def test_a_callback_without_a_time_or_in_the_past_is_not_saved(office: Office) -> None:
    await add_client(office, "+79161110200")
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    with pytest.raises(DeskRefused, match="callback_missing"):
        await saved(office, room, "call_back")
    with pytest.raises(DeskRefused, match="callback_past"):
        await saved(office, room, "call_back", callback_at=office.now)
    assert await rows(office, results) == []
    assert room.desk.work is not None, "nothing was lost"


async def test_so_many_are_left_waiting_and_the_way_out_works(office: Office) -> None:
    await office.set_campaign(rules=Rules(max_postponed=1))
    for number in ("+79161110200", "+79161110201"):
        await add_client(office, number)
    room = await office.seated("maria")
    due = office.now + timedelta(minutes=15)
    await office.press(room, office.desks.verbs.next)
    await saved(office, room, "call_back", then_next=True, callback_at=due)
    with pytest.raises(DeskRefused, match="too_many_postponed"):
        await saved(office, room, "call_back", callback_at=due)
    assert len(await rows(office, results)) == 1
    view = await saved(office, room, "not_there")
    assert view.work is None, "a retry is anybody's and no callback of theirs"


async def test_save_and_next_are_one_step_that_the_rules_may_stop_halfway(office: Office) -> None:
    await office.set_campaign(rules=Rules(cooldown_s=60))
    for number in ("+79161110200", "+79161110201"):
        await add_client(office, number)
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    view = await saved(office, room, "sale", then_next=True)
    assert len(await rows(office, results)) == 1, "saved all the same"
    assert view.work is None
    assert view.refusal is not None
    assert (view.refusal.code, view.refusal.until) == ("cooldown", office.now + timedelta(seconds=60))


async def test_todays_figures_are_the_operators_own(office: Office) -> None:
    for number in ("+79161110200", "+79161110201"):
        await add_client(office, number)
    maria, olga = await office.seated("maria"), await office.seated("olga")
    for room, disposition in ((maria, "sale"), (olga, "refused_no_need")):
        await office.press(room, office.desks.verbs.next)
        await calls_and_ends(office, room)
        await saved(office, room, disposition)
    assert (maria.today.calls, maria.today.successes, maria.today.talk_s) == (1, 1, 30)
    assert (olga.today.calls, olga.today.successes) == (1, 0)


async def test_inbound_work_has_no_number_to_dial(office: Office) -> None:
    await add_client(office, "+79161110200")
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    work, loaded = room.desk.work, room.loaded
    assert work is not None
    assert loaded is not None
    inbound = msgspec.structs.replace(work, claim=None)

    def order(conn: Connection) -> object:
        return units.order_call(
            conn, room.desk, inbound, loaded.campaign, record(), line=LINE, now=office.now
        )

    refused = await office.store.write(order)
    assert getattr(refused, "code", "") == "not_outbound"
    assert await rows(office, calls) == []


def record(**more: Any) -> CallRecord:
    given = {"state": CallState.DIALLING, "started_at": Office.now} | more
    return CallRecord(id="C", leg="C", direction="outbound", number="+79161110200", line="main", **given)


def test_only_what_bears_an_outcome_is_written() -> None:
    before = record()
    assert units.changed_call(before, msgspec.structs.replace(before, state=CallState.RINGING)) == {}
    answered = msgspec.structs.replace(before, answered_at=Office.now, state=CallState.ANSWERED)
    assert units.changed_call(before, answered) == {"answered_at": Office.now}


def test_a_call_that_never_was_is_closed_by_the_system() -> None:
    closed = units.close_unsent(record(), EndReason.REFUSED, Outcome.FAILED, Office.now)
    assert closed.ended
    assert (closed.outcome, closed.end_reason, closed.ended_by) == ("failed", "refused", "system")
