"""The demo's data: a store that it fills is one a person can work with at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dialer.auth.service import Auth, Entered
from dialer.campaigns import service as campaigns
from dialer.campaigns.tables import results
from dialer.clients.importing import BadRow, Row, read_rows
from dialer.clients.numbers import may_dial, normalise
from dialer.scripts import service as scripts
from dialer.simulation import people
from dialer.simulation.demo import LINES, LOGINS, SEED, SETS, DemoPbx, callers, seed
from dialer.simulation.far_end import Way
from dialer.simulation.population import DEMO, fate
from dialer.store import Store
from dialer.telephony.ranges import Range, Reached, why_not

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def now() -> datetime:
    return NOW


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/demo.db")
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
async def auth(store: Store) -> AsyncIterator[Auth]:
    made = Auth(store, now)
    await made.start()
    yield made
    await made.stop()


async def test_fills_an_empty_store_once(store: Store, auth: Auth) -> None:
    assert await seed(store, auth, now) == LOGINS
    assert await seed(store, auth, now) == LOGINS

    made = {one.name: one for one in await store.read(campaigns.every)}
    pools = await store.read(campaigns.pools)
    for one in SETS:
        outbound, inbound = made[one.outbound[0]], made[one.inbound[0]]
        assert pools[outbound.id] == {"waiting": people.COUNT}
        assert outbound.status == "running" and not outbound.auto_dial and outbound.talking_point
        assert inbound.kind == "inbound" and inbound.id not in pools
        assert outbound.line in LINES and inbound.line in LINES
        for campaign in (outbound, inbound):
            assert campaign.script_id is not None
            script_id = campaign.script_id
            assert await store.read(lambda conn, i=script_id: scripts.latest(conn, i))  # type: ignore[misc]
    assert len(made) == 4
    assert (await store.read(lambda conn: conn.execute(select(func.count(results.c.id))).scalar_one())) > 100
    assert await store.read(lambda conn: campaigns.results_since(conn, NOW.replace(hour=0))) == {}


async def test_its_users_can_log_in(store: Store, auth: Auth) -> None:
    for who in await seed(store, auth, now):
        entered = await auth.login(who.login, who.password, "127.0.0.1")
        assert isinstance(entered, Entered)
        assert entered.session.user.role is who.role and entered.session.user.endpoint == who.endpoint


def test_the_shipped_files_are_those_that_would_be_written() -> None:
    for name, content in people.files().items():
        assert (people.DATA / name).read_bytes() == content, "run python -m dialer.simulation.people"


@pytest.mark.parametrize("one", SETS, ids=lambda one: one.language)
def test_clients_can_be_dialled_and_nobody_twice(one: object) -> None:
    assert one in SETS
    found = next(each for each in SETS if each == one)
    rows = list(read_rows(people.DATA / found.clients))
    assert not [row for row in rows if isinstance(row, BadRow)]
    written = [phone for row in rows if isinstance(row, Row) for phone, _ in row.phones]
    numbers = [normalise(phone, found.region) for phone in written]
    ranges = [Range(prefix=prefix) for prefix in LINES[found.language].allowed]
    assert all(number is not None and may_dial(number) for number in numbers)
    assert all(isinstance(why_not(str(number), found.region, ranges), Reached) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert found.number not in numbers


@pytest.mark.parametrize("who", callers(), ids=lambda who: who.dialled)
def test_the_path_is_seen_soon(who: object) -> None:
    numbers = next([number for number, _ in each.known] for each in callers() if each == who)
    fates = [fate(number, 1, SEED, DEMO) for number in numbers]
    assert sum(one.way is Way.ANSWERS for one in fates) >= 0.7 * len(fates)
    assert all(one.way is Way.ANSWERS and one.ring_s < 7 for one in fates[:4])
    assert any(one.way is Way.BUSY for one in fates[:9])


async def test_its_pbx_starts_and_stops(tmp_path: Path) -> None:
    pbx = DemoPbx(recordings=tmp_path, secret="s")
    await pbx.start()
    assert pbx.port > 0
    await pbx.stop()
