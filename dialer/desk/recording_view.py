"""A call's recording as the console shows it: its segments, its pauses, whether it is held, and who heard it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from dialer.auth.tables import users
from dialer.telephony.model import EndReason
from dialer.telephony.placing import Span, locate
from dialer.telephony.recordings import PLAYABLE
from dialer.telephony.tables import pauses, plays, recording_log, recordings, segments

MOST_LISTED = 500

Link = Callable[[str, int], str]


class Peaks(Struct, frozen=True, kw_only=True):
    left: list[float]
    right: list[float]


class SegmentView(Struct, frozen=True, kw_only=True):
    """One file: what was recorded without a stop. `audio` none = it can't be heard, or not by this reader."""

    number: int
    state: str
    started_at: datetime | None
    duration_s: float | None
    audio: str | None
    peaks: Peaks


class PauseView(Struct, frozen=True, kw_only=True):
    """Silence that was asked for, in seconds of its segment. `how` it ended: operator, time, call, pbx, ""."""

    segment: int
    from_s: float
    to_s: float
    by: str
    how: str


class HeldView(Struct, frozen=True, kw_only=True):
    by: str
    at: datetime
    why: str


class RecordingView(Struct, frozen=True, kw_only=True):
    state: str
    duration_s: float | None  # of all segments together
    channels: int
    uncertain: bool
    segments: list[SegmentView]
    pauses: list[PauseView]
    held: HeldView | None  # not deleted when its time is over


class ListeningRow(Struct, frozen=True, kw_only=True):
    """`from_s` none: the sound was handed out; the parts that were played follow."""

    at: datetime
    by: str
    segment: int
    from_s: float | None
    to_s: float | None


class LogRow(Struct, frozen=True, kw_only=True):
    """`what`: held, released, deleted; `by` "" = by itself."""

    at: datetime
    what: str
    by: str
    why: str


class RecordingLog(Struct, frozen=True, kw_only=True):
    """The latest first."""

    listenings: list[ListeningRow]
    changes: list[LogRow]


class Recorded(Struct, frozen=True, kw_only=True):
    """What the store knows of one call's recording."""

    row: Any
    files: Sequence[Any]
    pauses: Sequence[Any]

    def spans(self, call: Row[Any]) -> list[Span]:
        """Where there is sound, in time."""
        sounding = [f for f in self.files if f.state in (*PLAYABLE, "writing") and f.started_at is not None]
        last = max((f.number for f in sounding), default=0)
        return [
            Span(
                number=f.number,
                started_at=f.started_at,
                duration_s=f.duration_s,
                lasted_s=_lasted(f, call) if f.number == last else None,
            )
            for f in sounding
        ]


def _lasted(file: Row[Any], call: Row[Any]) -> float | None:
    """How long the call went on with it; None where its end was not seen."""
    if call.ended_at is None or call.end_reason != EndReason.HANGUP.value:
        return None
    return float((call.ended_at - file.started_at).total_seconds())


def load(conn: Connection, call_id: str) -> Recorded | None:
    row = conn.execute(
        select(recordings, users.c.name.label("holder"))
        .outerjoin(users, users.c.id == recordings.c.held_by)
        .where(recordings.c.call_id == call_id)
    ).first()
    if row is None:
        return None
    files = conn.execute(select(segments).where(segments.c.call_id == call_id).order_by(segments.c.number))
    silent = conn.execute(
        select(pauses, users.c.name.label("by"))
        .join(users, users.c.id == pauses.c.user_id)
        .where(pauses.c.call_id == call_id)
        .order_by(pauses.c.from_at)
    )
    return Recorded(row=row, files=files.all(), pauses=silent.all())


def show(recorded: Recorded, call: Row[Any], link: Link | None) -> RecordingView:
    row, files = recorded.row, recorded.files
    lengths = [file.duration_s for file in files if file.duration_s is not None]
    return RecordingView(
        state=row.state,
        duration_s=round(sum(lengths), 3) if lengths else None,
        channels=2,
        uncertain=row.uncertain,
        segments=[_segment(file, link) for file in files],
        pauses=_pauses(recorded, call),
        held=HeldView(by=row.holder or "", at=row.held_at, why=row.held_why) if row.held_at else None,
    )


def _segment(file: Row[Any], link: Link | None) -> SegmentView:
    outline = file.peaks or b""
    half = len(outline) // 2
    return SegmentView(
        number=file.number,
        state=file.state,
        started_at=file.started_at,
        duration_s=file.duration_s,
        audio=link(file.call_id, file.number) if file.state in PLAYABLE and link is not None else None,
        peaks=Peaks(
            left=[round(value / 255, 3) for value in outline[:half]],
            right=[round(value / 255, 3) for value in outline[half:]],
        ),
    )


def _pauses(recorded: Recorded, call: Row[Any]) -> list[PauseView]:
    spans, shown = recorded.spans(call), []
    for pause in recorded.pauses:
        begin, end = locate(pause.from_at, spans), locate(pause.to_at or pause.from_at, spans)
        if begin is None or end is None:
            continue
        same = begin[0] == end[0]  # else the recording began anew in it, with sound
        length = next(span.duration_s for span in spans if span.number == begin[0])
        shown.append(
            PauseView(
                segment=begin[0],
                from_s=begin[1],
                to_s=end[1] if same else length or begin[1],
                by=pause.by,
                how=pause.ended_how,
            )
        )
    return shown


def load_log(conn: Connection, call_id: str) -> RecordingLog | None:
    """Who heard what of a call, and what became of its recording; None for a call without one."""
    if conn.execute(select(recordings.c.call_id).where(recordings.c.call_id == call_id)).first() is None:
        return None
    heard = conn.execute(
        select(plays, users.c.name.label("by"))
        .join(users, users.c.id == plays.c.user_id)
        .where(plays.c.call_id == call_id)
        .order_by(plays.c.id.desc())
        .limit(MOST_LISTED)
    )
    changed = conn.execute(
        select(recording_log, users.c.name.label("by"))
        .outerjoin(users, users.c.id == recording_log.c.user_id)
        .where(recording_log.c.call_id == call_id)
        .order_by(recording_log.c.id.desc())
        .limit(MOST_LISTED)
    )
    return RecordingLog(
        listenings=[
            ListeningRow(at=row.at, by=row.by, segment=row.segment, from_s=row.from_s, to_s=row.to_s)
            for row in heard
        ],
        changes=[LogRow(at=row.at, what=row.what, by=row.by or "", why=row.why) for row in changed],
    )
