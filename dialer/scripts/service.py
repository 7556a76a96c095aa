"""Units of work about scripts: versions published and read, runs started, each step saved as it happens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from dialer.scripts import counting, engine, sayings
from dialer.scripts.model import Script
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Move, Moved, Refusal, RunState, Step
from dialer.scripts.tables import runs, script_versions, scripts, steps
from dialer.scripts.values import Typed
from dialer.scripts.weave import uses, weave
from dialer.store import prepared


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published version; it never changes. `script` is what runs."""

    id: int
    script_id: int
    number: int
    script: Script


class Run(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version_id: int
    operator_id: int
    campaign_id: int | None
    state: RunState


# Of what is long only what runs: a version is read at each "Next".
_READ = (script_versions.c.id, script_versions.c.script_id, script_versions.c.number, script_versions.c.body)
_LATEST = (
    select(*_READ)
    .where(script_versions.c.script_id == bindparam("script"))
    .order_by(script_versions.c.number.desc())
    .limit(1)
)
_VERSION = select(*_READ).where(script_versions.c.id == bindparam("version"))
_RUN = select(runs.c.id, runs.c.version_id, runs.c.operator_id, runs.c.campaign_id, runs.c.state).where(
    runs.c.id == bindparam("run")
)
_KEEP_STATE = update(runs).where(runs.c.id == bindparam("run")).values(state=bindparam("now_at"))
_STEP = insert(steps)
_START = insert(runs)
_TIE = update(runs).where(runs.c.id == bindparam("run")).values(call_id=bindparam("call"))


def publish(conn: Connection, script: Script, now: datetime) -> int:
    """Publish a checked script as its name's next version, if it changed. Gives the script's id.

    Raises `weave.CannotWeave` where it passes through a script that is not published.
    """
    row = conn.execute(select(scripts.c.id).where(scripts.c.name == script.name)).first()
    script_id = (
        row.id
        if row
        else conn.execute(insert(scripts).values(name=script.name).returning(scripts.c.id)).scalar_one()
    )
    add_version(conn, script_id, script, now)
    return int(script_id)


def add_version(
    conn: Connection, script_id: int, script: Script, now: datetime, *, by: int | None = None, note: str = ""
) -> int | None:
    """The number of the version that was added; None where the script runs just like the latest one.

    Raises `weave.CannotWeave`.
    """
    body = weave(script, sources(conn).get) if uses(script) else script
    current = latest(conn, script_id)
    if current is not None and current.script == body and written(conn, current.id) == script:
        return None
    number = conn.execute(
        select(func.coalesce(func.max(script_versions.c.number), 0) + 1).where(
            script_versions.c.script_id == script_id
        )
    ).scalar_one()
    conn.execute(
        insert(script_versions).values(
            script_id=script_id,
            number=number,
            published_at=now,
            published_by=by,
            note=note,
            source=script,
            body=body,
        )
    )
    return int(number)


def written(conn: Connection, version_id: int) -> Script:
    """What somebody wrote, before other scripts were woven into it."""
    found: Script = conn.execute(
        select(script_versions.c.source).where(script_versions.c.id == version_id)
    ).scalar_one()
    return found


def sources(conn: Connection) -> dict[str, Script]:
    """The latest published text of every script, by its name."""
    newest = (
        select(script_versions.c.script_id, func.max(script_versions.c.number).label("number"))
        .group_by(script_versions.c.script_id)
        .subquery()
    )
    found = conn.execute(
        select(scripts.c.name, script_versions.c.source)
        .join(script_versions, script_versions.c.script_id == scripts.c.id)
        .join(
            newest,
            (newest.c.script_id == script_versions.c.script_id)
            & (newest.c.number == script_versions.c.number),
        )
    )
    return {row.name: row.source for row in found}


def latest(conn: Connection, script_id: int) -> Version | None:
    row = prepared.first(conn, _LATEST, {"script": script_id})
    return _version(row) if row else None


def load_version(conn: Connection, version_id: int) -> Version:
    row: Any = conn.execute(_VERSION, {"version": version_id}).one()
    return _version(row)


def _version(row: Row[Any]) -> Version:
    return Version(id=row.id, script_id=row.script_id, number=row.number, script=row.body)


def load_run(conn: Connection, run_id: str) -> Run:
    row = conn.execute(_RUN, {"run": run_id}).one()
    return Run(
        id=row.id,
        version_id=row.version_id,
        operator_id=row.operator_id,
        campaign_id=row.campaign_id,
        state=row.state,
    )


def start_run(
    conn: Connection,
    *,
    run_id: str,
    version: Version,
    context: Context,
    client_id: int,
    operator_id: int,
    campaign_id: int | None = None,
    now: datetime,
) -> Run:
    """Begin a run at the first block of a version, which it keeps to its end."""
    state = engine.start(version.script, now, context)
    prepared.add(
        conn,
        _START,
        {
            "id": run_id,
            "version_id": version.id,
            "client_id": client_id,
            "operator_id": operator_id,
            "campaign_id": campaign_id,
            "state": state,
            "started_at": now,
        },
    )
    return Run(
        id=run_id, version_id=version.id, operator_id=operator_id, campaign_id=campaign_id, state=state
    )


def make_move(
    conn: Connection,
    version: Version,
    run: Run,
    step: int,
    move: Move,
    *,
    call_id: str | None,
    context: Context,
    now: datetime,
) -> Run | Refusal:
    """One move, kept with its step in the same transaction. A repeated move changes nothing."""
    moved = engine.move(version.script, run.state, step, move, now, context)
    return _keep(conn, version, run, moved, call_id)


def fill_fields(
    conn: Connection, version: Version, run: Run, step: int, fields: dict[str, Typed]
) -> Run | Refusal:
    """Keep what was typed, half-typed words too."""
    state = engine.fill(version.script, run.state, step, fields)
    if isinstance(state, Refusal):
        return state
    conn.execute(_KEEP_STATE, {"run": run.id, "now_at": state})
    return msgspec.structs.replace(run, state=state)


def finish_run(
    conn: Connection,
    version: Version,
    run: Run,
    *,
    call_id: str | None,
    context: Context,
    now: datetime,
    reason: str,
) -> Run | Refusal:
    """Close the run; the last block is logged with its fields."""
    moved = engine.finish(version.script, run.state, now, context, reason=reason)
    done = _keep(conn, version, run, moved, call_id)
    if not isinstance(done, Refusal) and done.state.ended is not None and run.state.ended is None:
        counting.close(conn, run.id, done.state.ended, now)
    return done


def tie_to_call(conn: Connection, run_id: str, call_id: str) -> None:
    """From now on the run's steps stand in this call."""
    prepared.run(conn, _TIE, {"run": run_id, "call": call_id})


def _keep(
    conn: Connection, version: Version, run: Run, moved: Moved | Refusal, call_id: str | None
) -> Run | Refusal:
    if isinstance(moved, Refusal):
        return moved
    if moved.step is not None:
        step = moved.step
        found_by = {
            "script_id": version.script_id,
            "operator_id": run.operator_id,
            "campaign_id": run.campaign_id,
            "saying_id": sayings.keep(conn, version.script, run.id, step),
        }
        prepared.add(conn, _STEP, _step_values(run.id, step, call_id) | found_by)
        prepared.run(conn, _KEEP_STATE, {"run": run.id, "now_at": moved.state})
    return msgspec.structs.replace(run, state=moved.state)


def _step_values(run_id: str, step: Step, call_id: str | None) -> dict[str, object]:
    return {
        "run_id": run_id,
        "seq": step.step,
        "block": step.block,
        "title": step.title,
        "stage": step.stage,
        "kind": step.kind,
        "text": step.text,
        "answer": step.answer,
        "answer_text": step.answer_text,
        "note": step.note,
        "fields": step.fields,
        "next_block": step.to,
        "entered_at": step.entered_at,
        "answered_at": step.answered_at,
        "hasty": step.hasty,
        "call_id": call_id,
    }
