"""Operators (two hundred, run alone) press Next together, fifty times: one client, one operator, no rule broken.

What is true is kept in a ledger of the test's own, which knows no SQL: each answer of the store is held against it.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, insert

from dialer.auth.tables import users
from dialer.campaigns import leases
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign, Refusal, Rules
from dialer.clients import service as clients
from dialer.desk import work as units
from dialer.desk.doing import Presser
from dialer.desk.model import Desk, Draft
from dialer.store.engine import Store

PREVIEW_S = 60
RULES = Rules(entries_per_window=7, window_s=600, cooldown_s=5, max_postponed=3)
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
Pair = tuple[int, int]  # campaign, client


@dataclass
class Hold:
    operator: int
    until: datetime
    due: datetime  # what it goes back to when nothing comes of it
    owner: int | None


@dataclass
class Ledger:
    """What the test knows by itself: who has whom, what was handed out, finished, postponed, closed."""

    phones: dict[int, frozenset[str]]
    free_from: dict[Pair, datetime]  # entries in the pools, and when they are due
    owner: dict[Pair, int] = field(default_factory=dict)
    held: dict[Pair, Hold] = field(default_factory=dict)
    handed: dict[int, list[datetime]] = field(default_factory=dict)
    finished: dict[int, datetime] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)

    def busy_phones(self) -> set[str]:
        return {phone for _, client in self.held for phone in self.phones[client]}

    def refusing(self, operator: int, now: datetime) -> set[str]:
        """Which rules say no to this operator now."""
        window = timedelta(seconds=RULES.window_s)
        recent = [at for at in self.handed.get(operator, []) if at > now - window]
        cooling = self.finished.get(operator, START - timedelta(days=1)) + timedelta(
            seconds=RULES.cooldown_s or 0
        )
        said = {"window"} if len(recent) >= (RULES.entries_per_window or 0) else set()
        return said | ({"cooldown"} if cooling > now else set())

    def hand_out(self, campaign: int, operator: int, client: int, now: datetime) -> None:
        """Take note of a claim, after asking whether it may be."""
        pair = (campaign, client)
        assert not self.refusing(operator, now), "a rule was broken"
        assert all(hold.operator != operator for hold in self.held.values()), "one client at a time"
        assert client not in {held for _, held in self.held}, "another has this client"
        assert not self.phones[client] & self.busy_phones(), "another has this phone"
        assert not self.phones[client] <= self.blocked, "asked not to be called"
        assert self.free_from[pair] <= now, "not due yet"
        owner, due = self.owner.pop(pair, None), self.free_from.pop(pair)
        assert owner in (None, operator) or due + PATIENCE <= now, "it is somebody else's"
        self.held[pair] = Hold(operator, now + timedelta(seconds=PREVIEW_S), due, owner)
        self.handed.setdefault(operator, []).append(now)

    def left_for(self, campaign: int, operator: int, now: datetime) -> list[int]:
        """Clients that this operator could have been given."""
        busy, out = self.busy_phones(), {client for _, client in self.held}
        return [
            client
            for (pool, client), due in self.free_from.items()
            if pool == campaign
            and due <= now
            and client not in out
            and not self.phones[client] & busy
            and not self.phones[client] <= self.blocked
            and (self.owner.get((pool, client), operator) == operator or due + PATIENCE <= now)
        ]

    def postponed_by(self, operator: int) -> int:
        return sum(owner == operator for owner in self.owner.values())


PATIENCE = timedelta(seconds=1800)


@dataclass
class Crowd:
    """The operators at their desks, over one store."""

    store: Store
    ledger: Ledger
    rng: random.Random
    campaigns: dict[int, int]  # operator -> campaign
    desks: dict[int, Desk]
    now: datetime = START
    loaded: dict[int, units.Loaded] = field(default_factory=dict)
    said: dict[str, int] = field(default_factory=dict)
    serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def new_id(self) -> str:
        return f"{next(self.serial):026d}"

    def count(self, word: str) -> None:
        self.said[word] = self.said.get(word, 0) + 1

    async def all_press_next(self) -> None:
        free = [operator for operator, desk in self.desks.items() if desk.work is None]
        self.rng.shuffle(free)
        taken = await asyncio.gather(*(self._next(operator) for operator in free))
        empty = []
        # The claims of one round came in an order that only the store knows; each must be right beside all others.
        for operator, got in zip(free, taken, strict=True):
            if isinstance(got, Refusal):
                self._refused(operator, got.code)
                empty += [operator] if got.code == "pool_empty" else []
                continue
            self.desks[operator], self.loaded[operator] = got
            assert got[0].work is not None
            self.ledger.hand_out(self.campaigns[operator], operator, got[0].work.client_id, self.now)
            self.count("claimed")
        for operator in empty:
            left = self.ledger.left_for(self.campaigns[operator], operator, self.now)
            assert not left, "a free client was kept from an operator"

    async def _next(self, operator: int) -> tuple[Desk, units.Loaded] | Refusal:
        desk, now = self.desks[operator], self.now
        return await self.store.write(
            lambda conn: units.take_next(conn, desk, language="ru", now=now, new_id=self.new_id)
        )

    def _refused(self, operator: int, code: str) -> None:
        self.count(code)
        rules = self.ledger.refusing(operator, self.now)
        assert code in rules if rules else code == "pool_empty", (
            f"{code} although {rules or 'no rule'} refuses"
        )

    async def all_go_on(self) -> None:
        """Each finishes, postpones, blocks the client, or lets the preview run out."""
        working = [operator for operator, desk in self.desks.items() if desk.work is not None]
        await asyncio.gather(*(self._go_on(operator) for operator in working))

    async def _go_on(self, operator: int) -> None:
        wish = self.rng.choices(
            ["refused_no_need", "busy", "call_back", "do_not_call", ""], [30, 25, 20, 1, 24]
        )[0]
        desk, now = self.desks[operator], self.now
        if not wish or desk.work is None:
            return
        callback = now + timedelta(seconds=self.rng.randint(60, 3600)) if wish == "call_back" else None
        work = msgspec.structs.replace(desk.work, draft=Draft(disposition=wish, callback_at=callback))
        loaded = self.loaded[operator]
        saved = await self.store.write(
            lambda conn: units.save(
                conn, desk, work, loaded, by=Presser(operator_id=operator, name="", hooks={}), now=now
            )
        )
        pair = (work.campaign_id, work.client_id)
        if isinstance(saved, Desk):
            self.desks[operator] = saved
            self._settled(operator, pair, wish, callback)
        else:
            assert wish == "call_back" and saved.code == "too_many_postponed"
            assert self.ledger.postponed_by(operator) >= (RULES.max_postponed or 0)
        self.count(wish if isinstance(saved, Desk) else "too_many_postponed")

    def _settled(self, operator: int, pair: Pair, wish: str, callback: datetime | None) -> None:
        ledger = self.ledger
        assert ledger.held.pop(pair).operator == operator
        ledger.finished[operator] = self.now
        if callback is not None:
            ledger.free_from[pair], ledger.owner[pair] = callback, operator
            assert ledger.postponed_by(operator) <= (RULES.max_postponed or 0)
        elif wish == "busy":
            ledger.free_from[pair] = self.now + timedelta(seconds=600)
        elif wish == "do_not_call":
            ledger.blocked |= ledger.phones[pair[1]]

    async def pass_time(self) -> None:
        """Time goes on; whose preview is over loses the client, and nobody else does."""
        self.now += timedelta(seconds=self.rng.choice([1, 4, 10, 30, 90]))
        now = self.now
        gone = await self.store.write(lambda conn: leases.expire(conn, now))
        over = {pair for pair, hold in self.ledger.held.items() if hold.until <= now}
        assert len(gone) == len(over)
        for pair in over:
            hold = self.ledger.held.pop(pair)
            operator, self.ledger.free_from[pair] = hold.operator, hold.due
            if hold.owner is not None:
                self.ledger.owner[pair] = hold.owner
            self.ledger.finished[operator] = now
            self.desks[operator] = msgspec.structs.replace(self.desks[operator], work=None)
            self.count("expired")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    await store.migrate()
    yield store
    await store.close()


def _fill(conn: Connection, rng: random.Random, operators: int) -> tuple[Ledger, dict[int, int]]:
    """Two campaigns over the same clients, of whom many share a phone; three operators in five work in the first."""
    for operator in range(1, operators + 1):
        conn.execute(
            insert(users).values(
                id=operator, login=f"op{operator}", name="", password_hash="", role="operator", language="ru",
                theme="system", single_keys=True, phone_kind="sip", endpoint="", active=True, created_at=START,
            )
        )  # fmt: skip
    pools = [
        campaigns.create(
            conn,
            Campaign(
                name=name, language="ru", line="main", dispositions=OUTBOUND, preview_s=PREVIEW_S, rules=RULES
            ),
            START,
        )
        for name in ("one", "two")
    ]
    phones, free_from = {}, {}
    numbers = [f"+7916{serial:07d}" for serial in range(operators * 9 // 2)]
    for _ in range(operators * 6):
        own = rng.sample(numbers, rng.choice([1, 1, 1, 2, 3]))
        client = clients.create(conn, name="", numbers=[(number, "") for number in own], now=START)
        phones[client] = frozenset(own)
        for pool in pools:
            campaigns.add_entry(conn, campaign_id=pool, client_id=client, now=START)
            free_from[pool, client] = START
    ledger = Ledger(phones=phones, free_from=free_from)
    return ledger, {operator: pools[operator % 5 >= 3] for operator in range(1, operators + 1)}


@pytest.mark.parametrize(("operators", "rounds"), [(20, 50), pytest.param(200, 50, marks=pytest.mark.many)])
async def test_operators_press_next_together_fifty_times(store: Store, operators: int, rounds: int) -> None:
    rng = random.Random(20261122)
    ledger, pools = await store.write(lambda conn: _fill(conn, rng, operators))
    desks = {
        operator: Desk(operator_id=operator, campaign_id=campaign, since=START)
        for operator, campaign in pools.items()
    }
    crowd = Crowd(store=store, ledger=ledger, rng=rng, campaigns=pools, desks=desks)
    for _ in range(rounds):
        await crowd.all_press_next()
        await crowd.all_go_on()
        await crowd.pass_time()
    print(crowd.said)  # what came up how often
    for word in (
        "claimed",
        "window",
        "cooldown",
        "pool_empty",
        "too_many_postponed",
        "expired",
        "do_not_call",
    ):
        assert crowd.said.get(word), f"{word} never came up: the test tests less than it says"
