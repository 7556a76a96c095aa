from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dialer.planning import service
from dialer.store import Store
from tests.automation.conftest import add_user
from tests.fresh_store import fresh_store

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fresh_store(tmp_path / "store.db")
    await opened.write(lambda conn: [add_user(conn, "olga"), add_user(conn, "anna")])
    yield opened
    await opened.close()


async def test_what_is_due_first_stands_first(store: Store) -> None:
    def make(conn) -> None:  # type: ignore[no-untyped-def]
        service.make(
            conn, kind="task", text="later", user_id=1, made_by=2, now=NOW, due_at=NOW + timedelta(1)
        )
        service.make(conn, kind="message", text="now", user_id=1, made_by=2, now=NOW)

    await store.write(make)
    found = await store.read(lambda conn: service.list_open(conn, 1, "operator"))
    assert [(task.text, task.made_by, task.client) for task in found] == [
        ("now", "Anna", ""),
        ("later", "Anna", ""),
    ]
    assert await store.read(lambda conn: service.count_open(conn, 1, "operator")) == 2


async def test_a_task_is_somebodys_or_a_roles_and_never_both(store: Store) -> None:
    for whose in ({}, {"user_id": 1, "role": "operator"}):
        with pytest.raises(Exception, match="somebodys"):
            await store.write(
                lambda conn, whose=whose: service.make(  # type: ignore[misc]
                    conn, kind="task", text="x", made_by=1, now=NOW, **whose
                )
            )
