"""A call as the console lists it, and its own page: what was answered, at which second of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from dialer.auth.tables import users
from dialer.automation import history
from dialer.automation.history import DoneAction
from dialer.campaigns.dispositions import INBOUND, OUTBOUND
from dialer.campaigns.tables import campaigns, results
from dialer.clients.numbers import national
from dialer.clients.tables import clients
from dialer.desk import recording_view
from dialer.desk.recording_view import Link, RecordingView
from dialer.scripts.tables import runs, script_versions, scripts, steps
from dialer.telephony.placing import Span, locate
from dialer.telephony.tables import calls, recordings

PAGE = 100


class CallFacts(Struct, frozen=True, kw_only=True):
    id: str
    direction: str
    client: str
    number: str
    campaign: str
    operator: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    talk_s: float
    outcome: str
    disposition: str


class CallRow(CallFacts, frozen=True, kw_only=True):
    recording: str  # none, writing, ready, repaired, partial, no_audio, missing, deleted


class CallList(Struct, frozen=True, kw_only=True):
    items: list[CallRow]
    next: str | None


class ScriptNamed(Struct, frozen=True, kw_only=True):
    name: str
    version: int


class KeptFieldRow(Struct, frozen=True, kw_only=True):
    label: str
    value: str


class StepRow(Struct, frozen=True, kw_only=True):
    """`offset_s`: the second of its segment at which the answer was given; `from_s`: when the block was shown."""

    seq: int
    block: str
    title: str
    text: str
    answer: str
    kind: str
    note: str
    fields: list[KeptFieldRow]
    entered_at: datetime
    answered_at: datetime
    segment: int | None
    offset_s: float | None
    from_s: float | None
    actions: list[DoneAction]  # what the script did at this step


class CallPage(CallFacts, frozen=True, kw_only=True):
    client_id: int | None
    ended_by: str
    end_reason: str
    cause: int | None
    comment: str
    script: ScriptNamed | None
    steps: list[StepRow]
    recording: RecordingView | None


_ROWS = (
    select(
        calls,
        clients.c.name.label("client"),
        campaigns.c.name.label("campaign"),
        users.c.name.label("operator"),
        recordings.c.state.label("recording"),
        results.c.disposition,
        results.c.comment,
    )
    .outerjoin(clients, clients.c.id == calls.c.client_id)
    .outerjoin(campaigns, campaigns.c.id == calls.c.campaign_id)
    .outerjoin(users, users.c.id == calls.c.operator_id)
    .outerjoin(recordings, recordings.c.call_id == calls.c.id)
    .outerjoin(results, results.c.call_id == calls.c.id)
)


def list_calls(conn: Connection, *, before: str, campaign_id: int | None, language: str) -> CallList:
    """Calls, the newest first; `before` is the id of the last one of the page before."""
    query = _ROWS.order_by(calls.c.id.desc()).limit(PAGE)
    if before:
        query = query.where(calls.c.id < before)
    if campaign_id is not None:
        query = query.where(calls.c.campaign_id == campaign_id)
    rows = conn.execute(query).all()
    return CallList(
        items=[CallRow(**_facts(row, language), recording=row.recording or "none") for row in rows],
        next=rows[-1].id if len(rows) == PAGE else None,
    )


def load_call(conn: Connection, call_id: str, *, language: str, link: Link | None) -> CallPage | None:
    """The page of one call; `link` signs the address of its sound, None = this reader may not listen."""
    row = conn.execute(_ROWS.where(calls.c.id == call_id)).first()
    if row is None:
        return None
    recorded = recording_view.load(conn, call_id)
    spans = recorded.spans(row) if recorded is not None else []
    script = conn.execute(
        select(scripts.c.name, script_versions.c.number)
        .join(script_versions, script_versions.c.script_id == scripts.c.id)
        .join(runs, runs.c.version_id == script_versions.c.id)
        .where(runs.c.call_id == call_id)
    ).first()
    taken = conn.execute(select(steps).where(steps.c.call_id == call_id).order_by(steps.c.seq))
    done = history.of_call(conn, call_id, language)
    return CallPage(
        **_facts(row, language),
        client_id=row.client_id,
        ended_by=row.ended_by,
        end_reason=row.end_reason,
        cause=row.cause,
        comment=row.comment or "",
        script=ScriptNamed(name=script.name, version=script.number) if script else None,
        steps=[_step(step, spans, done.get((step.run_id, step.seq), [])) for step in taken],
        recording=recording_view.show(recorded, row, link) if recorded is not None else None,
    )


_TITLES = {disposition.id: disposition for disposition in (*OUTBOUND, *INBOUND)}


def _facts(row: Row[Any], language: str) -> dict[str, Any]:
    talk = (row.ended_at - row.bridged_at).total_seconds() if row.ended_at and row.bridged_at else 0.0
    given = row.disposition or ""
    return {
        "id": row.id,
        "direction": row.direction,
        "client": row.client or "",
        "number": national(row.number),
        "campaign": row.campaign or "",
        "operator": row.operator or "",
        "started_at": row.started_at,
        "answered_at": row.answered_at,
        "ended_at": row.ended_at,
        "talk_s": max(talk, 0.0),
        "outcome": row.outcome,
        "disposition": _TITLES[given].title(language) if given in _TITLES else given,
    }


def _step(step: Row[Any], spans: Sequence[Span], actions: list[DoneAction]) -> StepRow:
    given, shown = locate(step.answered_at, spans), locate(step.entered_at, spans)
    from_s = shown[1] if given and shown and shown[0] == given[0] else 0.0  # begun in an earlier segment
    return StepRow(
        seq=step.seq,
        block=step.block,
        title=step.title,
        text=step.text,
        answer=step.answer_text,
        kind=step.kind,
        note=step.note,
        fields=[KeptFieldRow(label=f["label"], value=in_words(f["value"])) for f in step.fields],
        entered_at=step.entered_at,
        answered_at=step.answered_at,
        segment=given[0] if given else None,
        offset_s=given[1] if given else None,
        from_s=from_s if given else None,
        actions=actions,
    )


def in_words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return {True: "✓", False: "—"}.get(value, str(value)) if isinstance(value, bool) else str(value)
