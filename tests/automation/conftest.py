"""A store with an operator, a client in a campaign, and a step that asks for actions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from dialer.auth.tables import users
from dialer.automation.model import Effect, Hook, Subject
from dialer.automation.service import carry_out
from dialer.automation.tables import actions_done, deliveries
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.clients import service as clients
from dialer.scripts import service as scripts
from dialer.scripts.actions import Action
from dialer.scripts.model import Block, Script
from dialer.scripts.placeholders import NOBODY
from dialer.scripts.run import Due
from dialer.scripts.tables import steps
from dialer.store import Store
from tests.fresh_store import fresh_store

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
SCRIPT = Script(name="S", language="en", start="a", blocks=(Block(id="a", text="?", next="a"),))


def add_user(conn: Connection, login: str, role: str = "operator", *, active: bool = True) -> int:
    row = {
        "login": login,
        "name": login.title(),
        "password_hash": "-",
        "role": role,
        "language": "en",
        "theme": "system",
        "single_keys": True,
        "phone_kind": "sip",
        "endpoint": "",
        "active": active,
        "created_at": NOW,
    }
    return int(conn.execute(insert(users).values(row).returning(users.c.id)).scalar_one())


@dataclass
class Talk:
    """A run of a script with a client; each `do` is one step of it."""

    store: Store
    operator: int
    client: int
    campaign: int
    hooks: dict[str, Hook]
    seq: int = 0
    now: datetime = NOW
    held: bool = True

    def subject(self) -> Subject:
        return Subject(
            run_id="R",
            seq=self.seq,
            script="S",
            version=1,
            client_id=self.client,
            timezone="Asia/Vladivostok",
            operator_id=self.operator,
            campaign_id=self.campaign,
            call_id=None,
            held=self.held,
            now=self.now,
            hooks=self.hooks,
        )

    async def do(self, *actions: Action, without: tuple[int, ...] = (), note: str = "") -> Effect:
        self.seq += 1
        due = [Due(place="a/yes", action=action) for action in actions]

        def step(conn: Connection) -> Effect:
            row = {"run_id": "R", "seq": self.seq, "block": "a", "title": "a", "kind": "answer"}
            found_by = {"script_id": 1, "operator_id": self.operator, "saying_id": 1}
            known = {name: value for name, value in found_by.items() if name in steps.c}
            conn.execute(insert(steps).values(**row, **known, entered_at=self.now, answered_at=self.now))
            return carry_out(conn, self.subject(), due, without=without, note=note)

        return await self.store.write(step)

    async def rows(self, table: Any) -> list[Any]:
        return await self.store.read(lambda conn: list(conn.execute(select(table))))

    async def done(self) -> list[tuple[int, int, str]]:
        return [(row.seq, row.nth, row.outcome) for row in await self.rows(actions_done)]

    async def outgoing(self) -> list[Any]:
        return await self.rows(deliveries)

    async def card(self) -> clients.Client:
        return await self.store.read(lambda conn: clients.load(conn, self.client))


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    store = await fresh_store(tmp_path / "store.db")

    def make(conn: Connection) -> tuple[int, int, int]:
        operator = add_user(conn, "olga")
        add_user(conn, "anna")
        add_user(conn, "gone", active=False)
        script = scripts.publish(conn, SCRIPT, NOW)
        client = clients.create(
            conn, name="Client", numbers=[("+79001112233", ""), ("+79001112244", "")], now=NOW, city="Тверь"
        )
        campaign = campaigns.create(
            conn, Campaign(name="C", language="en", line="main", dispositions=OUTBOUND, script_id=script), NOW
        )
        version = scripts.latest(conn, script)
        assert version is not None
        known = {"campaign_id": campaign}
        scripts.start_run(
            conn,
            run_id="R",
            version=version,
            context=NOBODY,
            client_id=client,
            operator_id=operator,
            now=NOW,
            **known,
        )
        return operator, client, campaign

    operator, client, campaign = await store.write(make)
    hooks = {"crm": Hook(name="crm", url="http://127.0.0.1:9/", secret="secret", timeout_s=2.0)}
    yield Talk(store=store, operator=operator, client=client, campaign=campaign, hooks=hooks)
    await store.close()
