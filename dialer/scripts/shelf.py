"""Reads for the console: the list of scripts, a script's versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, func, select

from dialer.auth.tables import users
from dialer.scripts.model import Language, Script
from dialer.scripts.tables import script_drafts, script_versions, scripts


class ScriptRow(Struct, frozen=True, kw_only=True):
    """`version` 0: never published. `draft`: "" (nothing waits), "new" or "changed"; errors are the draft's."""

    id: int
    name: str
    language: Language
    blocks: int
    version: int
    published_at: datetime | None
    draft: str
    errors: int
    warnings: int
    edited_by: str
    edited_at: datetime | None
    editors: list[str]
    archived: bool


class PublishedVersion(Struct, frozen=True, kw_only=True):
    number: int
    published_at: datetime
    published_by: str
    note: str


def load_rows(conn: Connection, editors: Callable[[int], list[str]]) -> list[ScriptRow]:
    """Every script, archived ones too, by name."""
    newest = (
        select(script_versions.c.script_id, func.max(script_versions.c.number).label("number"))
        .group_by(script_versions.c.script_id)
        .subquery()
    )
    found = conn.execute(
        select(
            scripts.c.id,
            scripts.c.name,
            scripts.c.archived_at,
            script_versions.c.number,
            script_versions.c.published_at,
            script_versions.c.source,
            script_drafts.c.body,
            script_drafts.c.errors,
            script_drafts.c.warnings,
            script_drafts.c.edited_at,
            users.c.name.label("who"),
        )
        .select_from(scripts)
        .outerjoin(newest, newest.c.script_id == scripts.c.id)
        .outerjoin(
            script_versions,
            (script_versions.c.script_id == scripts.c.id) & (script_versions.c.number == newest.c.number),
        )
        .outerjoin(script_drafts, script_drafts.c.script_id == scripts.c.id)
        .outerjoin(users, users.c.id == script_drafts.c.edited_by)
        .order_by(scripts.c.name)
    )
    rows: list[ScriptRow] = []
    for row in found:
        text: Script = row.body or row.source
        waits = row.body is not None and row.body != row.source
        rows.append(
            ScriptRow(
                id=row.id,
                name=text.name or row.name,
                language=text.language,
                blocks=len(text.blocks),
                version=row.number or 0,
                published_at=row.published_at,
                draft=("changed" if row.number else "new") if waits else "",
                errors=row.errors if waits else 0,
                warnings=row.warnings if waits else 0,
                edited_by=row.who or "",
                edited_at=row.edited_at,
                editors=editors(row.id),
                archived=row.archived_at is not None,
            )
        )
    return rows


def is_in_use(conn: Connection, script_id: int) -> bool:
    """Whether it is published and not put away: what a campaign may run."""
    found = conn.execute(
        select(script_versions.c.id)
        .join(scripts, scripts.c.id == script_versions.c.script_id)
        .where(scripts.c.id == script_id, scripts.c.archived_at.is_(None))
        .limit(1)
    )
    return found.first() is not None


def load_versions(conn: Connection, script_id: int) -> list[PublishedVersion]:
    """The published versions of a script, the latest first."""
    found = conn.execute(
        select(
            script_versions.c.number,
            script_versions.c.published_at,
            script_versions.c.note,
            users.c.name.label("who"),
        )
        .outerjoin(users, users.c.id == script_versions.c.published_by)
        .where(script_versions.c.script_id == script_id)
        .order_by(script_versions.c.number.desc())
    )
    return [
        PublishedVersion(
            number=row.number, published_at=row.published_at, published_by=row.who or "", note=row.note
        )
        for row in found
    ]
