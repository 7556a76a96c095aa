"""Pauses of recordings that were forgotten, for the consoles: those that time ended, and those that nothing ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, select

from dialer.auth.tables import users
from dialer.desk.model import CallRecord
from dialer.desk.room import Room
from dialer.telephony.model import CallState
from dialer.telephony.tables import pauses

SHOWN_FOR = timedelta(hours=1)


class ForgottenPause(Struct, frozen=True, kw_only=True):
    """`to_at` none: silence is still being recorded, longer than allowed (the PBX is away, or refuses to go on)."""

    call: str
    operator: str
    from_at: datetime
    to_at: datetime | None = None


def ended(conn: Connection, now: datetime) -> list[ForgottenPause]:
    """The last hour's that time ended, the newest first."""
    rows = conn.execute(
        select(pauses.c.call_id, pauses.c.from_at, pauses.c.to_at, users.c.name)
        .join(users, users.c.id == pauses.c.user_id)
        .where(pauses.c.ended_how == "time", pauses.c.to_at > now - SHOWN_FOR)
        .order_by(pauses.c.to_at.desc())
        .limit(50)
    )
    return [
        ForgottenPause(call=row.call_id, operator=row.name, from_at=row.from_at, to_at=row.to_at)
        for row in rows
    ]


def lasts_too_long(call: CallRecord, longest: timedelta, now: datetime) -> bool:
    """Whether the desk's own pause should have ended; what was handed on is nobody's to forget here."""
    theirs = call.ended or call.state is CallState.TRANSFERRED
    return not theirs and call.paused_at is not None and call.paused_at + longest <= now


def lasting(rooms: Iterable[Room], longest: timedelta, now: datetime) -> Iterator[ForgottenPause]:
    """Those that should have ended and have not."""
    for room in rooms:
        call = room.desk.work.call if room.desk.work is not None else None
        if call is not None and call.paused_at is not None and lasts_too_long(call, longest, now):
            yield ForgottenPause(call=call.id, operator=room.user.name, from_at=call.paused_at)
