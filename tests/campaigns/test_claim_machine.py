"""Any order of what operators, time and supervisors do, against a model that knows no SQL.

The model says before each claim which entries may be handed out; after it, what was given must be the first of
them. The store's own invariants are looked at after every step.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from dialer.campaigns import claim as claims_of
from dialer.campaigns import leases
from dialer.campaigns.claim import StaleClaim
from dialer.campaigns.model import HELD, Campaign, Claim, EntryState, Refusal, Rules
from dialer.campaigns.tables import entries
from dialer.clients import service as clients
from tests.campaigns.conftest import START, Pool, open_pool

S = EntryState
NUMBERS = [f"+7900000000{digit}" for digit in range(6)]
RULES = [Rules(), Rules(entries_per_window=2, window_s=600), Rules(cooldown_s=90)]


@dataclass
class Entry:
    """What the model knows of an entry."""

    id: int
    campaign: Campaign
    client: int
    priority: int
    state: EntryState = S.WAITING
    due: datetime = START
    owner: int | None = None
    attempts: int = 0
    tried: dict[str, list[datetime]] = field(default_factory=dict)
    before: EntryState = S.WAITING


@dataclass
class Held:
    claim: Claim
    entry: Entry
    campaign: Campaign


class Claims(RuleBasedStateMachine):
    migrated: ClassVar[Path]

    @initialize(
        phones=st.lists(st.sets(st.sampled_from(NUMBERS), max_size=2), min_size=3, max_size=6),
        rules=st.tuples(st.sampled_from(RULES), st.sampled_from(RULES)),
    )
    def open(self, phones: list[set[str]], rules: tuple[Rules, Rules]) -> None:
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder)
        self.pool: Pool = self.stack.enter_context(open_pool(self.migrated, folder / "store.db"))
        limits = {"attempts_per_day": 2, "attempt_pause_s": 120, "max_attempts": 3, "patience_s": 900}
        self.campaigns = [self.pool.campaign(rules=r, preview_s=60, **limits) for r in rules]
        self.operators = [self.pool.operator() for _ in range(3)]
        self.phones: dict[int, list[str]] = {}
        self.blocked: set[str] = set()
        self.flagged: set[tuple[int, str]] = set()
        self.entries: list[Entry] = []
        self.held: dict[int, Held] = {}
        self.stale: list[Held] = []
        self.handed: dict[tuple[int, int], list[datetime]] = {}
        self.finished: dict[tuple[int, int], datetime] = {}
        for number, wanted in enumerate(phones):
            numbers = sorted(wanted)
            client = clients.create(
                self.pool.conn, name="C", numbers=[(n, "") for n in numbers], now=self.pool.now
            )
            self.phones[client] = numbers
            for campaign in self.campaigns[: 1 + number % 2]:
                priority = number % 3
                entry = self.pool.entry(campaign, client, priority)
                self.entries.append(Entry(id=entry, campaign=campaign, client=client, priority=priority))

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    # --- what the model thinks -----------------------------------------------------------------------------

    def tried(self, campaign: Campaign, number: str) -> list[datetime]:
        mine = [e.tried.get(number, []) for e in self.entries if e.campaign is campaign]
        return [at for times in mine for at in times]

    def may_call(self, campaign: Campaign, number: str) -> bool:
        now, tried = self.pool.now, self.tried(campaign, number)
        today = [at for at in tried if at > now - timedelta(days=1)]
        pause = timedelta(seconds=campaign.attempt_pause_s)
        return (
            number not in self.blocked
            and len(today) < campaign.attempts_per_day
            and all(at + pause <= now for at in tried)
        )

    def is_free(self, entry: Entry) -> bool:
        out = {held.entry.client for held in self.held.values()}
        numbers_out = {number for client in out for number in self.phones[client]}
        own = self.phones[entry.client]
        callable_ = [n for n in own if (entry.client, n) not in self.flagged]
        return (
            entry.client not in out
            and not numbers_out & set(own)
            and any(self.may_call(entry.campaign, number) for number in callable_)
        )

    def place(self, entry: Entry, operator: int) -> tuple[object, ...] | None:
        """Where an entry stands in the operator's order, None if it is not for them now."""
        now, patience = self.pool.now, timedelta(seconds=entry.campaign.patience_s)
        left = entry.attempts < entry.campaign.max_attempts
        if entry.state is S.WAITING and left:
            return (2, -entry.priority, entry.id)
        if entry.state is not S.POSTPONED or entry.due > now:
            return None
        if entry.owner == operator:
            return (0, entry.due, entry.id)
        if left if entry.owner is None else entry.due + patience <= now:
            return (1, entry.due, entry.id)
        return None

    def rule_forbids(self, campaign: Campaign, operator: int) -> bool:
        key, rules, now = (operator, campaign.id), campaign.rules, self.pool.now
        if rules.entries_per_window is not None:
            recent = [at for at in self.handed.get(key, []) if at > now - timedelta(seconds=rules.window_s)]
            if len(recent) >= rules.entries_per_window:
                return True
        last = self.finished.get(key)
        return (
            rules.cooldown_s is not None
            and last is not None
            and now < last + timedelta(seconds=rules.cooldown_s)
        )

    def release(self, operator: int, held: Held, state: EntryState) -> None:
        held.entry.state = state
        self.finished[operator, held.campaign.id] = self.pool.now
        self.stale.append(self.held.pop(operator))

    # --- what happens --------------------------------------------------------------------------------------

    @rule(who=st.integers(0, 2), where=st.integers(0, 1))
    def press_next(self, who: int, where: int) -> None:
        operator, campaign = self.operators[who], self.campaigns[where]
        if operator in self.held:
            return
        mine = [e for e in self.entries if e.campaign is campaign and self.is_free(e)]
        placed = sorted((p, e.id, e) for e in mine if (p := self.place(e, operator)) is not None)  # type: ignore[type-var]
        given = self.pool.next(campaign, operator)
        if self.rule_forbids(campaign, operator):
            assert isinstance(given, Refusal)
            assert given.until is not None
            assert given.until > self.pool.now
        elif not placed:
            assert given == Refusal(code="pool_empty")
        else:
            assert isinstance(given, Claim)
            entry = placed[0][2]
            assert given.entry_id == entry.id
            entry.before, entry.state = entry.state, S.CLAIMED
            self.held[operator] = Held(claim=given, entry=entry, campaign=campaign)
            self.handed.setdefault((operator, campaign.id), []).append(self.pool.now)

    @rule(who=st.integers(0, 2), which=st.integers(0, 1))
    def dial(self, who: int, which: int) -> None:
        held = self.held.get(self.operators[who])
        if held is None or held.entry.state not in (S.CLAIMED, S.WRAPUP):
            return
        numbers = self.phones[held.entry.client]
        number = numbers[which % len(numbers)]
        allowed = self.may_call(held.campaign, number)
        refusal = self.pool.dial(held.campaign, held.claim, number)
        assert (refusal is None) == allowed, refusal
        if allowed:
            held.entry.state = S.CALLING
            held.entry.attempts += 1
            held.entry.tried.setdefault(number, []).append(self.pool.now)

    @rule(who=st.integers(0, 2), answered=st.booleans())
    def call_ends(self, who: int, answered: bool) -> None:
        held = self.held.get(self.operators[who])
        if held is None or held.entry.state is not S.CALLING:
            return
        for state in (S.TALKING, S.WRAPUP) if answered else (S.WRAPUP,):
            claims_of.move(self.pool.conn, held.claim, state)
        held.entry.state = S.WRAPUP

    @rule(
        who=st.integers(0, 2),
        to=st.sampled_from([S.DONE, S.EXCLUDED, S.WAITING, S.POSTPONED]),
        minutes=st.integers(1, 30),
        own=st.booleans(),
    )
    def save(self, who: int, to: EntryState, minutes: int, own: bool) -> None:
        operator = self.operators[who]
        held = self.held.get(operator)
        if held is None or held.entry.state is S.CALLING:
            return
        if to is S.POSTPONED:
            owner = operator if own else None
            self.pool.postpone(held.claim, minutes, owner)
            held.entry.due, held.entry.owner = self.pool.now + timedelta(minutes=minutes), owner
        else:
            self.pool.finish(held.claim, to)
        self.release(operator, held, to)

    @rule(seconds=st.sampled_from([1, 59, 60, 120, 599, 900, 3600, 86400]))
    def time_passes(self, seconds: int) -> None:
        self.pool.pass_time(seconds=seconds)
        gone = set(leases.expire(self.pool.conn, self.pool.now))
        ran_out = {
            operator: held
            for operator, held in self.held.items()
            if held.entry.state is S.CLAIMED and held.claim.lease_until <= self.pool.now
        }
        assert gone == {(held.claim.entry_id, held.claim.epoch) for held in ran_out.values()}
        for operator, held in ran_out.items():
            self.release(operator, held, held.entry.before)

    @rule(number=st.sampled_from(NUMBERS))
    def asks_not_to_be_called(self, number: str) -> None:
        clients.block_number(self.pool.conn, number, reason="asked", now=self.pool.now)
        self.blocked.add(number)

    @rule(index=st.integers(0, 20))
    def number_proves_wrong(self, index: int) -> None:
        known = [phone for client in self.phones for phone in clients.load(self.pool.conn, client).phones]
        if known:
            phone = known[index % len(known)]
            clients.flag_phone(self.pool.conn, phone.id)
            owner = next(
                c for c in self.phones if phone.id in {p.id for p in clients.load(self.pool.conn, c).phones}
            )
            self.flagged.add((owner, phone.e164))

    @precondition(lambda self: self.stale)
    @rule(index=st.integers(0, 50), to=st.sampled_from(EntryState))
    def a_stopped_process_comes_back(self, index: int, to: EntryState) -> None:
        """Whoever held an entry once, and does not know that this is over, changes nothing."""
        held = self.stale[index % len(self.stale)]
        before = self.pool.row(held.entry.id)
        with pytest.raises(StaleClaim):
            claims_of.move(self.pool.conn, held.claim, to)
        number = self.phones[held.entry.client][0]
        with suppress(StaleClaim):
            assert self.pool.dial(held.campaign, held.claim, number) is not None
        assert self.pool.row(held.entry.id) == before

    @invariant()
    def nothing_is_held_twice(self) -> None:
        if hasattr(self, "pool"):
            self.pool.check()

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        if not hasattr(self, "entries"):
            return
        rows = {row.id: row for row in self.pool.conn.execute(select(entries)).all()}
        for entry in self.entries:
            row = rows[entry.id]
            assert (row.state, row.attempts) == (entry.state.value, entry.attempts)
            assert (row.holder_id is not None) == (entry.state in HELD)


@pytest.mark.many
def test_no_order_of_events_breaks_a_rule(migrated: Path) -> None:
    Claims.migrated = migrated
    run_state_machine_as_test(
        Claims,
        settings=settings(
            max_examples=600 if os.environ.get("DIALER_LONG") else 30,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
