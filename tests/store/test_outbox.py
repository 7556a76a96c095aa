"""Events stand in the store until they are done with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from dialer.events import Event, kind_of, registry
from dialer.store import Store, outbox
from dialer.store.outbox import Envelope, Outbox
from tests.contract.tables import Noted

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/store.db")
    await opened.migrate()
    yield opened
    await opened.close()


def appended(connection: Connection) -> list[int]:
    return [outbox.append(connection, Noted(n=n), NOON) for n in range(5)]


def left(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(outbox.outbox)).scalar_one()


async def test_an_event_comes_back_as_it_was(store: Store) -> None:
    seqs = await store.write(appended)
    found = await Outbox(store).after(0, 100)
    assert found == [Envelope(seq, NOON, Noted(n=n)) for n, seq in enumerate(seqs)]
    assert await Outbox(store).after(seqs[2], 1) == [found[3]]


async def test_the_mark_moves_forward_only_and_frees_the_rows(store: Store) -> None:
    seqs, box = await store.write(appended), Outbox(store)
    assert await box.marked() == 0
    await box.mark(seqs[3])
    await box.mark(seqs[1])
    assert await box.marked() == seqs[3]
    assert await store.read(left) == 1
    await box.mark(seqs[4])
    assert await store.read(left) == 0
    assert (await store.write(appended))[0] > seqs[4]  # a number is never given twice


async def test_an_event_that_no_code_knows_stops_nobody(store: Store) -> None:
    def strange(connection: Connection) -> None:
        for kind, body in (("tested.forgotten", "{}"), ("tested.noted", '{"n": "no number"}')):
            connection.execute(insert(outbox.outbox), {"kind": kind, "at": NOON, "body": body})

    await store.write(strange)
    assert await Outbox(store).after(0, 1) == []
    seqs = await store.write(appended)
    assert [e.seq for e in await Outbox(store).after(0, 1)] == seqs[:1]


def test_every_event_has_a_name_of_its_own() -> None:
    for kind, event in registry().items():
        assert kind_of(event) == kind
        assert event.__struct_config__.frozen
    with pytest.raises(ValueError, match="no tag"):
        kind_of(Event)
