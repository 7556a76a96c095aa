from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from dialer.clients import card, deals, service
from dialer.clients.tables import deals as table
from dialer.store import Store
from tests.fresh_store import fresh_store

NOW = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fresh_store(tmp_path / "store.db")
    await opened.write(lambda conn: service.create(conn, name="A", numbers=[], now=NOW))
    yield opened
    await opened.close()


async def test_a_client_has_one_open_deal_at_most(store: Store) -> None:
    assert await store.read(lambda conn: deals.find_open(conn, 1)) is None
    first = await store.write(lambda conn: deals.take_open(conn, 1, NOW))
    assert (await store.write(lambda conn: deals.take_open(conn, 1, NOW))).id == first.id
    values = {"client_id": 1, "fields": {}, "begun_at": NOW, "changed_at": NOW}
    with pytest.raises(Exception, match="UNIQUE"):
        await store.write(lambda conn: conn.execute(insert(table).values(values)))
    await store.write(lambda conn: deals.change(conn, first.id, NOW, closed_at=NOW))
    assert (await store.write(lambda conn: deals.take_open(conn, 1, NOW))).id != first.id


def test_a_field_keeps_the_label_that_it_has() -> None:
    assert card.with_field({"Floor": "1"}, "floor", "2") == {"Floor": "2"}
    assert card.with_field({str(n): "" for n in range(card.MOST_FIELDS)}, "more", "") is None
