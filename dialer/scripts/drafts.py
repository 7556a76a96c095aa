"""Units of work about drafts: what is written of a script before it is published, and what becomes of it.

A draft is kept whole at every change; its revision lets nobody overwrite what he has not seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, exists, insert, select, update

from dialer.auth.tables import users
from dialer.scripts import service
from dialer.scripts.check import check
from dialer.scripts.check_actions import Outside
from dialer.scripts.findings import Finding, has_errors
from dialer.scripts.model import Script
from dialer.scripts.tables import Layout, script_drafts, script_versions, scripts
from dialer.scripts.weave import uses

MAX_NAME = 200


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing was changed.

    script_unknown, version_unknown, draft_stale{who,when,revision}, draft_errors{n}, draft_same, sub_closed{name}.
    """

    code: str
    params: dict[str, str | int] = {}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is edited. `revision` 0: nobody has changed anything since `begun_at`, the version that it was made of."""

    script_id: int
    name: str  # by which others know the script
    script: Script
    layout: Layout
    revision: int
    begun_at: int
    latest: int  # the version that runs, 0 before the first
    changed: bool  # publishing it would make another version
    edited_by: str
    edited_at: datetime | None
    archived: bool

    @property
    def behind(self) -> bool:
        """Somebody published from elsewhere (a file) since this draft was begun."""
        return self.begun_at < self.latest and self.changed


def create(conn: Connection, script: Script, layout: Layout, by: int, now: datetime) -> int:
    """A new script with a draft and no version. Its name is made a new one. Gives its id."""
    name = _free_name(conn, script.name.strip()[: MAX_NAME - 10] or "…")
    script = msgspec.structs.replace(script, name=name)
    script_id = conn.execute(insert(scripts).values(name=name).returning(scripts.c.id)).scalar_one()
    values = _values(script, layout, judge(conn, script_id, script), by, now)
    conn.execute(insert(script_drafts).values(script_id=script_id, revision=1, begun_at=0, **values))
    return int(script_id)


def load(conn: Connection, script_id: int) -> Draft | None:
    """The draft as it was left; where nobody began one, the latest version."""
    row = conn.execute(_one(script_id)).first()
    if row is None:
        return None
    number, source = _latest(conn, script_id)
    untouched = row.body is None or (row.begun_at < number and row.body == _at(conn, script_id, row.begun_at))
    body = source if untouched and source is not None else row.body
    return Draft(
        script_id=script_id,
        name=row.name,
        script=body,
        layout=row.layout or {},
        revision=row.revision or 0,
        begun_at=number if untouched else row.begun_at,
        latest=number,
        changed=body != source,
        edited_by=row.who or "",
        edited_at=row.edited_at,
        archived=row.archived_at is not None,
    )


def judge(
    conn: Connection, script_id: int, script: Script, hooks: Collection[str] | None = None
) -> list[Finding]:
    """All that is wrong with a draft, beside the scripts that are published and the people who are here."""
    people = set(conn.execute(select(users.c.login).where(users.c.active.is_(True))).scalars())
    findings = check(script, None, service.sources(conn).get, Outside(hooks=hooks, people=people))
    taken = select(exists().where(scripts.c.name == script.name, scripts.c.id != script_id))
    if conn.execute(taken).scalar_one():
        findings.insert(0, Finding(code="name_taken", path=("name",), params={"name": script.name[:80]}))
    return findings


def save(
    conn: Connection,
    script_id: int,
    revision: int,
    script: Script,
    layout: Layout,
    findings: Sequence[Finding],
    *,
    by: int,
    now: datetime,
) -> Draft | Refused:
    """Keep a draft that was made of `revision`, with what was found wrong with it.

    Refused where somebody else has saved in between.
    """
    before = load(conn, script_id)
    if before is None:
        return Refused(code="script_unknown")
    if (script, layout) == (before.script, before.layout):  # a repeat of what came through, most often
        return before
    if before.revision != revision:
        return _stale(before)
    values = _values(script, layout, findings, by, now) | {"begun_at": before.begun_at}
    if revision == 0:
        conn.execute(insert(script_drafts).values(script_id=script_id, revision=1, **values))
    else:
        row = script_drafts.c.script_id == script_id
        conn.execute(update(script_drafts).where(row).values(revision=revision + 1, **values))
    return load(conn, script_id) or Refused(code="script_unknown")


def publish(
    conn: Connection,
    script_id: int,
    revision: int,
    note: str,
    by: int,
    now: datetime,
    hooks: Collection[str] | None = None,
    closed: Collection[str] = (),
) -> int | Refused:
    """Make the draft the next version, under its own name. Gives the version's number.

    `closed`: names of scripts that whoever publishes may not see.
    """
    draft = load(conn, script_id)
    if draft is None:
        return Refused(code="script_unknown")
    if draft.revision != revision:
        return _stale(draft)
    if (name := closed_sub(draft.script, closed)) is not None:
        return Refused(code="sub_closed", params={"name": name[:80]})
    findings = judge(conn, script_id, draft.script, hooks)
    if has_errors(findings):
        errors = sum(finding.level == "error" for finding in findings)
        return Refused(code="draft_errors", params={"n": errors})
    number = service.add_version(conn, script_id, draft.script, now, by=by, note=note.strip())
    if number is None:
        return Refused(code="draft_same")
    conn.execute(update(scripts).where(scripts.c.id == script_id).values(name=draft.script.name))
    conn.execute(update(script_drafts).where(script_drafts.c.script_id == script_id).values(begun_at=number))
    return number


def closed_sub(script: Script, closed: Collection[str]) -> str | None:
    """A script that is passed through and closed to who writes; woven in, it would be read and run all the same.

    What an open script passes through in its turn was opened by who published that one.
    """
    return next((name for name in uses(script) if name in closed), None)


def roll_back(
    conn: Connection, script_id: int, revision: int, number: int, by: int, now: datetime
) -> Draft | Refused:
    """An old version's text becomes the draft; to publish it makes a new version, so that nothing is lost."""
    old = _at(conn, script_id, number)
    before = load(conn, script_id)
    if old is None or before is None:
        return Refused(code="version_unknown")
    return save(conn, script_id, revision, old, before.layout, judge(conn, script_id, old), by=by, now=now)


