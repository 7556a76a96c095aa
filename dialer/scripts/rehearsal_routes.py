"""A rehearsal over HTTP: the same moves as at the desk, with nobody on the line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from msgspec import Struct
from sqlalchemy import Connection

from dialer.auth.model import Permission, User, may
from dialer.http.api import ApiCall, Handler, Operation
from dialer.http.problems import Problem
from dialer.scripts import drafts, rehearsal, rights, startable
from dialer.scripts.rehearsal import HowItWent, PastRehearsal, Rehearsed
from dialer.scripts.run import Move, Refusal
from dialer.scripts.service import Run
from dialer.scripts.show import scheme, shows_scheme, view
from dialer.scripts.startable import Startable
from dialer.scripts.values import Typed
from dialer.scripts.view import RunView, SchemeView
from dialer.scripts.weave import CannotWeave
from dialer.store.engine import Store

BASE = "/api/v1/rehearsals"


class RehearsalBody(Struct, frozen=True, kw_only=True):
    script: int
    draft: bool = False


class RehearsedStep(Struct, frozen=True, kw_only=True):
    step: int
    move: Move


class RehearsedFields(Struct, frozen=True, kw_only=True):
    step: int
    fields: dict[str, Typed]


class RehearsedTask(Struct, frozen=True, kw_only=True):
    task: str
    on: bool


class NoBody(Struct, frozen=True, kw_only=True):
    pass


class Rehearsal(Struct, frozen=True, kw_only=True):
    """`run` is what the operator's page draws; `went` is told from the beginning, and whole at the end."""

    id: str
    client: str
    city: str
    run: RunView
    scheme: SchemeView | None
    acts: bool  # the script has actions, which a rehearsal does not carry out
    went: HowItWent


class Rehearsals(Struct, frozen=True, kw_only=True):
    """What may be rehearsed, and one's own rehearsals so far."""

    scripts: list[Startable]
    past: list[PastRehearsal]


def operations(store: Store, now: Callable[[], datetime], new_id: Callable[[], str]) -> list[Operation]:
    async def list_rehearsals(call: ApiCall) -> Rehearsals:
        user, role = call.user.id, call.user.role.value
        return await store.read(
            lambda conn: Rehearsals(
                scripts=startable.every(conn, "see", user_id=user, role=role),
                past=rehearsal.mine(conn, user),
            )
        )

    async def start_rehearsal(call: ApiCall) -> Rehearsal:
        user, body = call.user, cast(RehearsalBody, call.body)
        run_id = new_id()

        def begin(conn: Connection) -> Rehearsal | None:
            _ask(conn, user, body)
            one = rehearsal.start(
                conn, body.script, draft=body.draft, run_id=run_id, user_id=user.id, name=user.name, now=now()
            )
            return _shown(conn, one, user) if one is not None else None

        try:
            begun = await store.write(begin)
        except CannotWeave as wrong:
            raise Problem(409, "preview_impossible", {"name": str(wrong)[:80]}) from wrong
        if begun is None:
            raise Problem(404, "not_found")
        return begun

    async def changed(call: ApiCall, unit: Callable[[Connection, Rehearsed], Run | Refusal]) -> Rehearsal:
        user, run_id = call.user, call.path("id")[:26]

        def change(conn: Connection) -> Rehearsal | Refusal:
            one = rehearsal.load(conn, run_id, user.id)
            if one is None:
                raise Problem(404, "not_found")
            done = unit(conn, one)
            return (
                done
                if isinstance(done, Refusal)
                else _shown(conn, Rehearsed(run=done, version=one.version), user)
            )

        shown = await store.write(change)
        if isinstance(shown, Refusal):
            raise Problem(409, shown.code, shown.params)
        return shown

    async def show_rehearsal(call: ApiCall) -> Rehearsal:
        user, run_id = call.user, call.path("id")[:26]

        def load(conn: Connection) -> Rehearsal | None:
            one = rehearsal.load(conn, run_id, user.id)
            return _shown(conn, one, user) if one is not None else None

        shown = await store.read(load)
        if shown is None:
            raise Problem(404, "not_found")
        return shown

    async def rehearse_step(call: ApiCall) -> Rehearsal:
        body, name = cast(RehearsedStep, call.body), call.user.name
        return await changed(
            call, lambda conn, one: rehearsal.make_move(conn, one, body.step, body.move, name=name, now=now())
        )

    async def rehearse_fields(call: ApiCall) -> Rehearsal:
        body = cast(RehearsedFields, call.body)
        return await changed(call, lambda conn, one: rehearsal.fill(conn, one, body.step, body.fields))

    async def rehearse_task(call: ApiCall) -> Rehearsal:
        body = cast(RehearsedTask, call.body)
        return await changed(call, lambda conn, one: rehearsal.tick(conn, one, body.task, body.on))

    async def end_rehearsal(call: ApiCall) -> Rehearsal:
        name = call.user.name
        return await changed(call, lambda conn, one: rehearsal.end(conn, one, name=name, now=now()))

    def operation(
        method: str, path: str, summary: str, handler: Handler, answers: type, body: type | None = None
    ) -> Operation:
        return Operation(
            method=method,
            path=f"{BASE}{path}",
            summary=summary,
            permission=Permission.REHEARSE,
            handler=handler,
            body=body,
            answers=answers,
        )

    return [
        operation("GET", "", "What may be rehearsed, and one's own so far", list_rehearsals, Rehearsals),
        operation("POST", "", "Begin a rehearsal", start_rehearsal, Rehearsal, RehearsalBody),
        operation("GET", "/{id}", "A rehearsal as it stands", show_rehearsal, Rehearsal),
        operation("POST", "/{id}/step", "One move", rehearse_step, Rehearsal, RehearsedStep),
        operation("POST", "/{id}/fields", "Keep what was typed", rehearse_fields, Rehearsal, RehearsedFields),
        operation("POST", "/{id}/task", "Tick a task off, or on", rehearse_task, Rehearsal, RehearsedTask),
        operation("POST", "/{id}/end", "End it, and see how it went", end_rehearsal, Rehearsal, NoBody),
    ]


def _ask(conn: Connection, user: User, body: RehearsalBody) -> None:
    """A draft is rehearsed by those who may edit it, a version by those who may see it. Raises `Problem`."""
    if body.draft and not may(user.role, Permission.EDIT_SCRIPTS):
        raise Problem(403, "not_allowed")
    right: rights.Right = "edit" if body.draft else "see"
    if not rights.may(conn, body.script, right, user_id=user.id, role=user.role.value):
        raise Problem(403, "script_closed")
    written = drafts.load(conn, body.script) if body.draft else None
    if written is not None:
        unseen = rights.closed_names(conn, "see", user_id=user.id, role=user.role.value)
        if (name := drafts.closed_sub(written.script, unseen)) is not None:
            raise Problem(409, "sub_closed", {"name": name[:80]})


def _shown(conn: Connection, one: Rehearsed, user: User) -> Rehearsal:
    script, state = one.version.script, one.run.state
    context = rehearsal.context_of(script, user.name)
    return Rehearsal(
        id=one.run.id,
        client=context.client_name,
        city=context.client_city,
        run=view(script, state, context, run_id=one.run.id, version=one.version.number),
        scheme=scheme(script, state, context, run_id=one.run.id) if shows_scheme(script) else None,
        acts=any(block.actions or any(answer.actions for answer in block.answers) for block in script.blocks),
        went=rehearsal.how_it_went(conn, one),
    )
