"""The calls of the console: their list, and one call with its answers on the second."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, update

from dialer.desk.call_page import PAGE, CallList, CallPage, list_calls, load_call
from dialer.desk.view import DeskState
from dialer.scripts.run import Give
from dialer.telephony.identity import ulid
from dialer.telephony.tables import calls, recordings, segments
from tests.desk.conftest import Office

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


# --- one call ---------------------------------------------------------------------------------------------------


async def conversation(office: Office) -> str:
    """A call with two answers in it, saved; its id."""
    await office.add_clients(1)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    await office.press(room, verbs.next)
    await office.press(room, lambda r: verbs.dial(r, None))
    call_id = office.pbx.dialled[0].call
    office.pbx.rings(call_id)
    office.pass_time(seconds=4)
    office.pbx.client_waits(call_id)
    view = await office.settled(room, lambda v: v.state is DeskState.TALKING)
    for pause in (3, 5):
        office.pass_time(seconds=pause)
        assert view.work is not None
        assert view.work.run is not None
        run = view.work.run
        fields = {
            field.id: "2" if field.kind == "number" else "да" for field in run.block.fields if field.required
        }
        give = Give(answer=run.block.answers[0].id, fields=fields)
        view = await office.press(room, lambda r, step=run.step, give=give: verbs.step(r, step, give))
    office.pass_time(seconds=2)
    office.pbx.client_hangs_up(call_id)
    await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    await office.press(room, lambda r: verbs.draft(r, {"disposition": "sale", "comment": "yes"}, None))
    await office.press(room, lambda r: verbs.save(r, False))
    return call_id


async def page(
    office: Office, call_id: str, language: str = "ru", *, may_listen: bool = True
) -> CallPage | None:
    link = (lambda call_id, number: f"/{call_id}/{number}") if may_listen else None
    return await office.store.read(lambda conn: load_call(conn, call_id, language=language, link=link))


async def test_a_call_with_its_answers_and_its_recording(office: Office) -> None:
    call_id = await conversation(office)

    def finish(conn: Connection) -> None:
        done = {"state": "ready", "duration_s": 10.0, "peaks": bytes([0, 255, 51, 102])}
        conn.execute(update(recordings).where(recordings.c.call_id == call_id).values(state="ready"))
        conn.execute(update(segments).where(segments.c.call_id == call_id).values(**done))

    await office.store.write(finish)
    shown = await page(office, call_id)
    assert shown is not None
    assert (shown.disposition, shown.comment, shown.outcome) == ("Заявка оформлена", "yes", "answered")
    assert (shown.ended_by, shown.end_reason, shown.talk_s) == ("client", "hangup", 10.0)
    assert (shown.operator, shown.campaign, shown.client) == ("Maria", "Вода", "Клиент Номер 0")
    assert shown.script is not None
    assert shown.script.version == 1
    assert [step.offset_s for step in shown.steps[:2]] == [3.0, 8.0]
    assert shown.steps[0].from_s == 0.0
    assert all(step.text and step.answer for step in shown.steps[:2])
    assert shown.recording is not None
    assert (shown.recording.state, shown.recording.duration_s) == ("ready", 10.0)
    (segment,) = shown.recording.segments
    assert segment.audio == f"/{call_id}/1"
    assert (segment.peaks.left, segment.peaks.right) == ([0.0, 1.0], [0.2, 0.4])


async def test_who_may_not_listen_gets_no_link(office: Office) -> None:
    call_id = await conversation(office)
    shown = await page(office, call_id, may_listen=False)
    assert shown is not None
    assert shown.recording is not None
    assert [segment.audio for segment in shown.recording.segments] == [None]


async def test_a_recording_that_is_still_written_has_marks_and_no_link(office: Office) -> None:
    shown = await page(office, await conversation(office), "en")
    assert shown is not None
    assert shown.recording is not None
    assert shown.recording.state == "writing"
    assert [segment.audio for segment in shown.recording.segments] == [None]
    assert shown.steps[0].offset_s == 3.0
    assert shown.disposition == "Sale"


async def test_a_call_that_there_is_not(office: Office) -> None:
    assert await page(office, "nothing") is None


# --- the list ---------------------------------------------------------------------------------------------------


async def test_pages_of_the_list_leave_nothing_out(office: Office) -> None:
    total = 2 * PAGE + 7
    ids = [ulid(1_000 * index, index) for index in range(total)]

    def add(conn: Connection) -> None:
        conn.execute(
            insert(calls),
            [
                {
                    "id": call_id,
                    "direction": "outbound",
                    "leg": call_id,
                    "line": "main",
                    "number": "+79161110200",
                    "started_at": NOW,
                    "campaign_id": office.campaign_id if index % 2 else None,
                }
                for index, call_id in enumerate(ids)
            ],
        )

    await office.store.write(add)

    async def listed(campaign_id: int | None) -> list[str]:
        seen: list[str] = []
        before = ""
        while True:
            found: CallList = await office.store.read(
                lambda conn, before=before: list_calls(
                    conn, before=before, campaign_id=campaign_id, language="ru"
                )
            )
            seen += [row.id for row in found.items]
            if found.next is None:
                return seen
            assert len(found.items) == PAGE
            before = found.next

    assert await listed(None) == ids[::-1]
    assert await listed(office.campaign_id) == ids[1::2][::-1]
    assert await listed(999) == []


async def test_a_bare_call_is_listed_with_what_is_known(office: Office) -> None:
    row = {"id": "A" * 26, "direction": "inbound", "leg": "I", "line": "main", "number": ""}
    await office.store.write(lambda conn: conn.execute(insert(calls), {**row, "started_at": NOW}) and None)
    found = await office.store.read(lambda conn: list_calls(conn, before="", campaign_id=None, language="en"))
    (shown,) = found.items
    assert (shown.client, shown.operator, shown.campaign, shown.disposition) == ("", "", "", "")
    assert (shown.recording, shown.talk_s, shown.number, shown.ended_at) == ("none", 0.0, "", None)
