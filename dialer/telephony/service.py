"""Units of work about calls: written before the wire is touched, and at each turn that bears an outcome."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, insert, select, update

from dialer.events import CallAnswered, CallEnded, CallStarted
from dialer.store import outbox, prepared
from dialer.telephony import dialling
from dialer.telephony.tables import calls, pauses, recordings, segments

_INSERT = insert(calls)
_KNOWN = select(calls.c.id).where(calls.c.id == bindparam("id"))


def start(conn: Connection, *, now: datetime, **values: object) -> None:
    """Write a call down. Required: id, direction, pbx, leg, line, number; the rest as far as known."""
    prepared.add(conn, _INSERT, {"started_at": now, **values})
    outbox.append(conn, CallStarted(call_id=str(values["id"])), now)


def change(conn: Connection, call_id: str, now: datetime, *, recorded: bool = False, **values: Any) -> None:
    """Write what has come to be known of a call; times and outcomes travel as events."""
    if not values:
        return
    given = {f"new_{name}": value for name, value in values.items()}
    prepared.run(conn, _changing(tuple(values)), {"call": call_id, **given})
    if values.get("answered_at") is not None:
        dialling.answered(conn, call_id, values["answered_at"])
        outbox.append(conn, CallAnswered(call_id=call_id), now)
    if values.get("ended_at") is not None:
        dialling.ended(conn, call_id, values["ended_at"])
        outbox.append(conn, CallEnded(call_id=call_id, recorded=recorded), now)


@lru_cache(256)
def _changing(names: tuple[str, ...]) -> Update:
    """The statement that changes these columns of a call."""
    return (
        update(calls)
        .where(calls.c.id == bindparam("call"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )


def start_recording(conn: Connection, call_id: str, started_at: datetime, number: int = 1) -> None:
    """Write down that a segment of a call's recording began; told twice, it is written once."""
    known = conn.execute(select(recordings.c.call_id).where(recordings.c.call_id == call_id)).first()
    if known is None:
        conn.execute(insert(recordings), {"call_id": call_id, "state": "writing"})
    begun = select(segments.c.number).where(segments.c.call_id == call_id, segments.c.number == number)
    if conn.execute(begun).first() is None:
        row = {"call_id": call_id, "number": number, "state": "writing", "started_at": started_at}
        conn.execute(insert(segments), row)


def pause_recording(conn: Connection, call_id: str, *, user_id: int, at: datetime) -> None:
    row = {"call_id": call_id, "from_at": at, "user_id": user_id}
    conn.execute(insert(pauses), row)


def resume_recording(conn: Connection, call_id: str, *, how: str, at: datetime) -> bool:
    """End the call's pause; False = there is none. `how`: operator, script, time, call, handed, pbx."""
    ended = conn.execute(
        update(pauses)
        .where(pauses.c.call_id == call_id, pauses.c.to_at.is_(None))
        .values(to_at=at, ended_how=how)
    )
    return ended.rowcount > 0


def known(conn: Connection, call_id: str) -> bool:
    return prepared.first(conn, _KNOWN, {"id": call_id}) is not None


def open_calls(conn: Connection) -> list[Row[Any]]:
    """Calls whose end is not written: after a start, those that the PBX has to be asked about."""
    return list(conn.execute(select(calls).where(calls.c.ended_at.is_(None))))
