"""Calls and their sound for the console: lists, a call's page, the recording itself by ranges."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from aiohttp import web
from sqlalchemy import Connection, select

from dialer.auth.model import Permission, may
from dialer.desk.call_page import CallList, CallPage, list_calls, load_call
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.store.engine import Store
from dialer.telephony import links
from dialer.telephony.tables import recordings

log = logging.getLogger(__name__)


def operations(store: Store, *, kept: Path, secret: bytes) -> list[Operation]:
    def link(call_id: str, user_id: int) -> str:
        expires = int(time.time()) + links.LIFETIME_S
        signature = links.sign(secret, call_id=call_id, user_id=user_id, expires=expires)
        return f"/api/v1/recordings/{call_id}/audio?expires={expires}&signature={signature}"

    async def list_(call: ApiCall) -> CallList:
        campaign = number(call.query("campaign")) if call.query("campaign") else None
        before, language = call.query("cursor")[:26], call.user.language
        return await store.read(
            lambda conn: list_calls(conn, before=before, campaign_id=campaign, language=language)
        )

    async def show(call: ApiCall) -> CallPage:
        call_id, user = call.path("id")[:26], call.user
        sign = (lambda recording: link(recording, user.id)) if may(user.role, Permission.LISTEN) else None
        page = await store.read(lambda conn: load_call(conn, call_id, language=user.language, link=sign))
        if page is None:
            raise Problem(404, "not_found")
        return page

    async def audio(call: ApiCall) -> web.StreamResponse:
        call_id = call.path("id")
        expires, signature = number(call.query("expires", "0")), call.query("signature")
        now = int(time.time())
        if not links.is_valid(
            secret, signature, call_id=call_id, user_id=call.user.id, expires=expires, now=now
        ):
            raise Problem(410, "gone")

        def listed(conn: Connection) -> bool:
            row = conn.execute(select(recordings.c.state).where(recordings.c.call_id == call_id)).first()
            return row is not None and row.state in ("ready", "repaired")

        path = kept / f"{call_id}.wav"
        if not await store.read(listed) or not path.is_file():
            raise Problem(404, "not_found")
        if call.request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
            log.info("recording played: %s by user %s", call_id, call.user.id)
        headers = {"Content-Disposition": "inline", "Cache-Control": "private, no-store"}
        return web.FileResponse(path, headers=headers)

    list_.__name__, show.__name__, audio.__name__ = "list_calls", "show_call", "play_recording"
    return [
        Operation(
            method="GET",
            path="/api/v1/calls",
            summary="Calls, the newest first",
            permission=Permission.SEE_CONSOLE,
            handler=list_,
            answers=CallList,
        ),
        Operation(
            method="GET",
            path="/api/v1/calls/{id}",
            summary="One call with its answers and its recording",
            permission=Permission.SEE_CONSOLE,
            handler=show,
            answers=CallPage,
        ),
        Operation(
            method="GET",
            path="/api/v1/recordings/{id}/audio",
            summary="The sound of a call, by ranges; the address comes signed with the call's page",
            permission=Permission.LISTEN,
            handler=audio,
            answers=bytes,
        ),
    ]
