"""What the caps count, held against a plain sum over all dials, for any course of events."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from dialer.store.migrations.rooms import whole_metadata
from dialer.store.units import close_for_good, open_for_units, unit_engine
from dialer.telephony import dialling
from dialer.telephony.caps import Use
from dialer.telephony.dialling import Dial, Permit
from dialer.telephony.policy import Scope
from dialer.telephony.tables import dials
from dialer.telephony.use import day_of, load_use
from tests.telephony.test_dialling import LINE

BEGIN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("dial"), st.integers(1, 2), st.integers(1, 2)),
        st.tuples(st.sampled_from(["answer", "end"]), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 7000), st.just(0)),
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A store of tables alone: no foreign keys, no writer's thread; each example rolls its own back."""
    path: Path = tmp_path_factory.mktemp("use") / "store.db"
    engine = unit_engine(lambda: sqlite3.connect(path, isolation_level=None))
    connection, _ = open_for_units(engine)
    whole_metadata().create_all(connection)
    yield connection
    close_for_good(connection)


def by_hand(rows: list[Any], column: str, key: Any, now: datetime) -> Use:
    """The same from the dials alone, without the day's sums."""
    mine = [row for row in rows if getattr(row, column) == key]
    minute = [row.at for row in mine if row.at > now - timedelta(minutes=1)]
    live = [row for row in mine if row.ended_at is None]
    seconds = cost = reserved_s = reserved_cost = 0
    for row in mine:
        over = row.ended_at or now
        if row.answered_at is not None and (row.ended_at is None or day_of(over) == day_of(now)):
            lasted = int((over - row.answered_at).total_seconds())
            seconds += lasted
            cost += (lasted + 59) // 60 * row.per_minute
    for row in live:
        lasted = int((now - row.answered_at).total_seconds()) if row.answered_at is not None else 0
        reserved_s += max((row.most_s or 0) - lasted, 0)
        begun = ((row.most_s or 0) + 59) // 60 - (lasted + 59) // 60
        reserved_cost += max(begun, 0) * row.per_minute
    return Use(
        minute=len(minute),
        oldest=min(minute, default=None),
        live=len(live),
        seconds=seconds,
        cost=cost,
        reserved_s=reserved_s,
        reserved_cost=reserved_cost,
    )


@given(steps=STEPS)
def test_the_sums_are_those_of_the_dials(conn: Connection, steps: list[tuple[str, int, int]]) -> None:
    now, legs = BEGIN, 0
    nested = conn.begin_nested()
    try:
        for step, first, second in steps:
            if step == "dial":
                legs += 1
                dial = Dial(
                    id=f"L{legs}", number="+79161110200", line=LINE, operator_id=first, campaign_id=second
                )
                bound = 1200 if first == 2 else None
                permit = Permit(caller_id="", destination="RU", per_minute=100 * first + second, most_s=bound)
                dialling.note(conn, dial, permit, now)
            elif step == "wait":
                now += timedelta(seconds=first)
            elif step == "answer":
                answer_once(conn, f"L{first}", now)
            else:
                dialling.ended(conn, f"L{first}", now)
        rows = list(conn.execute(select(dials)))
        keys = {Scope.OPERATOR: "1", Scope.CAMPAIGN: "2", Scope.LINE: "main", Scope.DESTINATION: "RU"}
        carried, use = load_use(conn, "main", keys, now)
        assert carried == sum(row.ended_at is None for row in rows)
        for scope, column, key in (
            (Scope.OPERATOR, "operator_id", 1),
            (Scope.CAMPAIGN, "campaign_id", 2),
            (Scope.LINE, "line", "main"),
            (Scope.DESTINATION, "destination", "RU"),
        ):
            assert use[scope] == by_hand(rows, column, key, now)
    finally:
        nested.rollback()


def answer_once(conn: Connection, leg: str, at: datetime) -> None:
    """As the services do: a leg is answered once, while it lives."""
    row = conn.execute(select(dials).where(dials.c.id == leg)).first()
    if row is not None and row.answered_at is None and row.ended_at is None:
        dialling.answered(conn, leg, at)
