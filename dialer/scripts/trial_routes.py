"""Trials of versions, who may do what with a script, scripts to start from: for those who write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, cast

from msgspec import Meta, Struct
from sqlalchemy import Connection

from dialer.auth import users
from dialer.auth.model import Permission, Role, User
from dialer.http.api import ApiCall, Handler, Operation, number
from dialer.http.problems import Problem
from dialer.scripts import rights, trials
from dialer.scripts.guarded import with_right
from dialer.scripts.rights import Rights
from dialer.scripts.shelf import PublishedVersion, load_versions
from dialer.scripts.starters import Starter, starters
from dialer.scripts.trial import WORTH
from dialer.scripts.trials import TrialRow
from dialer.store.engine import Store


class Trials(Struct, frozen=True, kw_only=True):
    """All trials of a script, the latest first, and the versions that may be tried."""

    items: list[TrialRow]
    versions: list[PublishedVersion]


class TrialShare(Struct, frozen=True, kw_only=True):
    version: int
    parts: int


class TrialBody(Struct, frozen=True, kw_only=True):
    shares: Annotated[list[TrialShare], Meta(max_length=trials.MOST_ARMS)]
    worth: float = WORTH


class StopTrialBody(Struct, frozen=True, kw_only=True):
    trial: int


class AdoptBody(Struct, frozen=True, kw_only=True):
    trial: int
    version: int


class Somebody(Struct, frozen=True, kw_only=True):
    """Who may be named, or is. `standing`: who is named is shown when they `left` or have another `role`, too."""

    id: int
    name: str
    role: str
    standing: Literal["here", "left", "role"]


class RightsView(Struct, frozen=True, kw_only=True):
    """Whom each right names, as `role:operator` or `user:7`; an empty list is everybody whose role allows it."""

    rights: Rights
    users: list[Somebody]
    roles: list[str]


class LibraryList(Struct, frozen=True, kw_only=True):
    """The scripts that are shipped, those of the reader's language first."""

    items: list[Starter]


ASKED = (Role.OPERATOR, Role.SUPERVISOR, Role.REVIEWER)
"""The roles that a right may name; an admin has every right."""


def operations(store: Store, now: Callable[[], datetime]) -> list[Operation]:
    async def list_library(call: ApiCall) -> LibraryList:
        mine = call.user.language
        return LibraryList(items=sorted(starters(), key=lambda one: one.language != mine))

    async def list_trials(call: ApiCall) -> Trials:
        return await store.read(partial(_trials, script_id=number(call.path("id"))))

    async def start_trial(call: ApiCall) -> Trials:
        script_id, body, by = number(call.path("id")), cast(TrialBody, call.body), call.user.id
        shares = {share.version: share.parts for share in body.shares}
        if len(shares) < len(body.shares):
            raise Problem(409, "trial_versions")
        return await changed(
            script_id, lambda conn: trials.start(conn, script_id, shares, body.worth, by=by, now=now())
        )

    async def stop_trial(call: ApiCall) -> Trials:
        script_id, trial, by = number(call.path("id")), call.body.trial, call.user.id
        return await changed(script_id, lambda conn: trials.stop(conn, script_id, trial, by=by, now=now()))

    async def adopt_version(call: ApiCall) -> Trials:
        script_id, body, by = number(call.path("id")), cast(AdoptBody, call.body), call.user.id
        return await changed(
            script_id,
            lambda conn: trials.adopt(conn, script_id, body.trial, body.version, by=by, now=now()),
        )

    async def changed(script_id: int, unit: Callable[[Connection], Any]) -> Trials:
        done = await store.write(unit)
        if isinstance(done, trials.Refused):
            raise Problem(409, done.code)
        return await store.read(partial(_trials, script_id=script_id))

    async def read_rights(call: ApiCall) -> RightsView:
        return await store.read(partial(_rights, script_id=number(call.path("id"))))

    async def set_rights(call: ApiCall) -> RightsView:
        script_id, named = number(call.path("id")), cast(Rights, call.body)
        view = await store.read(partial(_rights, script_id=script_id))
        stored = view.rights.everybody()
        wrong = rights.unknown(named, users=[one.id for one in view.users], roles=view.roles)
        if not stored.issuperset(wrong):
            raise Problem(409, "rights_unknown")
        if not rights.allowed(named, "edit", user_id=call.user.id, role=call.user.role.value):
            raise Problem(409, "rights_own")
        await store.write(lambda conn: rights.set_rights(conn, script_id, named))
        return await store.read(partial(_rights, script_id=script_id))

    def operation(
        method: str, path: str, summary: str, handler: Handler, answers: type, body: type | None = None
    ) -> Operation:
        return Operation(
            method=method,
            path=f"/api/v1/scripts/{{id}}/{path}",
            summary=summary,
            permission=Permission.EDIT_SCRIPTS,
            handler=with_right(store, "see" if method == "GET" else "edit", handler),
            body=body,
            answers=answers,
        )

    return [
        Operation(
            method="GET",
            path="/api/v1/scripts/library",
            summary="Scripts to start from",
            permission=Permission.EDIT_SCRIPTS,
            handler=list_library,
            answers=LibraryList,
        ),
        operation("GET", "trials", "Trials of a script's versions", list_trials, Trials),
        operation("POST", "trials", "Try versions against each other", start_trial, Trials, TrialBody),
        operation("POST", "trials/stop", "End a trial undecided", stop_trial, Trials, StopTrialBody),
        operation(
            "POST", "trials/adopt", "End a trial, and take a version", adopt_version, Trials, AdoptBody
        ),
        operation("GET", "rights", "Who may see, start, edit a script", read_rights, RightsView),
        operation("POST", "rights", "Say who may", set_rights, RightsView, Rights),
    ]


def _trials(conn: Connection, script_id: int) -> Trials:
    return Trials(items=trials.report(conn, script_id), versions=load_versions(conn, script_id))


def _rights(conn: Connection, script_id: int) -> RightsView:
    stored = rights.rights_of(conn, script_id)
    named = stored.everybody()
    everybody = [(one, _standing(one)) for one in users.all_users(conn)]
    return RightsView(
        rights=stored,
        users=[
            Somebody(id=one.id, name=one.name, role=one.role.value, standing=standing)
            for one, standing in everybody
            if standing == "here" or f"user:{one.id}" in named
        ],
        roles=[role.value for role in ASKED],
    )


def _standing(user: User) -> Literal["here", "left", "role"]:
    if not user.active:
        return "left"
    return "here" if user.role in ASKED else "role"
