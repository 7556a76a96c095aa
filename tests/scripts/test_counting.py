"""The sums that are kept are those that one counts from the rows, whatever runs there were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, StaticPool, create_engine, delete, func, insert, select

from dialer.scripts import counting, service
from dialer.scripts.model import Block, Script
from dialer.scripts.placeholders import NOBODY
from dialer.scripts.run import Move
from dialer.scripts.show import view
from dialer.scripts.tables import (
    arrow_counts,
    end_counts,
    run_counts,
    runs,
    sayings,
    script_versions,
    scripts,
    step_fields,
    steps,
    time_counts,
)
from dialer.store.migrations.rooms import whole_metadata
from dialer.telephony.tables import calls
from tests.scripts.strategies import fitted, moves
from tests.scripts.strategies import scripts as any_scripts

START = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
ROWS = (run_counts, arrow_counts, time_counts, end_counts, step_fields, sayings, steps, runs, calls)


@pytest.fixture(scope="module")
def conn() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        wanted = [*ROWS, scripts, script_versions]
        whole_metadata().create_all(connection, tables=wanted)
        yield connection
    engine.dispose()


def clear(conn: Connection) -> None:
    for table in (*ROWS, script_versions, scripts):
        conn.execute(delete(table))


a_run = st.fixed_dictionaries(
    {
        "moves": st.lists(moves, max_size=8),
        "operator": st.integers(1, 3),
        "campaign": st.none() | st.integers(1, 2),
        "after_h": st.integers(0, 60),
        "call": st.sampled_from(["", "rang", "answered"]),
        "ends": st.booleans(),
    }
)


def pass_through(conn: Connection, script: Script, number: int, plan: dict[str, Any]) -> None:
    """A run as the desk makes it: started, its moves, perhaps ended."""
    now = START + timedelta(hours=plan["after_h"])
    call_id = f"call{number}" if plan["call"] else None
    if call_id:
        times = {"started_at": now, "answered_at": now if plan["call"] == "answered" else None}
        row = {"id": call_id, "direction": "outbound", "leg": call_id, "line": "main", "number": "1"}
        conn.execute(insert(calls), row | times)
    version = service.latest(conn, service.publish(conn, script, START))
    assert version is not None
    who = {"client_id": 1, "operator_id": plan["operator"], "campaign_id": plan["campaign"]}
    run = service.start_run(conn, run_id=f"{number:026}", version=version, context=NOBODY, now=now, **who)
    if call_id:
        service.tie_to_call(conn, run.id, call_id)
    for wanted in plan["moves"]:
        now += timedelta(seconds=2.5)
        made: Move = fitted(wanted, view(script, run.state).block)
        moved = service.make_move(
            conn, version, run, run.state.step, made, call_id=call_id, context=NOBODY, now=now
        )
        run = moved if isinstance(moved, service.Run) else run
    for _ in range(2 if plan["ends"] else 0):  # who ends it twice counts once
        done = service.finish_run(
            conn, version, run, call_id=call_id, context=NOBODY, now=now, reason="hung_up"
        )
        assert isinstance(done, service.Run)
        run = done


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(one=any_scripts(), plans=st.lists(a_run, max_size=6))
def test_sums_are_what_the_rows_say(conn: Connection, one: Script, plans: list[dict[str, Any]]) -> None:
    clear(conn)
    for number, plan in enumerate(plans):
        pass_through(conn, one, number, plan)
    kept = counting.kept(conn)
    assert kept == counting.recount(conn)
    counting.rebuild(conn)
    assert counting.kept(conn) == kept
    _agree_with_plain_counts(conn)


def _agree_with_plain_counts(conn: Connection) -> None:
    """Counted in another way: by SQL over the rows, without the module under test."""
    endings = Counter(conn.execute(select(runs.c.ending).where(runs.c.counted)).scalars())
    for part in ("hour", "operator", "campaign", "stage"):
        found = conn.execute(
            select(func.sum(run_counts.c.runs), func.sum(run_counts.c.goals)).where(run_counts.c.part == part)
        ).one()
        assert (found[0] or 0, found[1] or 0) == (endings.total(), endings["goal_met"])
    ended = conn.execute(
        select(end_counts.c.ending, func.sum(end_counts.c.runs)).group_by(end_counts.c.ending)
    )
    assert dict(ended.all()) == dict(endings)
    by_operator = conn.execute(
        select(runs.c.operator_id, func.count()).where(runs.c.counted).group_by(runs.c.operator_id)
    )
    kept = conn.execute(
        select(run_counts.c.key, func.sum(run_counts.c.runs))
        .where(run_counts.c.part == "operator")
        .group_by(run_counts.c.key)
    )
    assert {int(key): runs for key, runs in kept} == dict(by_operator.all())
    counted = select(runs.c.id).where(runs.c.counted)
    none = conn.execute(
        select(func.count()).where(steps.c.kind == "none", steps.c.run_id.in_(counted))
    ).scalar_one()
    kept_none = conn.execute(select(func.sum(arrow_counts.c.taken)).where(arrow_counts.c.kind == "none"))
    assert (kept_none.scalar_one() or 0) == none


def test_who_heard_nothing_is_not_counted(conn: Connection) -> None:
    clear(conn)
    plan = {"moves": [], "operator": 1, "campaign": 1, "after_h": 0, "ends": True}
    script = Script(name="x", language="en", start="a", blocks=(Block(id="a", text="Hello", end="end"),))
    for number, call in enumerate(["", "rang", "answered"]):
        pass_through(conn, script, number, {**plan, "call": call})
    assert conn.execute(select(runs.c.counted).order_by(runs.c.id)).scalars().all() == [False, False, True]
    assert sum(n for (n,) in conn.execute(select(end_counts.c.runs))) == 1
