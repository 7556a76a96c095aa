"""Units of work about those who listen: each play is written down, who, when, which part; and what is held."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from dialer.telephony.tables import plays, recording_log, recordings, segments


def codec_of(conn: Connection, call_id: str, number: int) -> str | None:
    """wav or opus, for a segment that can be played; None for any other."""
    row = conn.execute(
        select(segments.c.codec).where(
            segments.c.call_id == call_id,
            segments.c.number == number,
            segments.c.state.in_(("ready", "repaired")),
        )
    ).first()
    return str(row.codec) if row is not None else None


def hand_out(conn: Connection, call_id: str, number: int, *, user_id: int, at: datetime) -> None:
    """Write down that a listener got the sound, whatever of it is played."""
    conn.execute(insert(plays), {"call_id": call_id, "segment": number, "user_id": user_id, "at": at})


def heard(
    conn: Connection, call_id: str, number: int, part: tuple[float, float], *, user_id: int, at: datetime
) -> bool:
    """Write down which seconds were played, held within the segment; False for sound that there is not."""
    row = conn.execute(
        select(segments.c.duration_s).where(segments.c.call_id == call_id, segments.c.number == number)
    ).first()
    if row is None or row.duration_s is None:
        return False
    begin, end = (min(max(second, 0.0), row.duration_s) for second in sorted(part))
    conn.execute(
        insert(plays),
        {
            "call_id": call_id,
            "segment": number,
            "user_id": user_id,
            "at": at,
            "from_s": round(begin, 1),
            "to_s": round(end, 1),
        },
    )
    return True


def hold(conn: Connection, call_id: str, *, why: str, user_id: int, at: datetime) -> bool:
    """Keep a recording from being deleted; False where there is none to keep."""
    held = conn.execute(
        update(recordings)
        .where(recordings.c.call_id == call_id, recordings.c.state != "deleted")
        .values(held_by=user_id, held_at=at, held_why=why)
    )
    if held.rowcount:
        note(conn, call_id, "held", why, user_id=user_id, at=at)
    return bool(held.rowcount)


def release(conn: Connection, call_id: str, *, why: str, user_id: int, at: datetime) -> bool:
    """Let a recording go the way of its campaign again; False where it was not held."""
    freed = conn.execute(
        update(recordings)
        .where(recordings.c.call_id == call_id, recordings.c.held_at.is_not(None))
        .values(held_by=None, held_at=None, held_why="")
    )
    if freed.rowcount:
        note(conn, call_id, "released", why, user_id=user_id, at=at)
    return bool(freed.rowcount)


def note(
    conn: Connection, call_id: str, what: str, why: str, *, at: datetime, user_id: int | None = None
) -> None:
    """A line in the log of what became of a recording; nothing ever takes it out."""
    row = {"call_id": call_id, "at": at, "what": what, "user_id": user_id, "why": why}
    conn.execute(insert(recording_log), row)
