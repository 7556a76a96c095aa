"""The sound of calls: handed out by signed links and ranges, each listening written down; held, and its log."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from dialer.auth.model import Permission
from dialer.desk.recording_view import Link, RecordingLog, load_log
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.store.engine import Store
from dialer.telephony import links, listening
from dialer.telephony.naming import stem

MOST_LINKS = 10_000
_TYPES = {"wav": "audio/wav", "opus": "audio/ogg"}
Second = Annotated[float, Meta(ge=0, le=86_400)]


class HeardBody(Struct, frozen=True, kw_only=True):
    """A part of a segment that was played, in seconds."""

    segment: Annotated[int, Meta(ge=1, le=99)]
    from_s: Second
    to_s: Second


class HoldBody(Struct, frozen=True, kw_only=True):
    on: bool
    why: Annotated[str, Meta(max_length=500)]


class Done(Struct, frozen=True, kw_only=True):
    done: bool = True


class Sound:
    """Hands out sound. `secret` signs its links."""

    def __init__(self, store: Store, *, kept: Path, secret: bytes, now: Callable[[], datetime]) -> None:
        self._store = store
        self._kept = kept
        self._secret = secret
        self._now = now
        self._followed: OrderedDict[str, None] = OrderedDict()  # links whose use is written down

    def links_of(self, user_id: int) -> Link:
        def link(call_id: str, segment: int) -> str:
            expires = int(time.time()) + links.LIFETIME_S
            signature = links.sign(
                self._secret, call_id=call_id, segment=segment, user_id=user_id, expires=expires
            )
            return f"/api/v1/recordings/{call_id}/{segment}/audio?expires={expires}&signature={signature}"

        return link

    async def play_recording(self, call: ApiCall) -> web.StreamResponse:
        call_id, segment, user_id = call.path("id"), number(call.path("segment")), call.user.id
        expires, signature = number(call.query("expires", "0")), call.query("signature")
        given = {"call_id": call_id, "segment": segment, "user_id": user_id, "expires": expires}
        if not links.is_valid(self._secret, signature, **given, now=int(time.time())):  # type: ignore[arg-type]
            raise Problem(410, "gone")
        codec = await self._store.read(lambda conn: listening.codec_of(conn, call_id, segment))
        path = self._kept / f"{stem(call_id, segment)}.{codec}"
        if codec is None or not path.is_file():
            raise Problem(404, "not_found")
        await self._write_down(signature, call_id, segment, user_id)
        headers = {
            "Content-Disposition": "inline",
            "Cache-Control": "private, no-store",
            "Content-Type": _TYPES[codec],
        }
        return web.FileResponse(path, headers=headers)

    async def _write_down(self, signature: str, call_id: str, segment: int, user_id: int) -> None:
        """Before the first byte goes out, whichever it is; a player asks for many parts by one link."""
        if signature in self._followed:
            return
        at = self._now()
        await self._store.write(
            lambda conn: listening.hand_out(conn, call_id, segment, user_id=user_id, at=at)
        )
        self._followed[signature] = None
        if len(self._followed) > MOST_LINKS:
            self._followed.popitem(last=False)

    async def heard_recording(self, call: ApiCall) -> Done:
        body, call_id, user_id, at = call.body, call.path("id"), call.user.id, self._now()
        part = (body.from_s, body.to_s)
        if not await self._store.write(
            lambda conn: listening.heard(conn, call_id, body.segment, part, user_id=user_id, at=at)
        ):
            raise Problem(404, "not_found")
        return Done()

    async def hold_recording(self, call: ApiCall) -> Done:
        body, call_id, user_id, at = call.body, call.path("id"), call.user.id, self._now()
        why = body.why.strip()
        if not why:
            raise Problem(400, "hold_why")
        turn = listening.hold if body.on else listening.release
        if not await self._store.write(lambda conn: turn(conn, call_id, why=why, user_id=user_id, at=at)):
            raise Problem(404, "not_found")
        return Done()

    async def show_recording_log(self, call: ApiCall) -> RecordingLog:
        call_id = call.path("id")
        found = await self._store.read(lambda conn: load_log(conn, call_id))
        if found is None:
            raise Problem(404, "not_found")
        return found


def operations(sound: Sound) -> list[Operation]:
    return [
        Operation(
            method="GET",
            path="/api/v1/recordings/{id}/{segment}/audio",
            summary="The sound of a call, by ranges; the address comes signed with the call's page",
            permission=Permission.LISTEN,
            handler=sound.play_recording,
            answers=bytes,
        ),
        Operation(
            method="POST",
            path="/api/v1/recordings/{id}/heard",
            summary="Tell which part of a recording was played",
            permission=Permission.LISTEN,
            handler=sound.heard_recording,
            body=HeardBody,
            answers=Done,
        ),
        Operation(
            method="POST",
            path="/api/v1/recordings/{id}/hold",
            summary="Hold a recording, so that it is not deleted in its time, or release it",
            permission=Permission.HOLD_RECORDINGS,
            handler=sound.hold_recording,
            body=HoldBody,
            answers=Done,
        ),
        Operation(
            method="GET",
            path="/api/v1/recordings/{id}/log",
            summary="Who heard a recording, and what became of it",
            permission=Permission.SEE_LISTENINGS,
            handler=sound.show_recording_log,
            answers=RecordingLog,
        ),
    ]
