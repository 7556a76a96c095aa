"""Rehearsals (spec S2.3): a script is gone through with nobody on the line, and none of it counts anywhere.

The log is kept for the learner alone. Units of work.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from dialer.scripts import service
from dialer.scripts.model import Language, Script
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Move, Refusal
from dialer.scripts.service import REHEARSAL, Run, Version
from dialer.scripts.tables import runs, script_drafts, script_versions, steps
from dialer.scripts.values import Typed
from dialer.scripts.weave import CannotWeave, weave

MOST: Final = 30

CLIENTS: Final[dict[Language, tuple[str, str, str]]] = {
    "ru": ("Анна Петровна Смирнова", "Анна Петровна", "Тверь"),
    "en": ("Anna Smith", "Anna", "Leeds"),
}
"""Whom one talks to in a rehearsal: the name, as one calls them, the city. Nobody's, and no number."""


class Rehearsed(Struct, frozen=True, kw_only=True):
    """A run with what it is of."""

    run: Run
    version: Version


class StepDone(Struct, frozen=True, kw_only=True):
    title: str
    answer: str
    kind: str
    seconds: float
    hasty: bool


class HowItWent(Struct, frozen=True, kw_only=True):
    """What a learner is told at the end. `kind` is "" while it goes on."""

    id: str
    script: str
    version: int  # 0: a draft
    started_at: datetime
    kind: str
    block: str  # where it ended
    seconds: float
    steps: list[StepDone]
    hasty: int
    none_fits: int
    tasks_left: list[str]


def context_of(script: Script, operator_name: str) -> Context:
    name, first, city = CLIENTS[script.language]
    return Context(client_name=name, client_first_name=first, client_city=city, operator_name=operator_name)


def start(
    conn: Connection, script_id: int, *, draft: bool, run_id: str, user_id: int, name: str, now: datetime
) -> Rehearsed | None:
    """Begin one of the latest version, or of the draft as it stands; None where there is none.

    Raises `CannotWeave`.
    """
    version = _draft(conn, script_id) if draft else service.latest(conn, script_id)
    if version is None:
        return None
    run = service.start_run(
        conn,
        run_id=run_id,
        version=version,
        context=context_of(version.script, name),
        client_id=None,
        operator_id=user_id,
        kind=REHEARSAL,
        now=now,
    )
    return Rehearsed(run=run, version=version)


def _draft(conn: Connection, script_id: int) -> Version | None:
    body: Script | None = conn.execute(
        select(script_drafts.c.body).where(script_drafts.c.script_id == script_id)
    ).scalar()
    if body is None:
        return service.latest(conn, script_id)  # nothing was changed since
    if body.block(body.start) is None:
        raise CannotWeave(body.name)
    woven = weave(body, service.sources(conn).get)
    return Version(id=0, script_id=script_id, number=0, script=woven)


def load(conn: Connection, run_id: str, user_id: int) -> Rehearsed | None:
    """A learner's own; nobody else's is shown."""
    row = conn.execute(
        select(runs.c.version_id, runs.c.draft).where(
            runs.c.id == run_id, runs.c.operator_id == user_id, runs.c.kind == REHEARSAL
        )
    ).first()
    if row is None:
        return None
    version = (
        service.load_version(conn, row.version_id)
        if row.version_id is not None
        else Version(id=0, script_id=0, number=0, script=row.draft)
    )
    return Rehearsed(run=service.load_run(conn, run_id), version=version)


def make_move(
    conn: Connection, one: Rehearsed, step: int, move: Move, *, name: str, now: datetime
) -> Run | Refusal:
    context = context_of(one.version.script, name)
    return service.make_move(conn, one.version, one.run, step, move, call_id=None, context=context, now=now)


def fill(conn: Connection, one: Rehearsed, step: int, fields: dict[str, Typed]) -> Run | Refusal:
    return service.fill_fields(conn, one.version, one.run, step, fields)


def tick(conn: Connection, one: Rehearsed, task: str, on: bool) -> Run | Refusal:
    return service.tick_task(conn, one.version, one.run, task, on)


def end(conn: Connection, one: Rehearsed, *, name: str, now: datetime) -> Run | Refusal:
    """The learner has had enough, or is at the script's end."""
    context = context_of(one.version.script, name)
    return service.finish_run(
        conn, one.version, one.run, call_id=None, context=context, now=now, reason="rehearsed"
    )


def how_it_went(conn: Connection, one: Rehearsed) -> HowItWent:
    run, script = one.run, one.version.script
    row = conn.execute(select(runs.c.started_at, runs.c.ended_at).where(runs.c.id == run.id)).one()
    taken = [_step(step) for step in conn.execute(_steps(run.id))]
    end = run.state.ended
    block = script.block(end.block) if end is not None else None
    ended: datetime | None = row.ended_at
    return HowItWent(
        id=run.id,
        script=script.name,
        version=one.version.number,
        started_at=row.started_at,
        kind=end.kind.value if end is not None else "",
        block=(block.title or block.id) if block is not None else "",
        seconds=(ended - row.started_at).total_seconds() if ended is not None else 0.0,
        steps=taken,
        hasty=sum(step.hasty for step in taken),
        none_fits=sum(step.kind == "none" for step in taken),
        tasks_left=[task.text for task in script.tasks if task.id not in run.state.done],
    )


def _steps(run_id: str) -> Any:
    return select(steps).where(steps.c.run_id == run_id).order_by(steps.c.seq)


def _step(row: Row[Any]) -> StepDone:
    return StepDone(
        title=row.title,
        answer=row.answer_text or row.note,
        kind=row.kind,
        seconds=(row.answered_at - row.entered_at).total_seconds(),
        hasty=row.hasty,
    )


class PastRehearsal(Struct, frozen=True, kw_only=True):
    id: str
    script: str
    started_at: datetime
    ending: str
    steps: int


def mine(conn: Connection, user_id: int) -> list[PastRehearsal]:
    """A learner's own rehearsals, the newest first."""
    rows = conn.execute(
        select(
            runs.c.id, runs.c.started_at, runs.c.ending, runs.c.state, runs.c.draft, script_versions.c.body
        )
        .outerjoin(script_versions, script_versions.c.id == runs.c.version_id)
        .where(runs.c.operator_id == user_id, runs.c.kind == REHEARSAL)
        .order_by(runs.c.started_at.desc())
        .limit(MOST)
    )
    return [
        PastRehearsal(
            id=row.id,
            script=(row.body or row.draft).name,
            started_at=row.started_at,
            ending=row.ending,
            steps=row.state.step - 1,
        )
        for row in rows
    ]
