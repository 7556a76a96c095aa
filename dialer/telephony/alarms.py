"""Alarms about lines: refusals that look like somebody using the telephone for themselves. Parts of units of work."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from dialer.auth.tables import users
from dialer.events import LineAlarm
from dialer.store import outbox, prepared
from dialer.telephony.policy import Refused
from dialer.telephony.tables import line_alarms
from dialer.telephony.use import day_of

SHOWN_FOR = timedelta(hours=1)
AGAIN = timedelta(seconds=2)  # a bot's refusals in a row are one piece of news
_ALARMING = ("cap_", "number_forbidden", "number_not_allowed")


class Alarm(Struct, frozen=True, kw_only=True):
    """A kind of refusal that an operator's dials met on a line today."""

    code: str
    line: str
    operator_id: int
    operator: str
    params: dict[str, str | int]
    times: int
    first_at: datetime
    last_at: datetime


_KNOWN = select(line_alarms.c.last_at).where(
    line_alarms.c.day == bindparam("day"),
    line_alarms.c.code == bindparam("code"),
    line_alarms.c.line == bindparam("line"),
    line_alarms.c.operator_id == bindparam("operator"),
)
_RAISE = sqlite_insert(line_alarms).values(
    day=bindparam("day"),
    code=bindparam("code"),
    line=bindparam("line"),
    operator_id=bindparam("operator"),
    params=bindparam("what"),
    times=1,
    first_at=bindparam("at"),
    last_at=bindparam("at"),
)
_RAISE = _RAISE.on_conflict_do_update(
    index_elements=["day", "code", "line", "operator_id"],
    set_={
        "times": line_alarms.c.times + 1,
        "last_at": _RAISE.excluded.last_at,
        "params": _RAISE.excluded.params,
    },
)


def raise_for(conn: Connection, refused: Refused, *, line: str, operator_id: int, now: datetime) -> None:
    """Write a refusal down if a supervisor has to know of it, and tell the consoles."""
    if not refused.code.startswith(_ALARMING):
        return
    who = {"day": day_of(now), "code": refused.code, "line": line, "operator": operator_id}
    before = prepared.first(conn, _KNOWN, who)
    prepared.run(conn, _RAISE, {**who, "what": refused.params, "at": now})
    if before is None or now - before.last_at >= AGAIN:
        outbox.append(conn, LineAlarm(code=refused.code, line=line, operator_id=operator_id), now)


def recent(conn: Connection, now: datetime) -> list[Alarm]:
    """The last hour's, the newest first."""
    rows = conn.execute(
        select(line_alarms, users.c.name.label("operator"))
        .join(users, users.c.id == line_alarms.c.operator_id)
        .where(line_alarms.c.last_at > now - SHOWN_FOR)
        .order_by(line_alarms.c.last_at.desc())
        .limit(50)
    )
    return [
        Alarm(
            code=row.code,
            line=row.line,
            operator_id=row.operator_id,
            operator=row.operator,
            params=row.params,
            times=row.times,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in rows
    ]
