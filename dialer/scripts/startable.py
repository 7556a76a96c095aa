"""The published scripts that somebody may see, start or edit: reads."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, func, select

from dialer.scripts.rights import NOBODY_NAMED, Right, all_rights, allowed
from dialer.scripts.tables import script_versions, scripts


class Startable(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    language: str
    about: str
    version: int  # its number


def every(conn: Connection, right: Right, *, user_id: int, role: str) -> list[Startable]:
    """By name; those that were never published are left out."""
    newest = (
        select(script_versions.c.script_id, func.max(script_versions.c.number).label("number"))
        .group_by(script_versions.c.script_id)
        .subquery()
    )
    rows = conn.execute(
        select(scripts.c.id, scripts.c.name, script_versions.c.number, script_versions.c.source)
        .join(script_versions, script_versions.c.script_id == scripts.c.id)
        .join(
            newest,
            (newest.c.script_id == script_versions.c.script_id)
            & (newest.c.number == script_versions.c.number),
        )
        .where(scripts.c.archived_at.is_(None))
        .order_by(scripts.c.name)
    )
    named = all_rights(conn)
    return [
        Startable(
            id=row.id,
            name=row.name,
            language=row.source.language,
            about=row.source.about,
            version=row.number,
        )
        for row in rows
        if allowed(named.get(row.id, NOBODY_NAMED), right, user_id=user_id, role=role)
    ]
