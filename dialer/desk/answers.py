"""Every answer ever given, found by who, where, when and what was said, each with its second of the recording."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, literal_column, or_, select, tuple_

from dialer.auth.tables import users
from dialer.campaigns.tables import campaigns
from dialer.clients.tables import clients
from dialer.desk.call_page import KeptFieldRow, in_words
from dialer.desk.recording_view import Link, Recorded
from dialer.scripts.sayings import plain, plain_value
from dialer.scripts.tables import runs, sayings, script_versions, scripts, step_fields, steps
from dialer.store.schema import from_micros, to_micros
from dialer.telephony.placing import Span, locate
from dialer.telephony.recordings import PLAYABLE
from dialer.telephony.tables import calls, segments

PAGE = 50
RARE = 2_000
_LAST = "\U0010ffff"


class Sought(Struct, frozen=True, kw_only=True):
    """What answers are looked for; what is not given is not asked for. `text`: a part of what was said or noted.

    `kind`: answer, none ("no suitable answer"), end, or "" for the first two. `field` with the beginning of its
    `value`: without a kind, ends are looked at too, where common fields and those of the last block are kept.
    """

    script: int | None = None
    block: str = ""
    answer: str = ""
    kind: str = ""
    operator: int | None = None
    campaign: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    field: str = ""
    value: str = ""
    closed: frozenset[int] = frozenset()  # scripts that the reader may not see


class AnswerRow(Struct, frozen=True, kw_only=True):
    """`from_s`: the second of the segment at which the block was shown; `audio` none = it can't be heard."""

    id: str
    at: datetime
    script: str
    version: int
    block: str
    title: str
    kind: str
    answer: str
    note: str
    fields: list[KeptFieldRow]
    client: str
    operator: str
    campaign: str
    call: str
    segment: int | None
    from_s: float | None
    offset_s: float | None
    audio: str | None


class AnswerList(Struct, frozen=True, kw_only=True):
    items: list[AnswerRow]
    next: str | None


def list_answers(conn: Connection, sought: Sought, *, cursor: str, link: Link | None) -> AnswerList:
    """A page of answers, the newest first. Raises ValueError for a cursor that is none of ours."""
    keys = find(conn, sought, cursor=cursor)
    found = _load(conn, keys[:PAGE])
    spans = _spans(conn, {row.call_id for row in found if row.call_id})
    return AnswerList(
        items=[_row(row, spans.get(row.call_id, ([], frozenset())), link) for row in found],
        next=_cursor(keys[PAGE - 1]) if len(keys) > PAGE else None,
    )


_KEY = (steps.c.answered_at, steps.c.run_id, steps.c.seq)


def find(conn: Connection, sought: Sought, *, cursor: str = "") -> Sequence[Any]:
    """The keys of a page and of one answer more: read from one index alone, until so many fit."""
    query = _query(sought, _rare(conn, sought)).limit(PAGE + 1)
    return conn.execute(query.where(_before(cursor)) if cursor else query).all()


def _rare(conn: Connection, sought: Sought) -> str:
    """Which is rare enough to be gathered: field, text, or "". What is common is met soon in the order of time."""
    asked = {"field": select(step_fields.c.seq).where(*_filled(sought))} if sought.field else {}
    if plain(sought.text):
        asked["text"] = select(steps.c.seq).where(steps.c.saying_id.in_(_said(sought)))
    for name, query in asked.items():
        some = query.limit(RARE + 1).subquery()
        if conn.execute(select(func.count()).select_from(some)).scalar_one() <= RARE:
            return name
    return ""


def _query(sought: Sought, rare: str) -> Select[Any]:
    return select(*_KEY).where(*_fits(sought, rare)).order_by(*(column.desc() for column in _KEY))


def _said(sought: Sought) -> Select[Any]:
    return select(sayings.c.id).where(sayings.c.words.contains(plain(sought.text), autoescape=True))


