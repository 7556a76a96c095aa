"""A look at a store from another process: it sees who has it and what stands in it, and leaves no trace."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from dialer.store.engine import Store
from dialer.store.errors import StoreUnsupported
from dialer.store.glance import Glance, glance


def tables(connection: Connection) -> int:
    return len(connection.execute(text("SELECT name FROM sqlite_master")).all())


async def made(folder: Path) -> str:
    url = f"sqlite:///{folder}/store.db"
    store = await Store.open(url)
    await store.migrate()
    await store.close()
    return url


def test_where_there_is_none_none_is_made(tmp_path: Path) -> None:
    seen = glance(f"sqlite:///{tmp_path}/below/store.db", tables)
    assert seen == Glance(path=tmp_path / "below/store.db", exists=False)
    assert list(tmp_path.iterdir()) == []


async def test_a_store_of_nobody(tmp_path: Path) -> None:
    seen = glance(await made(tmp_path), tables)
    assert (seen.holder, seen.tables, seen.wrong) == ("", "current", "")
    assert seen.read is not None and seen.read > 5


async def test_a_store_in_use_is_read_beside_its_holder(tmp_path: Path) -> None:
    url = await made(tmp_path)
    store = await Store.open(url)
    try:
        seen = glance(url, tables)
        assert seen.holder == str(os.getpid())
        assert seen.read is not None
    finally:
        await store.close()
    again = await Store.open(url, wait_s=0)  # the look has let go
    await again.close()


async def test_tables_of_other_releases_are_named_and_not_read(tmp_path: Path) -> None:
    url = await made(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'of tomorrow'")
    seen = glance(url, tables)
    assert (seen.tables, seen.read) == ("newer", None)


def test_what_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("no database at all, but a file of some length " * 50)
    seen = glance(f"sqlite:///{tmp_path}/store.db", tables)
    assert "not a store" in seen.wrong
    with pytest.raises(StoreUnsupported):
        glance("mysql://elsewhere", tables)
