"""Runs that were set aside ("call me later") and are taken up again, by whomever: units of work."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, bindparam, case, select, update

from dialer.auth.tables import users
from dialer.clients.tables import clients
from dialer.scripts import engine, service
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Refusal
from dialer.scripts.service import Run, Version
from dialer.scripts.tables import runs, script_versions, scripts
from dialer.store import prepared

MOST: Final = 200
"""Runs that a list shows: of all that one may take up, one's own before others', and the latest of them."""


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """A run that waits to be taken up again."""

    run: str
    script_id: int
    script: str
    campaign_id: int | None
    client_id: int
    client: str
    block: str  # its title
    step: int
    since: datetime
    operator_id: int
    operator: str


def put_aside(
    conn: Connection, version: Version, run: Run, *, call_id: str | None, context: Context, now: datetime
) -> Run | Refusal:
    """Put a run away where it stands; the block is logged with what was typed."""
    moved = engine.set_aside(version.script, run.state, now, context)
    done = service.keep(conn, version, run, moved, call_id)
    if not isinstance(done, Refusal):
        conn.execute(update(runs).where(runs.c.id == run.id).values(aside_at=now))
    return done


def put_back(conn: Connection, run_id: str, now: datetime) -> None:
    """A run went off the desk without a word of what came of it: what was said in it is not lost."""
    state = conn.execute(
        select(runs.c.state).where(runs.c.id == run_id, runs.c.ended_at.is_(None), runs.c.aside_at.is_(None))
    ).scalar()
    if state is not None and state.step > 1:
        conn.execute(update(runs).where(runs.c.id == run_id).values(aside_at=now))


_OF_CLIENT = (
    select(runs.c.id)
    .join(script_versions, script_versions.c.id == runs.c.version_id)
    .where(
        runs.c.client_id == bindparam("client"),
        runs.c.aside_at.is_not(None),
        script_versions.c.script_id == bindparam("script"),
    )
    .order_by(runs.c.aside_at.desc())
    .limit(1)
)


def of_client(conn: Connection, client_id: int, script_id: int) -> str | None:
    """The run of a script that was set aside last with this client."""
    found = prepared.first(conn, _OF_CLIENT, {"client": client_id, "script": script_id})
    return found.id if found else None


def take_up(conn: Connection, run_id: str, *, operator_id: int, now: datetime) -> Run | None:
    """Take a run up where it was left; None if somebody else was quicker. It is that operator's from now on."""
    row = conn.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.aside_at.is_not(None))
        .values(aside_at=None, operator_id=operator_id)
        .returning(runs.c.id)
    ).first()
    if row is None:
        return None
    run = service.load_run(conn, run_id)
    state = engine.resume(run.state, now)
    conn.execute(update(runs).where(runs.c.id == run_id).values(state=state))
    return msgspec.structs.replace(run, state=state)


def load(conn: Connection, run_id: str) -> Aside | None:
    """One that is set aside."""
    return next(iter(_listed(conn, _ASIDE.where(runs.c.id == run_id))), None)


def within(
    conn: Connection, campaign_ids: Collection[int], closed: Collection[int], *, operator_id: int
) -> list[Aside]:
    """What is set aside in some campaigns, but for the `closed` scripts: the operator's own first, then the latest.

    At most `MOST`.
    """
    mine = case((runs.c.operator_id == operator_id, 0), else_=1)
    query = (
        _ASIDE.where(runs.c.campaign_id.in_(campaign_ids))
        .order_by(mine, runs.c.aside_at.desc(), runs.c.id)
        .limit(MOST)
    )
    return _listed(conn, query.where(script_versions.c.script_id.not_in(closed)) if closed else query)


_ASIDE = (
    select(
        runs,
        script_versions.c.script_id,
        script_versions.c.body,
        scripts.c.name.label("script"),
        clients.c.name.label("client"),
        users.c.name.label("operator"),
    )
    .join(script_versions, script_versions.c.id == runs.c.version_id)
    .join(scripts, scripts.c.id == script_versions.c.script_id)
    .join(clients, clients.c.id == runs.c.client_id)
    .join(users, users.c.id == runs.c.operator_id)
    .where(runs.c.aside_at.is_not(None), runs.c.ended_at.is_(None), runs.c.kind == "real")
)


def _listed(conn: Connection, query: Select[Any]) -> list[Aside]:
    found = []
    for row in conn.execute(query):
        block = row.body.block(row.state.at.block)
        found.append(
            Aside(
                run=row.id,
                script_id=row.script_id,
                script=row.script,
                campaign_id=row.campaign_id,
                client_id=row.client_id,
                client=row.client,
                block=(block.title or block.id) if block else row.state.at.block,
                step=row.state.step,
                since=row.aside_at,
                operator_id=row.operator_id,
                operator=row.operator,
            )
        )
    return found
