"""What of a call's recording is written down as the PBX tells it: segments that begin, pauses that end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from dialer.desk.model import CallRecord
from dialer.telephony import service as calls


def follow(conn: Connection, before: CallRecord, after: CallRecord, now: datetime) -> None:
    """Write down what began to be recorded, and the end of a pause that did not end by the operator's word."""
    if after.recording_at is not None:
        for number, at in enumerate((after.recording_at, *after.recorded_again), 1):
            if number > 1 + len(before.recorded_again) or before.recording_at is None:
                calls.start_recording(conn, after.id, at, number)
    if before.paused_at is not None and (after.ended or after.paused_at is None):
        how, at = ("call", after.ended_at or now) if after.ended else ("pbx", now)
        calls.resume_recording(conn, after.id, how=how, at=at)


def changed(before: CallRecord, after: CallRecord) -> bool:
    """Whether something of the recording is to be written down."""
    return (before.recording_at, before.recorded_again, before.paused_at) != (
        after.recording_at,
        after.recorded_again,
        after.paused_at,
    )
