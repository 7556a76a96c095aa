"""Every answer is found again, by whatever one remembers of it, with its second of the recording."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select, update

from dialer.clients.tables import clients
from dialer.desk import answers
from dialer.desk.answers import PAGE, AnswerList, Sought, list_answers
from dialer.desk.script_report import Period, load_own, load_statistics
from dialer.scripts import service as scripts
from dialer.scripts.engine import NOBODY
from dialer.scripts.model import Block, Field, Script
from dialer.scripts.run import NoneFits, Refusal
from dialer.scripts.tables import runs, steps
from dialer.telephony.tables import segments
from tests.desk.conftest import Office
from tests.desk.test_call_page import conversation


async def found(office: Office, sought: Sought, cursor: str = "", *, may_listen: bool = True) -> AnswerList:
    link = (lambda call, number: f"/{call}/{number}") if may_listen else None
    return await office.store.read(lambda conn: list_answers(conn, sought, cursor=cursor, link=link))


async def recorded(office: Office) -> str:
    """A conversation whose recording can be heard."""
    call_id = await conversation(office)
    done = {"state": "ready", "duration_s": 10.0}
    await office.store.write(
        lambda conn: (
            conn.execute(update(segments).where(segments.c.call_id == call_id).values(**done)) and None
        )
    )
    return call_id


async def test_an_answer_with_its_clip(office: Office) -> None:
    call_id = await recorded(office)
    (later, first) = (await found(office, Sought(script=1))).items
    assert (first.client, first.operator, first.campaign) == ("Клиент Номер 0", "Maria", "Вода")
    assert (first.call, first.segment, first.from_s, first.offset_s) == (call_id, 1, 0.0, 3.0)
    assert (later.from_s, later.offset_s, later.audio) == (3.0, 8.0, f"/{call_id}/1")
    assert first.answer and first.title and first.version == 1
    assert [row.audio for row in (await found(office, Sought(), may_listen=False)).items] == [None, None]


async def test_an_answer_is_found_by_each_of_its_traits(office: Office) -> None:
    await recorded(office)
    first = (await found(office, Sought())).items[-1]
    block, said = first.block, first.answer[1:].upper()
    maria = await office.store.read(lambda conn: conn.execute(select(runs.c.operator_id)).scalar_one())
    day = office.now.astimezone().date().isoformat()
    today = {"since": answers.day_begins(day), "until": answers.day_ends(day)}
    for sought in (
        Sought(script=1, block=block),
        Sought(text=said),
        Sought(operator=maria, campaign=office.campaign_id, kind="answer"),
        Sought(**today, text=first.answer),  # type: ignore[arg-type]
    ):
        assert first.id in [row.id for row in (await found(office, sought)).items], sought
    for sought in (
        Sought(script=2),
        Sought(block="nowhere"),
        Sought(kind="none"),
        Sought(operator=999),
        Sought(campaign=999),
        Sought(until=answers.day_begins(day)),
        Sought(text="%"),
        Sought(field="bottles", value="zzz"),
    ):
        assert (await found(office, sought)).items == [], sought


async def test_what_did_not_suit_is_found_by_a_part_of_the_note(office: Office) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    view = await office.press(room, office.desks.verbs.next)
    assert view.work is not None and view.work.run is not None
    none = NoneFits(note="У нас  ТЕНДЕР, всё решает дирекция")
    for _ in range(2):  # a repeat of the move is no second answer
        await office.press(room, lambda r: office.desks.verbs.step(r, 1, none))
    (row,) = (await found(office, Sought(script=1, kind="none", text="тендер, все решает"))).items
    assert (row.note, row.kind, row.audio, row.call) == (none.note, "none", None, "")


async def test_a_common_field_and_one_of_the_last_block_are_found_at_the_end(office: Office) -> None:
    await office.add_clients(1)
    await office.seated("maria")
    caller, hour = Field(id="caller", label="Who"), Field(id="hour", label="When")
    bye = Block(id="bye", text="Bye!", end="end", fields=(hour,))
    script = Script(name="Short", language="en", start="bye", blocks=(bye,), common=(caller,))

    def talk(conn: Connection) -> None:
        version = scripts.latest(conn, scripts.publish(conn, script, office.now))
        client = conn.execute(select(clients.c.id)).scalar_one()
        assert version is not None
        begun = {"run_id": "short", "version": version, "client_id": client, "operator_id": 1}
        run = scripts.start_run(conn, **begun, context=NOBODY, now=office.now)  # type: ignore[arg-type]
        filled = scripts.fill_fields(conn, version, run, 1, {"caller": "Анна", "hour": "12:30"})
        assert not isinstance(filled, Refusal)
        scripts.finish_run(conn, version, filled, call_id=None, context=NOBODY, now=office.now, reason="")

    await office.store.write(talk)
    assert (await found(office, Sought())).items == [], "an end is no answer"
    for sought in (Sought(field="caller", value="анн"), Sought(field="hour", value="12"), Sought(kind="end")):
        (row,) = (await found(office, sought)).items
        assert (row.block, row.kind, [field.value for field in row.fields]) == (
            "bye",
            "end",
            ["Анна", "12:30"],
        )
    assert (await found(office, Sought(field="caller", value="анн", kind="answer"))).items == []


async def test_pages_leave_nothing_out(office: Office) -> None:
    await recorded(office)

    def add(conn: Connection) -> None:
        row = conn.execute(select(steps).limit(1)).one()._mapping
        more = [
            {**row, "seq": 100 + at, "answered_at": office.now + timedelta(seconds=at // 3)}
            for at in range(2 * PAGE + 5)
        ]
        conn.execute(insert(steps), more)

    await office.store.write(add)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await found(office, Sought(script=1), cursor)
        seen += [row.id for row in page.items]
        cursor = page.next
    assert len(seen) == len(set(seen)) == 2 * PAGE + 7
    assert seen[:2] == sorted(seen[:2], key=lambda key: -int(key.split(".")[1]))
    for wrong in ("x", "1.2", "99999999999999999999999.a.1"):
        with pytest.raises((ValueError, OverflowError)):
            await found(office, Sought(), wrong)


def _plan(conn: Connection, sought: Sought, rare: str = "") -> str:
    """What SQLite would do, told by itself."""
    query = answers._query(sought, rare).limit(1)
    compiled = query.compile(dialect=conn.dialect, compile_kwargs={"render_postcompile": True})
    bound = tuple(0 for _ in compiled.positiontup or ())
    return "\n".join(row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.string}", bound))


async def test_a_search_reads_an_index_in_its_order_and_no_row(office: Office) -> None:
    for sought in (
        Sought(),
        Sought(script=1),
        Sought(script=1, block="a", answer="b"),
        Sought(script=1, block="a", kind="none", operator=1, campaign=2, text="x"),
        Sought(operator=1),
        Sought(campaign=1),
        Sought(closed=frozenset({1, 2})),
        Sought(closed=frozenset({1}), operator=1),
        Sought(text="x"),
        Sought(text="x", operator=1),
        Sought(field="x"),
        Sought(field="x", value="1", script=1),
    ):
        plan = await office.store.read(lambda conn, sought=sought: _plan(conn, sought))
        wanted = "operator" if sought.operator else "block" if sought.block else "answered"
        if not (sought.operator and sought.block):  # either will do
            assert f"steps USING COVERING INDEX ix_steps_{wanted}" in plan, (sought, plan)
        assert "steps USING COVERING INDEX" in plan, (sought, plan)
        assert "TEMP B-TREE FOR ORDER BY" not in plan, (sought, plan)
    rare = await office.store.read(lambda conn: _plan(conn, Sought(text="x"), "text"))
    assert "ix_steps_saying" in rare
    there = Sought(text="x", script=1, block="a")
    assert "ix_steps_saying" in await office.store.read(lambda conn: _plan(conn, there, "text"))
    common = await office.store.read(lambda conn: _plan(conn, Sought(field="x", value="1")))
    assert "ix_steps_answered" in common and "ix_step_fields_step (run_id=? AND seq=?" in common, common
    rare = await office.store.read(lambda conn: _plan(conn, Sought(field="x", value="1", script=1), "field"))
    assert "steps USING INDEX sqlite_autoindex_steps_1 (run_id=? AND seq=?)" in rare, rare


async def test_the_statistics_of_a_conversation_and_its_operators_own(office: Office) -> None:
    await recorded(office)
    found = await office.store.read(
        lambda conn: load_statistics(conn, 1, version=1, period=Period(), zone="UTC")
    )
    assert found is not None
    assert (found.total.runs, found.versions[0].runs, found.days[0].runs) == (1, 1, 1)
    assert [row.title for row in found.operators + found.campaigns] == ["Maria", "Вода"]
    assert found.funnel[0].runs == 1
    (end,) = found.ends
    assert end.runs == 1
    taken = [arrow for arrow in found.arrows if arrow.taken]
    assert len(taken) == 2 and all(arrow.text for arrow in taken)
    first = next(block for block in found.blocks if block.id == taken[0].block)
    assert first.shown == 1 and first.mean_s is not None and first.median_s is not None
    own, other = await office.store.read(lambda conn: [load_own(conn, who, "2026-01-01") for who in (1, 2)])
    assert (own.own.runs, own.team.runs, other.own.runs, other.team.runs) == (1, 1, 0, 1)
    later = Period(since="2030-01-01")
    none = await office.store.read(lambda conn: load_statistics(conn, 1, version=None, period=later, zone=""))
    assert none is not None and none.total.runs == 0 and none.total.interval.high == 1
    for script, version in ((9, None), (1, 9)):
        assert not await office.store.read(
            lambda conn, s=script, v=version: load_statistics(conn, s, version=v, period=Period(), zone="")
        )
