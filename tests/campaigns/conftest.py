"""A migrated SQLite file, opened as the store's writer opens it, with campaigns, operators and clients in it."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Row, func, insert, select

from dialer.auth.tables import users
from dialer.campaigns import claim as claims_of
from dialer.campaigns import service
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import HELD, Campaign, Claim, EntryState, Refusal
from dialer.campaigns.tables import claims, entries, holds
from dialer.clients import service as clients
from dialer.store import Store
from dialer.store.sqlite import connect_writer
from dialer.store.units import close_for_good, open_for_units, unit_engine

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


@dataclass
class Pool:
    """Campaigns and their entries in one store, and a clock that the test moves."""

    conn: Connection
    now: datetime = START
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def pass_time(self, **parts: float) -> None:
        self.now += timedelta(**parts)

    def operator(self) -> int:
        number = next(self._serial)
        row = {
            "login": f"op{number}",
            "name": f"Operator {number}",
            "password_hash": "-",
            "role": "operator",
            "language": "en",
            "theme": "system",
            "single_keys": True,
            "phone_kind": "sip",
            "endpoint": "",
            "phone_secret": None,
            "active": True,
            "created_at": self.now,
        }
        made: int = self.conn.execute(insert(users).values(row).returning(users.c.id)).scalar_one()
        return made

    def campaign(self, **values: Any) -> Campaign:
        given = {"name": f"Campaign {next(self._serial)}", "language": "en", "line": "main"} | values
        campaign = Campaign(dispositions=OUTBOUND, **given)
        return msgspec.structs.replace(campaign, id=service.create(self.conn, campaign, self.now))

    def client(self, *numbers: str) -> int:
        given = numbers or (f"+7900{next(self._serial):07d}",)
        return clients.create(self.conn, name="Client", numbers=[(n, "") for n in given], now=self.now)

    def entry(self, campaign: Campaign, client: int | None = None, priority: int = 0) -> int:
        client_id = self.client() if client is None else client
        service.add_entry(
            self.conn, campaign_id=campaign.id, client_id=client_id, now=self.now, priority=priority
        )
        return int(self.conn.execute(select(func.max(entries.c.id))).scalar_one())

    def row(self, entry_id: int) -> Row[Any]:
        return self.conn.execute(select(entries).where(entries.c.id == entry_id)).one()

    def next(self, campaign: Campaign, operator: int) -> Claim | Refusal:
        return claims_of.next_entry(self.conn, campaign, operator, self.now)

    def claim(self, campaign: Campaign, operator: int) -> Claim:
        claim = self.next(campaign, operator)
        assert isinstance(claim, Claim), claim
        return claim

    def dial(self, campaign: Campaign, claim: Claim, number: str = "") -> Refusal | None:
        first = clients.load(self.conn, claim.client_id).phones[0].e164
        return claims_of.start_attempt(
            self.conn,
            campaign,
            claim,
            e164=number or first,
            call_id=f"C{next(self._serial):025d}",
            now=self.now,
        )

    def finish(self, claim: Claim, target: EntryState = EntryState.DONE, **values: object) -> None:
        claims_of.release(self.conn, claim, target, now=self.now, **values)

    def postpone(self, claim: Claim, minutes: float, owner: int | None) -> None:
        due = self.now + timedelta(minutes=minutes)
        self.finish(claim, EntryState.POSTPONED, due_at=due, owner_id=owner)

    def check(self) -> None:
        """What must hold at every moment, whatever was done."""
        held = [state.value for state in HELD]
        is_held = entries.c.state.in_(held)
        out = self.conn.execute(select(entries).where(is_held)).all()
        wrong = select(entries.c.id).where(entries.c.holder_id.is_not(None) != is_held)
        assert not self.conn.execute(wrong).all(), "held by nobody, or free with a holder"
        assert len({row.holder_id for row in out}) == len(out), "an operator holds two entries"
        assert len({row.client_id for row in out}) == len(out), "a client is with two operators"
        kept = self.conn.execute(select(holds)).all()
        assert {row.entry_id for row in kept} == {row.id for row in out}, "a hold outlived its claim"
        for row in out:
            wanted = {("client", str(row.client_id))} | {
                ("phone", phone.e164) for phone in clients.load(self.conn, row.client_id).phones
            }
            assert {(h.kind, h.key) for h in kept if h.entry_id == row.id} == wanted
        unfinished = self.conn.execute(
            select(claims.c.entry_id, claims.c.epoch).where(claims.c.finished_at.is_(None))
        )
        assert {tuple(row) for row in unfinished} == {(row.id, row.epoch) for row in out}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's file with its tables as migrations make them, to be copied."""
    path = tmp_path_factory.mktemp("campaigns") / "store.db"

    async def make() -> None:
        store = await Store.open(f"sqlite:///{path}")
        await store.migrate()
        await store.close()

    asyncio.run(make())
    return path


@contextmanager
def open_pool(migrated: Path, path: Path) -> Iterator[Pool]:
    """A pool on a copy of the migrated file; each statement is its own transaction."""
    shutil.copy(migrated, path)
    connection, driver = open_for_units(unit_engine(lambda: connect_writer(path)))
    driver.execute("PRAGMA synchronous = OFF")
    try:
        yield Pool(connection)
    finally:
        close_for_good(connection)


@pytest.fixture
def pool(migrated: Path, tmp_path: Path) -> Iterator[Pool]:
    with open_pool(migrated, tmp_path / "store.db") as made:
        yield made
        made.check()
