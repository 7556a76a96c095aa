"""The sums over a script's runs: kept by the transaction that ends a run, counted anew from the rows, compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from dialer.scripts.run import RunEnd, RunState
from dialer.scripts.statistics import (
    ArrowKey,
    Closed,
    EndKey,
    Key,
    RunKey,
    Tally,
    TimeKey,
    Walked,
    merge,
    tally,
)
from dialer.scripts.tables import arrow_counts, end_counts, run_counts, runs, steps, time_counts
from dialer.store import prepared
from dialer.store.schema import to_micros
from dialer.telephony.tables import calls

FIRST_AND_LAST = 2
"""The number of the step after the end of a run in which nothing was answered."""

_KEPT: dict[type, Table] = {
    RunKey: run_counts,
    ArrowKey: arrow_counts,
    TimeKey: time_counts,
    EndKey: end_counts,
}


def _adding(table: Table) -> Insert:
    """Adds to a sum, or begins one."""
    new = sqlite_insert(table)
    sums = [column for column in table.c if not column.primary_key]
    return new.on_conflict_do_update(
        index_elements=[column for column in table.c if column.primary_key],
        set_={column.name: column + new.excluded[column.name] for column in sums},
    )


_COLUMNS = {kind: [column.name for column in table.c] for kind, table in _KEPT.items()}
_ADD = {kind: _adding(table) for kind, table in _KEPT.items()}
_CLOSE = (
    update(runs)
    .where(runs.c.id == bindparam("run"))
    .values(ended_at=bindparam("at"), ending=bindparam("how"), counted=bindparam("counts"))
)
_RUN = (
    select(runs.c.version_id, runs.c.operator_id, runs.c.campaign_id, calls.c.answered_at)
    .outerjoin(calls, calls.c.id == runs.c.call_id)
    .where(runs.c.id == bindparam("run"))
)
_WALKED = (
    steps.c.kind,
    steps.c.block,
    steps.c.answer,
    steps.c.next_block,
    steps.c.entered_at,
    steps.c.answered_at,
)
_STEPS = select(*_WALKED).where(steps.c.run_id == bindparam("run")).order_by(steps.c.seq)


def close(conn: Connection, run_id: str, state: RunState, now: datetime) -> None:
    """End a run, and count it if somebody heard it: its call was answered, or the script was gone on with."""
    end = state.ended
    if end is None:
        return
    row: Any = prepared.first(conn, _RUN, {"run": run_id})
    counts = row.answered_at is not None or state.step > FIRST_AND_LAST
    prepared.run(conn, _CLOSE, {"run": run_id, "at": now, "how": end.kind.value, "counts": counts})
    if counts:
        walked = [_walked(step) for step in prepared.rows(conn, _STEPS, {"run": run_id})]
        _keep(conn, tally(_closed(row, end, now), walked))


def recount(conn: Connection) -> Tally:
    """The sums, counted from the rows of runs and steps."""
    total: Tally = {}
    walked = conn.execute(
        select(steps.c.run_id, *_WALKED)
        .join(runs, runs.c.id == steps.c.run_id)
        .where(runs.c.counted)
        .order_by(steps.c.run_id, steps.c.seq)
    )
    by_run = _each(walked)
    waiting = next(by_run, None)
    for row in conn.execute(select(runs).where(runs.c.counted).order_by(runs.c.id)):
        its: list[Walked] = []
        if waiting is not None and waiting[0] == row.id:
            its, waiting = waiting[1], next(by_run, None)
        merge(total, tally(_closed(row, row.state.ended, row.ended_at), its))
    return total


def kept(conn: Connection) -> Tally:
    """The sums as they are kept."""
    found: Tally = {}
    for kind, table in _KEPT.items():
        width = len(table.primary_key.columns)
        for row in conn.execute(select(table)):
            found[kind(*row[:width])] = tuple(row[width:])
    return found


def rebuild(conn: Connection) -> None:
    """Put the sums aside and count them anew."""
    total = recount(conn)
    for kind, table in _KEPT.items():
        conn.execute(delete(table))
        rows = [_values(key, amounts) for key, amounts in total.items() if type(key) is kind]
        if rows:
            conn.execute(insert(table), rows)


def _keep(conn: Connection, sums: Tally) -> None:
    for key, amounts in sums.items():
        prepared.add(conn, _ADD[type(key)], _values(key, amounts))


def _values(key: Key, amounts: tuple[int, ...]) -> dict[str, Any]:
    return dict(zip(_COLUMNS[type(key)], (*key, *amounts), strict=True))


def _closed(row: Any, end: RunEnd, at: datetime) -> Closed:
    return Closed(
        version=row.version_id,
        operator=row.operator_id,
        campaign=row.campaign_id or 0,
        at=at.astimezone(),
        end=end,
    )


def _walked(row: Any) -> Walked:
    took = (to_micros(row.answered_at) - to_micros(row.entered_at)) // 1_000
    return Walked(row.kind, row.block, row.answer, row.next_block, max(0, took))


def _each(rows: Iterable[Any]) -> Iterator[tuple[str, list[Walked]]]:
    for run_id, its in groupby(rows, key=lambda row: row.run_id):
        yield run_id, [_walked(row) for row in its]
