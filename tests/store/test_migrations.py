"""What migrations make is what the code means."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from dialer.store import Store
from dialer.store.migrations.rooms import whole_metadata
from dialer.store.migrations.upgrade import VERSIONS, configuration, upgrade


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Connection]:
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(tmp_path / "store.db"))
    with engine.connect() as connection:
        connection.begin()
        yield connection
    engine.dispose()


def test_migrations_and_tables_are_equal(empty: Connection) -> None:
    upgrade(empty)
    context = MigrationContext.configure(empty, opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, whole_metadata()) == []


def test_what_a_comparison_overlooks_is_equal_too(empty: Connection, tmp_path: Path) -> None:
    """Checks, partial indexes and the columns' order of a primary key: tables made both ways read the same."""
    upgrade(empty)
    made = create_engine("sqlite://", creator=lambda: sqlite3.connect(tmp_path / "made.db"))
    with made.connect() as other:
        whole_metadata().create_all(other)
        assert _described(empty) == _described(other)


def _described(connection: Connection) -> dict[str, Any]:
    found = inspect(connection)
    return {
        table: {
            "columns": sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)),
            "pk": found.get_pk_constraint(table)["constrained_columns"],
            "fks": sorted(str(fk) for fk in found.get_foreign_keys(table)),
            "uniques": sorted(str(u) for u in found.get_unique_constraints(table)),
            "checks": sorted(str(c) for c in found.get_check_constraints(table)),
            "indexes": sorted(
                sql
                for (sql,) in connection.exec_driver_sql(
                    "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
                    (table,),
                )
            ),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def test_there_is_one_line_of_migrations_named_by_number(empty: Connection) -> None:
    script = ScriptDirectory.from_config(configuration(empty))
    assert len(script.get_heads()) == 1
    names = [Path(revision.path).name for revision in script.walk_revisions()][::-1]
    assert [name[:4] for name in names] == [f"{n:04d}" for n in range(1, len(names) + 1)]
    assert len(names) == len(list(VERSIONS.glob("[0-9]*.py")))


async def test_a_store_is_migrated_as_a_whole_and_works(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/store.db")
    await store.migrate()
    tables = await store.read(lambda c: set(inspect(c).get_table_names()))
    assert tables == {*whole_metadata().tables, "alembic_version"}
    enforced = await store.write(lambda c: c.exec_driver_sql("PRAGMA foreign_keys").scalar())
    assert enforced == 1
    await store.close()