def _walked(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column by which no store looks rows up: they are walked in the order of time, and most are passed over."""
    return column + literal_column("0")


def _fits(sought: Sought, rare: str) -> list[ColumnElement[bool]]:
    kinds = ("answer", "none", "end") if sought.field else ("answer", "none")
    wanted: list[ColumnElement[bool]] = [
        steps.c.kind == sought.kind if sought.kind else steps.c.kind.in_(kinds)
    ]
    if sought.script is None:
        wanted.append(steps.c.script_id.is_not(None))
    else:
        script = steps.c.script_id if sought.block and not rare else _walked(steps.c.script_id)
        wanted.append(script == sought.script)
    if sought.closed:
        wanted.append(steps.c.script_id.not_in(sorted(sought.closed)))
    if sought.block:
        wanted.append(steps.c.block == sought.block)
    if sought.answer:
        wanted.append(steps.c.answer == sought.answer)
    if sought.operator is not None:
        wanted.append(steps.c.operator_id == sought.operator)
    if sought.campaign is not None:
        wanted.append(steps.c.campaign_id == sought.campaign)
    if sought.since is not None:
        wanted.append(steps.c.answered_at >= sought.since)
    if sought.until is not None:
        wanted.append(steps.c.answered_at < sought.until)
    if plain(sought.text):
        saying = steps.c.saying_id if rare == "text" else _walked(steps.c.saying_id)
        wanted.append(saying.in_(_said(sought)))
    if sought.field:
        wanted.append(_field(sought, rare))
    return wanted


def _filled(sought: Sought) -> tuple[ColumnElement[bool], ...]:
    begins = plain_value(sought.value)
    return (
        step_fields.c.field == sought.field,
        step_fields.c.value >= begins,
        step_fields.c.value < begins + _LAST,
    )


def _field(sought: Sought, rare: str) -> ColumnElement[bool]:
    if rare == "field":
        gathered = select(step_fields.c.run_id, step_fields.c.seq).where(*_filled(sought))
        return tuple_(steps.c.run_id, steps.c.seq).in_(gathered)
    of_step = step_fields.c.run_id == steps.c.run_id, step_fields.c.seq == steps.c.seq
    return select(step_fields.c.seq).where(*of_step, *_filled(sought)).exists()


def _cursor(row: Any) -> str:
    return f"{to_micros(row.answered_at)}.{row.run_id}.{row.seq}"


def _before(cursor: str) -> ColumnElement[bool]:
    micros, run_id, seq = cursor.split(".")
    at = from_micros(int(micros))
    return and_(
        steps.c.answered_at <= at,
        or_(
            steps.c.answered_at < at,
            steps.c.run_id < run_id,
            and_(steps.c.run_id == run_id, steps.c.seq < int(seq)),
        ),
    )


# --- what is shown of them --------------------------------------------------------------------------------------

_ROWS = (
    select(
        steps,
        clients.c.name.label("client"),
        users.c.name.label("operator"),
        campaigns.c.name.label("campaign"),
        scripts.c.name.label("script"),
        script_versions.c.number.label("version"),
    )
    .join(runs, runs.c.id == steps.c.run_id)
    .join(script_versions, script_versions.c.id == runs.c.version_id)
    .join(scripts, scripts.c.id == script_versions.c.script_id)
    .outerjoin(clients, clients.c.id == runs.c.client_id)
    .outerjoin(users, users.c.id == steps.c.operator_id)
    .outerjoin(campaigns, campaigns.c.id == steps.c.campaign_id)
)


def _load(conn: Connection, keys: Sequence[Any]) -> list[Row[Any]]:
    """The rows of the keys, in their order."""
    if not keys:
        return []
    wanted = [and_(steps.c.run_id == key.run_id, steps.c.seq == key.seq) for key in keys]
    found = {(row.run_id, row.seq): row for row in conn.execute(_ROWS.where(or_(*wanted)))}
    return [found[(key.run_id, key.seq)] for key in keys if (key.run_id, key.seq) in found]


Sounding = tuple[list[Span], frozenset[int]]
"""Where a call has sound, and which of its segments can be heard."""


def _spans(conn: Connection, call_ids: set[str]) -> dict[str, Sounding]:
    if not call_ids:
        return {}
    by_call: dict[str, list[Row[Any]]] = defaultdict(list)
    for file in conn.execute(
        select(segments).where(segments.c.call_id.in_(call_ids)).order_by(segments.c.number)
    ):
        by_call[file.call_id].append(file)
    found: Sequence[Any] = conn.execute(
        select(calls.c.id, calls.c.ended_at, calls.c.end_reason).where(calls.c.id.in_(call_ids))
    ).all()
    return {
        call.id: (
            Recorded(row=None, files=by_call[call.id], pauses=()).spans(call),
            frozenset(file.number for file in by_call[call.id] if file.state in PLAYABLE),
        )
        for call in found
    }


def _row(step: Row[Any], sounding: Sounding, link: Link | None) -> AnswerRow:
    spans, playable = sounding
    given, shown = locate(step.answered_at, spans), locate(step.entered_at, spans)
    from_s = shown[1] if given and shown and shown[0] == given[0] else 0.0  # begun in an earlier segment
    heard = given is not None and given[0] in playable and link is not None
    return AnswerRow(
        id=f"{step.run_id}.{step.seq}",
        at=step.answered_at,
        script=step.script,
        version=step.version,
        block=step.block,
        title=step.title,
        kind=step.kind,
        answer=step.answer_text,
        note=step.note,
        fields=[KeptFieldRow(label=field["label"], value=in_words(field["value"])) for field in step.fields],
        client=step.client or "",
        operator=step.operator or "",
        campaign=step.campaign or "",
        call=step.call_id or "",
        segment=given[0] if given else None,
        from_s=from_s if given else None,
        offset_s=given[1] if given else None,
        audio=link(step.call_id, given[0]) if heard and link is not None and given is not None else None,
    )


def day_begins(day: str) -> datetime:
    """The first moment of a day of the office's own time zone. Raises ValueError."""
    return datetime.strptime(day, "%Y-%m-%d").astimezone()


def day_ends(day: str) -> datetime:
    return day_begins((date.fromisoformat(day) + timedelta(days=1)).isoformat())
