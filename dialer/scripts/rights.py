"""Who may see, start or edit a script (spec S3.7), beyond what a role may do at all: units of work.

A right that names nobody is everybody's whose role has the permission; one that names roles or users is theirs alone.
Who may edit a script may see it; an admin may all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, get_args

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select

from dialer.scripts.tables import script_rights, scripts
from dialer.store import prepared

ADMIN: Final = "admin"
Right = Literal["see", "start", "edit"]


class Rights(Struct, frozen=True, kw_only=True):
    """For each right whom it names, as `role:operator` or `user:7`."""

    see: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    edit: tuple[str, ...] = ()

    def of(self, right: Right) -> tuple[str, ...]:
        return {"see": self.see, "start": self.start, "edit": self.edit}[right]

    def everybody(self) -> frozenset[str]:
        """All who are named by any of them."""
        return frozenset((*self.see, *self.start, *self.edit))


NOBODY_NAMED: Final = Rights()


def allowed(rights: Rights, right: Right, *, user_id: int, role: str) -> bool:
    """Whether somebody whose role has the permission has this right as well."""
    if role == ADMIN:  # somebody must be able to open again what was closed to all
        return True
    who = {f"user:{user_id}", f"role:{role}"}
    if right == "see" and rights.edit and who & set(rights.edit):
        return True
    named = rights.of(right)
    return not named or bool(who & set(named))


_ROWS = select(script_rights.c.right, script_rights.c.who).where(
    script_rights.c.script_id == bindparam("script")
)


def rights_of(conn: Connection, script_id: int) -> Rights:
    return _gathered([(row.right, row.who) for row in prepared.rows(conn, _ROWS, {"script": script_id})])


def all_rights(conn: Connection) -> Mapping[int, Rights]:
    """The rights of all scripts that have any."""
    by_script: dict[int, list[tuple[str, str]]] = {}
    for row in conn.execute(select(script_rights)):
        by_script.setdefault(row.script_id, []).append((row.right, row.who))
    return {script_id: _gathered(rows) for script_id, rows in by_script.items()}


def may(conn: Connection, script_id: int, right: Right, *, user_id: int, role: str) -> bool:
    return allowed(rights_of(conn, script_id), right, user_id=user_id, role=role)


def closed(conn: Connection, right: Right, *, user_id: int, role: str) -> frozenset[int]:
    """The scripts to which somebody has not this right; none where nobody is named anywhere, as in most houses."""
    return frozenset(
        script_id
        for script_id, named in all_rights(conn).items()
        if not allowed(named, right, user_id=user_id, role=role)
    )


def closed_names(conn: Connection, right: Right, *, user_id: int, role: str) -> frozenset[str]:
    """`closed`, by the names by which scripts know each other."""
    ids = closed(conn, right, user_id=user_id, role=role)
    if not ids:
        return frozenset()
    return frozenset(conn.execute(select(scripts.c.name).where(scripts.c.id.in_(ids))).scalars())


def set_rights(conn: Connection, script_id: int, rights: Rights) -> None:
    conn.execute(delete(script_rights).where(script_rights.c.script_id == script_id))
    rows = [
        {"script_id": script_id, "right": right, "who": who}
        for right in get_args(Right)
        for who in dict.fromkeys(rights.of(right))
    ]
    if rows:
        conn.execute(insert(script_rights), rows)


def _gathered(rows: Sequence[tuple[str, str]]) -> Rights:
    def named(right: str) -> tuple[str, ...]:
        return tuple(sorted(who for of, who in rows if of == right))

    return Rights(see=named("see"), start=named("start"), edit=named("edit"))


def unknown(rights: Rights, *, users: Collection[int], roles: Collection[str]) -> list[str]:
    """Whom the rights name though there is nobody of that name."""
    known = {f"user:{user}" for user in users} | {f"role:{role}" for role in roles}
    return [who for right in get_args(Right) for who in rights.of(right) if who not in known]