def archive(conn: Connection, script_id: int, archived_at: datetime | None) -> bool:
    """Out of the list, or into it again; what runs it goes on. Gives whether there is such a script."""
    done = conn.execute(update(scripts).where(scripts.c.id == script_id).values(archived_at=archived_at))
    return done.rowcount == 1


def standing(conn: Connection, script_id: int) -> tuple[int, str] | None:
    """The revision that is kept of a script's draft, and who made it."""
    row = conn.execute(
        select(script_drafts.c.revision, users.c.name)
        .select_from(scripts)
        .outerjoin(script_drafts, script_drafts.c.script_id == scripts.c.id)
        .outerjoin(users, users.c.id == script_drafts.c.edited_by)
        .where(scripts.c.id == script_id)
    ).first()
    return (row.revision or 0, row.name or "") if row is not None else None


def text_at(conn: Connection, script_id: int, number: int) -> Script | None:
    """What was written as a version; number 0 is the draft."""
    if number:
        return _at(conn, script_id, number)
    draft = load(conn, script_id)
    return draft.script if draft is not None else None


# --- rows ---------------------------------------------------------------------------------------------------


def _one(script_id: int) -> Select[Any]:
    return (
        select(scripts.c.name, scripts.c.archived_at, script_drafts, users.c.name.label("who"))
        .select_from(scripts)
        .outerjoin(script_drafts, script_drafts.c.script_id == scripts.c.id)
        .outerjoin(users, users.c.id == script_drafts.c.edited_by)
        .where(scripts.c.id == script_id)
    )


def _latest(conn: Connection, script_id: int) -> tuple[int, Script | None]:
    row = conn.execute(
        select(script_versions.c.number, script_versions.c.source)
        .where(script_versions.c.script_id == script_id)
        .order_by(script_versions.c.number.desc())
        .limit(1)
    ).first()
    return (row.number, row.source) if row else (0, None)


def _at(conn: Connection, script_id: int, number: int) -> Script | None:
    found: Script | None = conn.execute(
        select(script_versions.c.source).where(
            script_versions.c.script_id == script_id, script_versions.c.number == number
        )
    ).scalar()
    return found


def _values(
    script: Script, layout: Layout, findings: Sequence[Finding], by: int, now: datetime
) -> dict[str, object]:
    levels = [finding.level for finding in findings]
    return {
        "body": script,
        "layout": layout,
        "errors": levels.count("error"),
        "warnings": levels.count("warning"),
        "edited_by": by,
        "edited_at": now,
    }


def _stale(draft: Draft) -> Refused:
    when = draft.edited_at.isoformat() if draft.edited_at else ""
    return Refused(
        code="draft_stale", params={"who": draft.edited_by, "when": when, "revision": draft.revision}
    )


def _free_name(conn: Connection, wanted: str) -> str:
    taken = set(conn.execute(select(scripts.c.name)).scalars())
    names = (wanted if n == 1 else f"{wanted} {n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
