"""What one may choose from when looking for answers: scripts, a script's blocks and fields, people, campaigns."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, Table, select

from dialer.auth.tables import users
from dialer.campaigns.tables import campaigns
from dialer.scripts import service
from dialer.scripts.model import all_fields
from dialer.scripts.tables import runs, scripts


class Choice(Struct, frozen=True, kw_only=True):
    id: str
    name: str


class BlockChoice(Choice, frozen=True, kw_only=True):
    answers: list[Choice]


class AnswerFilters(Struct, frozen=True, kw_only=True):
    """Blocks and fields are those of the script that was chosen, as it was last published."""

    scripts: list[Choice]
    operators: list[Choice]
    campaigns: list[Choice]
    blocks: list[BlockChoice]
    fields: list[Choice]


def load_filters(conn: Connection, script_id: int | None, closed: Collection[int] = ()) -> AnswerFilters:
    """`closed`: scripts that the reader may not see; `script_id` is none of them."""
    version = service.latest(conn, script_id) if script_id is not None else None
    blocks = version.script.blocks if version else ()
    asked = all_fields(version.script) if version else ()
    return AnswerFilters(
        scripts=[one for one in _choices(conn, scripts) if int(one.id) not in closed],
        operators=[
            Choice(id=str(row.id), name=row.name)
            for row in conn.execute(
                select(users.c.id, users.c.name)
                .where(select(runs.c.id).where(runs.c.operator_id == users.c.id).exists())
                .order_by(users.c.name)
            )
        ],
        campaigns=_choices(conn, campaigns),
        blocks=[
            BlockChoice(
                id=block.id,
                name=block.title or block.id,
                answers=[Choice(id=answer.id, name=answer.text) for answer in block.answers],
            )
            for block in blocks
            if not block.automatic
        ],
        fields=[Choice(id=field.id, name=field.label) for field in asked],
    )


def _choices(conn: Connection, table: Table) -> list[Choice]:
    found = conn.execute(select(table.c.id, table.c.name).order_by(table.c.name))
    return [Choice(id=str(row.id), name=row.name) for row in found]
