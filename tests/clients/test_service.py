"""Units of work about clients, in a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from dialer.clients import service
from dialer.clients.service import Client, Phone
from dialer.clients.tables import do_not_call
from dialer.store import Store
from tests.fresh_store import fresh_store

NOW = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fresh_store(tmp_path / "store.db")
    yield opened
    await opened.close()


async def test_a_client_is_read_as_it_was_made(store: Store) -> None:
    client_id = await store.write(
        lambda conn: service.create(
            conn,
            name="Иванов Пётр",
            numbers=[("+79000000001", "work"), ("+79000000002", "")],
            now=NOW,
            city="Тверь",
            timezone="Europe/Moscow",
            fields={"Вода": "19 л", "Долг": "0"},
        )
    )
    client = await store.read(lambda conn: service.load(conn, client_id))
    assert client == Client(
        id=client_id,
        name="Иванов Пётр",
        city="Тверь",
        timezone="Europe/Moscow",
        fields={"Вода": "19 л", "Долг": "0"},
        is_new=False,
        phones=(
            Phone(id=client.phones[0].id, e164="+79000000001", label="work", flagged=False),
            Phone(id=client.phones[1].id, e164="+79000000002", label="", flagged=False),
        ),
    )
    assert list(client.fields) == ["Вода", "Долг"], "in the order of the import"


async def test_who_has_this_number_the_oldest_first(store: Store) -> None:
    async def client(*numbers: str) -> int:
        return await store.write(
            lambda conn: service.create(conn, name="C", numbers=[(n, "") for n in numbers], now=NOW)
        )

    first, second = await client("+79000000001", "+79000000001"), await client("+79000000002", "+79000000001")
    assert await store.read(lambda conn: service.identify(conn, "+79000000001")) == [first, second]
    assert await store.read(lambda conn: service.identify(conn, "+79000000002")) == [second]
    assert await store.read(lambda conn: service.identify(conn, "+79000000009")) == []


async def test_a_client_without_a_number_can_be_made(store: Store) -> None:
    client_id = await store.write(lambda conn: service.create(conn, name="C", numbers=[], now=NOW))
    assert (await store.read(lambda conn: service.load(conn, client_id))).phones == ()


async def test_a_new_client_is_new_until_it_is_named(store: Store) -> None:
    def make(conn: service.Connection) -> int:
        return service.create(conn, name="", numbers=[("+79000000001", "")], now=NOW, is_new=True)

    client_id = await store.write(make)
    assert (await store.read(lambda conn: service.load(conn, client_id))).is_new
    await store.write(lambda conn: service.rename(conn, client_id, "Анна"))
    named = await store.read(lambda conn: service.load(conn, client_id))
    assert (named.name, named.is_new) == ("Анна", False)


async def test_a_wrong_number_is_flagged_for_its_client_alone(store: Store) -> None:
    def make(conn: service.Connection) -> tuple[int, int]:
        one = service.create(conn, name="A", numbers=[("+79000000001", "")], now=NOW)
        other = service.create(conn, name="B", numbers=[("+79000000001", "")], now=NOW)
        service.flag_phone(conn, service.load(conn, one).phones[0].id)
        return one, other

    one, other = await store.write(make)
    assert (await store.read(lambda conn: service.load(conn, one))).phones[0].flagged
    assert not (await store.read(lambda conn: service.load(conn, other))).phones[0].flagged


async def test_a_number_is_blocked_once_and_its_first_reason_stays(store: Store) -> None:
    for reason in ("asked", "asked again"):
        await store.write(
            lambda conn, reason=reason: service.block_number(conn, "+79000000001", reason=reason, now=NOW)
        )
    assert await store.read(lambda conn: service.is_blocked(conn, "+79000000001"))
    assert not await store.read(lambda conn: service.is_blocked(conn, "+79000000002"))
    kept = await store.read(lambda conn: conn.execute(select(do_not_call)).all())
    assert [(row.e164, row.reason, row.added_at) for row in kept] == [("+79000000001", "asked", NOW)]
