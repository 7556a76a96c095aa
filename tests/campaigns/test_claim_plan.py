"""A claim costs the same in a small pool and in a large one: what SQLite does for each statement, and how long."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, insert

from dialer.campaigns import claim as claims_of
from dialer.campaigns import leases
from dialer.campaigns.model import Campaign, EntryState, Rules
from dialer.campaigns.tables import entries
from dialer.clients.tables import clients, phones
from tests.campaigns.conftest import Pool

SMALL, LARGE, CLAIMS = 100, 50_000, 60


def steps(pool: Pool, statement: Any, values: dict[str, Any]) -> list[str]:
    """What SQLite would do, told by itself."""
    compiled = statement.compile(dialect=pool.conn.dialect)
    given = compiled.construct_params(values)
    bound = []
    for name in compiled.positiontup:
        to_driver = (
            compiled.binds[name].type.dialect_impl(pool.conn.dialect).bind_processor(pool.conn.dialect)
        )
        bound.append(to_driver(given[name]) if to_driver else given[name])
    rows = pool.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.string}", tuple(bound))
    return [row[3] for row in rows]


def values_of(pool: Pool) -> dict[str, Any]:
    campaign, operator = pool.campaign(), pool.operator()
    claim_values = claims_of._claim_values(campaign, operator, pool.now, pool.now)
    return {**claim_values, "client": 1, "e164": "+79000000001", "most": 3, "newer": 2}


@pytest.mark.parametrize("name", ["_CLAIM", "_PAST", "_NUMBERS", "_BLOCKED", "_TRIED", "_EXPIRE"])
def test_no_statement_of_a_claim_walks_a_table(pool: Pool, name: str) -> None:
    plan = steps(pool, getattr(leases if name == "_EXPIRE" else claims_of, name), values_of(pool))
    assert plan
    assert not [step for step in plan if step.startswith("SCAN") and "CONSTANT ROW" not in step], plan
    assert not [step for step in plan if "TEMP B-TREE FOR ORDER BY" in step], plan


def test_the_claim_walks_each_order_along_its_index(pool: Pool) -> None:
    plan = "\n".join(steps(pool, claims_of._CLAIM, values_of(pool)))
    for index in ("ix_entries_owner", "ix_entries_due", "ix_entries_next"):
        assert f"entries USING INDEX {index}" in plan


def fill(pool: Pool, count: int, first: int) -> dict[EntryState, Campaign]:
    """A campaign whose pool waits and one of callbacks that are due, with the same clients of one phone each."""
    made = {state: pool.campaign(rules=Rules()) for state in (EntryState.WAITING, EntryState.POSTPONED)}
    ids = range(first, first + count)
    rows = [
        {
            "id": i,
            "name": "C",
            "city": "",
            "timezone": "",
            "fields": {},
            "is_new": False,
            "created_at": pool.now,
        }
        for i in ids
    ]
    numbers = [{"client_id": i, "e164": f"+79{i:09d}", "label": "", "flagged": False} for i in ids]
    pooled = [
        {
            "campaign_id": campaign.id,
            "client_id": i,
            "state": state.value,
            "rank": 0,
            "due_at": pool.now - timedelta(seconds=i % 977),
        }
        for state, campaign in made.items()
        for i in ids
    ]
    inserts: tuple[tuple[Executable, list[dict[str, Any]]], ...] = (
        (insert(clients), rows),
        (insert(phones), numbers),
        (insert(entries), pooled),
    )
    pool.conn.exec_driver_sql("BEGIN")
    for statement, values in inserts:
        pool.conn.execute(statement, values)
    pool.conn.exec_driver_sql("COMMIT")
    return made


def median_claim_s(pool: Pool, campaign: Campaign) -> float:
    """What one claim takes, in a transaction of its own."""
    took = []
    operator = pool.operator()
    for _ in range(CLAIMS):
        pool.conn.exec_driver_sql("BEGIN")
        began = time.perf_counter()
        claim = pool.claim(campaign, operator)
        took.append(time.perf_counter() - began)
        pool.conn.exec_driver_sql("COMMIT")
        pool.finish(claim)
    return statistics.median(took)


@pytest.mark.alone
def test_a_claim_in_a_pool_of_50_000_takes_as_long_as_in_one_of_100(pool: Pool) -> None:
    small, large = fill(pool, SMALL, first=1), fill(pool, LARGE, first=1_000)
    for state in small:
        small_s, large_s = median_claim_s(pool, small[state]), median_claim_s(pool, large[state])
        assert large_s < 3 * small_s, f"{state}: {small_s * 1e6:.0f} us and {large_s * 1e6:.0f} us"
