"""Recordings are deleted in their campaign's time, written down, and never one that is held."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dialer.auth.model import Role, User
from dialer.auth.service import Auth
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.campaigns.retention import Retention
from dialer.telephony import listening
from dialer.telephony.sources import SharedFolder
from dialer.telephony.tables import recording_log, recordings
from tests.fresh_store import fresh_store
from tests.telephony.studio import NOW, Shelf

DAY = timedelta(days=1)


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    store = await fresh_store(tmp_path / "store.db")
    yield Shelf(store=store, kept=tmp_path / "kept", source=tmp_path / "monitor")
    await store.close()


def retention(shelf: Shelf, days: int = 30) -> Retention:
    return Retention(
        shelf.store,
        kept=shelf.kept,
        source=SharedFolder(shelf.source),
        sources={},
        days=days,
        now=lambda: NOW,
    )


async def campaign(shelf: Shelf, days: int | None) -> int:
    wanted = Campaign(
        name=f"of {days}", language="en", line="main", recording_days=days, dispositions=OUTBOUND
    )
    return await shelf.store.write(lambda conn: campaigns.create(conn, wanted, NOW))


async def state(shelf: Shelf, call_id: str) -> str:
    query = select(recordings.c.state).where(recordings.c.call_id == call_id)
    return await shelf.store.read(lambda conn: str(conn.execute(query).scalar_one()))


async def somebody(shelf: Shelf) -> int:
    made = await Auth(shelf.store, lambda: NOW).create_user(
        login="head", name="Head", password="long enough for tests", role=Role.SUPERVISOR
    )
    assert isinstance(made, User)
    return made.id


async def test_each_campaign_has_its_own_time(shelf: Shelf) -> None:
    week, never, default = [await campaign(shelf, days) for days in (7, 0, None)]
    for name, of, age in (
        ("WEEK8", week, 8), ("WEEK6", week, 6), ("NEVER", never, 4000), ("DEF31", default, 31),
        ("DEF29", default, 29),
    ):  # fmt: skip
        await shelf.add(name, age=age * DAY, campaign_id=of)
    await shelf.add("NONE31", age=31 * DAY)
    assert await retention(shelf).run() == 3
    assert shelf.names() == ["DEF29.wav", "NEVER.wav", "WEEK6.wav"]
    assert await state(shelf, "WEEK8") == "deleted"
    log = await shelf.store.read(lambda conn: list(conn.execute(select(recording_log))))
    assert {(row.call_id, row.what, row.why, row.user_id) for row in log} == {
        ("WEEK8", "deleted", "7 d", None),
        ("DEF31", "deleted", "30 d", None),
        ("NONE31", "deleted", "30 d", None),
    }


async def test_all_of_its_files_go_also_those_of_the_pbx(shelf: Shelf) -> None:
    await shelf.add("A", age=40 * DAY, numbers=2)
    (shelf.kept / "A.opus").write_bytes(b"copy")
    shelf.pbx_writes("A")
    shelf.pbx_writes("A", 2)
    shelf.pbx_writes("OTHER")
    await retention(shelf).run()
    assert shelf.names() == []
    assert sorted(path.name for path in shelf.source.iterdir()) == ["OTHER-in.wav", "OTHER-out.wav"]


async def test_what_is_held_stays_until_it_is_released(shelf: Shelf) -> None:
    user_id = await somebody(shelf)
    await shelf.add("A", age=400 * DAY)
    held = lambda conn: listening.hold(conn, "A", why="complaint 17", user_id=user_id, at=NOW)  # noqa: E731
    assert await shelf.store.write(held)
    assert await retention(shelf).run() == 0
    assert shelf.names() == ["A.wav"]
    freed = lambda conn: listening.release(conn, "A", why="settled", user_id=user_id, at=NOW)  # noqa: E731
    assert await shelf.store.write(freed)
    assert not await shelf.store.write(freed), "it is held no more"
    assert await retention(shelf).run() == 1
    assert not await shelf.store.write(held), "there is nothing left to hold"
    log = await shelf.store.read(
        lambda conn: [row.what for row in conn.execute(select(recording_log).order_by(recording_log.c.id))]
    )
    assert log == ["held", "released", "deleted"]


async def test_what_is_still_written_is_not_deleted(shelf: Shelf) -> None:
    await shelf.add("A", age=400 * DAY, state="writing")
    assert await retention(shelf).run() == 0


async def test_without_a_time_nothing_is_deleted(shelf: Shelf) -> None:
    await shelf.add("A", age=4000 * DAY)
    assert await retention(shelf, days=0).run() == 0
