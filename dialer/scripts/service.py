"""Units of work about scripts: versions published and read, runs started, each step saved as it happens."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from dialer.scripts import counting, engine, sayings
from dialer.scripts.model import Script
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Due, Move, Moved, Refusal, RunState, Step
from dialer.scripts.tables import runs, script_trials, script_versions, scripts, steps
from dialer.scripts.trial import drawn_for
from dialer.scripts.values import Typed
from dialer.scripts.weave import uses, weave
from dialer.store import prepared

REAL: Final = "real"
REHEARSAL: Final = "rehearsal"


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published version; it never changes. `script` is what runs."""

    id: int
    script_id: int
    number: int
    script: Script


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """`version_id` is 0 for the rehearsal of a draft."""

    id: str
    version_id: int
    operator_id: int
    campaign_id: int | None
    state: RunState
    kind: str = REAL
    due: tuple[Due, ...] = ()  # what the step just made does besides: the caller's to carry out


# Of what is long only what runs: a version is read at each "Next".
_READ = (script_versions.c.id, script_versions.c.script_id, script_versions.c.number, script_versions.c.body)
_LATEST = (
    select(*_READ)
    .where(script_versions.c.script_id == bindparam("script"))
    .order_by(script_versions.c.number.desc())
    .limit(1)
)
_VERSION = select(*_READ).where(script_versions.c.id == bindparam("version"))
_RUN = select(
    runs.c.id, runs.c.version_id, runs.c.operator_id, runs.c.campaign_id, runs.c.state, runs.c.kind
).where(runs.c.id == bindparam("run"))
_TRIAL = select(script_trials.c.id, script_trials.c.shares).where(
    script_trials.c.script_id == bindparam("script"), script_trials.c.until.is_(None)
)
_KEEP_STATE = update(runs).where(runs.c.id == bindparam("run")).values(state=bindparam("now_at"))
_STEP = insert(steps)
_START = insert(runs)
_END_REHEARSAL = (
    update(runs)
    .where(runs.c.id == bindparam("run"))
    .values(ended_at=bindparam("at"), ending=bindparam("how"))
)
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


def drawn(conn: Connection, script_id: int, run_id: str) -> tuple[Version | None, int | None]:
    """The version that a new run is of, and the trial that drew it: else the latest one, and None."""
    trial = prepared.first(conn, _TRIAL, {"script": script_id})
    if trial is None:
        return latest(conn, script_id), None
    row = prepared.first(conn, _VERSION, {"version": drawn_for(trial.shares, trial.id, run_id)})
    return (_version(row), trial.id) if row else (latest(conn, script_id), None)


def load_version(conn: Connection, version_id: int) -> Version:
    row: Any = conn.execute(_VERSION, {"version": version_id}).one()
    return _version(row)


def _version(row: Row[Any]) -> Version:
    return Version(id=row.id, script_id=row.script_id, number=row.number, script=row.body)


def load_run(conn: Connection, run_id: str) -> Run:
    row = conn.execute(_RUN, {"run": run_id}).one()
    return Run(
        id=row.id,
        version_id=row.version_id or 0,
        operator_id=row.operator_id,
        campaign_id=row.campaign_id,
        state=row.state,
        kind=row.kind,
    )


def start_run(
    conn: Connection,
    *,
    run_id: str,
    version: Version,
    context: Context,
    client_id: int | None,
    operator_id: int,
    campaign_id: int | None = None,
    now: datetime,
    trial_id: int | None = None,
    kind: str = REAL,
) -> Run:
    """Begin a run at the first block of a version, which it keeps to its end. One without a number is a draft."""
    state = engine.start(version.script, now, context)
    prepared.add(
        conn,
        _START,
        {
            "id": run_id,
            "kind": kind,
            "version_id": version.id or None,
            "draft": None if version.id else version.script,
            "client_id": client_id,
            "campaign_id": campaign_id,
            "trial_id": trial_id,
            "operator_id": operator_id,
            "state": state,
            "started_at": now,
        },
    )
    return Run(
        id=run_id,
        version_id=version.id,
        operator_id=operator_id,
        campaign_id=campaign_id,
        state=state,
        kind=kind,
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
    return keep(conn, version, run, moved, call_id)


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
    done = keep(conn, version, run, moved, call_id)
    if isinstance(done, Refusal) or done.state.ended is None or run.state.ended is not None:
        return done
    if run.kind == REAL:
        counting.close(conn, run.id, done.state, now)
    else:
        conn.execute(_END_REHEARSAL, {"run": run.id, "at": now, "how": done.state.ended.kind.value})
    if not logs(version, run):
        prepared.run(conn, _KEEP_STATE, {"run": run.id, "now_at": engine.forget(done.state)})
    return done


def logs(version: Version, run: Run) -> bool:
    """Whether the steps of a run are written down: a learner's are, whatever the script says."""
    return version.script.keep_log or run.kind == REHEARSAL


def tick_task(conn: Connection, version: Version, run: Run, task: str, on: bool) -> Run | Refusal:
    """Tick one of the script's tasks off, or on again."""
    state = engine.tick(version.script, run.state, task, on)
    if isinstance(state, Refusal):
        return state
    conn.execute(_KEEP_STATE, {"run": run.id, "now_at": state})
    return msgspec.structs.replace(run, state=state)


def tie_to_call(conn: Connection, run_id: str, call_id: str) -> None:
    """From now on the run's steps stand in this call."""
    prepared.run(conn, _TIE, {"run": run_id, "call": call_id})


def keep(
    conn: Connection, version: Version, run: Run, moved: Moved | Refusal, call_id: str | None
) -> Run | Refusal:
    """Write down what a move made of a run, and its step."""
    if isinstance(moved, Refusal):
        return moved
    if moved.step is not None:
        if logs(version, run):
            _log(conn, version, run, moved.step, call_id)
        prepared.run(conn, _KEEP_STATE, {"run": run.id, "now_at": moved.state})
    return msgspec.structs.replace(run, state=moved.state, due=moved.due)


def _log(conn: Connection, version: Version, run: Run, step: Step, call_id: str | None) -> None:
    """Append a step to the log; one of a rehearsal can be found by nobody's search."""
    values = _step_values(run.id, step, call_id)
    if run.kind == REAL:
        values |= {
            "script_id": version.script_id,
            "operator_id": run.operator_id,
            "campaign_id": run.campaign_id,
            "saying_id": sayings.keep(conn, version.script, run.id, step),
        }
    prepared.add(conn, _STEP, values)


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
