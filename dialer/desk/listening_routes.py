"""A supervisor at live calls, over HTTP: listen, change the mode, stop, take over; and the log of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, select

from dialer.auth.model import Permission
from dialer.auth.tables import users
from dialer.desk.room import RefusedPress
from dialer.desk.service import DeskRefused, Desks
from dialer.desk.tables import listenings
from dialer.http.api import ApiCall, Operation
from dialer.http.problems import Catalogue
from dialer.telephony.port import Listening as Mode

BASE = "/api/v1/live"
PAGE = 100


class ListenBody(Struct, frozen=True, kw_only=True):
    call: str
    mode: Literal["listen", "whisper", "barge"]


class CallBody(Struct, frozen=True, kw_only=True):
    call: str


class NothingBody(Struct, frozen=True, kw_only=True):
    pass


class PressAnswer(Struct, frozen=True, kw_only=True):
    """What was pressed is done, or `refused` says why not; the live view shows the rest."""

    refused: RefusedPress | None = None


class LiveListening(Struct, frozen=True, kw_only=True):
    """Who listened to whom, when, and how; a change of mode is a row of its own."""

    id: str
    user: str
    operator: str
    call: str
    mode: str
    started_at: datetime
    ended_at: datetime | None


class LiveListenings(Struct, frozen=True, kw_only=True):
    items: list[LiveListening]
    next: str | None


def operations(desks: Desks) -> list[Operation]:
    texts = Catalogue()

    def press(path: str, summary: str, body: type, do: Callable[[ApiCall], Awaitable[None]]) -> Operation:
        async def handler(call: ApiCall) -> PressAnswer:
            try:
                await do(call)
            except DeskRefused as no:
                title = texts.text(no.code, no.params, call.user.language)
                return PressAnswer(refused=RefusedPress(code=no.code, title=title, params=no.params))
            return PressAnswer()

        handler.__name__ = f"live_{path}"
        return Operation(
            method="POST",
            path=f"{BASE}/{path}",
            summary=summary,
            permission=Permission.LISTEN_LIVE,
            handler=handler,
            body=body,
            answers=PressAnswer,
        )

    async def list_listenings(call: ApiCall) -> LiveListenings:
        before = call.query("cursor")[:26]
        return await desks.world.store.read(lambda conn: load_log(conn, before))

    return [
        press(
            "listen",
            "Listen to a call at one's own phone, or change the mode",
            ListenBody,
            lambda c: desks.listeners.listen(c.user, c.body.call[:26], Mode(c.body.mode)),
        ),
        press("stop", "Stop listening", NothingBody, lambda c: desks.listeners.leave(c.user)),
        press(
            "take_over",
            "Take a call over from its operator",
            CallBody,
            lambda c: desks.listeners.take_over(c.user, c.body.call[:26]),
        ),
        Operation(
            method="GET",
            path="/api/v1/live/listenings",
            summary="Who listened to which live call, the newest first",
            permission=Permission.SEE_LISTENINGS,
            handler=list_listenings,
            answers=LiveListenings,
        ),
    ]


def load_log(conn: Connection, before: str) -> LiveListenings:
    """A page of the log; `before` is the id that the last page ended with."""
    who, whom = users, users.alias()
    query = (
        select(listenings, who.c.name.label("user_name"), whom.c.name.label("operator_name"))
        .join(who, who.c.id == listenings.c.user_id)
        .join(whom, whom.c.id == listenings.c.operator_id)
        .order_by(listenings.c.id.desc())
        .limit(PAGE + 1)
    )
    rows = conn.execute(query.where(listenings.c.id < before) if before else query).all()
    items = [
        LiveListening(
            id=row.id,
            user=row.user_name,
            operator=row.operator_name,
            call=row.call_id,
            mode=row.mode,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row in rows[:PAGE]
    ]
    return LiveListenings(items=items, next=items[-1].id if len(rows) > PAGE else None)
