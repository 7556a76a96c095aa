"""Drafts: nobody overwrites what he has not seen; errors are not published; an old text makes a new version."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from dialer.auth.model import Role
from dialer.auth.service import Auth
from dialer.scripts import drafts, service
from dialer.scripts.drafts import Draft, Refused
from dialer.scripts.model import Block, Script
from dialer.scripts.shelf import load_rows, load_versions
from dialer.scripts.tables import Layout
from dialer.store.engine import Store
from tests.fresh_store import fresh_store

pytestmark = pytest.mark.asyncio
NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
GOOD = Script(
    name="Survey",
    language="en",
    start="hello",
    blocks=(
        Block(id="hello", text="How are you?", next="bye"),
        Block(id="bye", text="Bye!", goal=True, end="end"),
    ),
)
BAD = msgspec.structs.replace(GOOD, blocks=(Block(id="hello", text="Well?"),))
PLACES: Layout = {"hello": (10.0, 20.5)}


def saying(text: str) -> Script:
    hello = msgspec.structs.replace(GOOD.blocks[0], text=text)
    return msgspec.structs.replace(GOOD, blocks=(hello, GOOD.blocks[1]))


class Desk:
    """One script in a store, and two people who write it."""

    def __init__(self, store: Store, ann: int, bob: int) -> None:
        self.store, self.ann, self.bob = store, ann, bob
        self.id = 0

    async def create(self, script: Script = GOOD) -> int:
        made = partial(drafts.create, script=script, layout=PLACES, by=self.ann, now=NOW)
        self.id = await self.store.write(made)
        return self.id

    async def load(self) -> Draft:
        draft = await self.store.read(partial(drafts.load, script_id=self.id))
        assert draft is not None
        return draft

    async def save(self, revision: int, script: Script, by: int = 0, layout: Layout = PLACES) -> Any:
        def save(conn: Any) -> Any:
            findings = drafts.judge(conn, self.id, script)
            return drafts.save(
                conn,
                self.id,
                revision,
                script,
                layout,
                findings,
                by=by or self.ann,
                now=NOW + timedelta(hours=1),
            )

        return await self.store.write(save)

    async def publish(self, revision: int, note: str = "") -> Any:
        publish: Callable[[Any], Any] = partial(
            drafts.publish, script_id=self.id, revision=revision, note=note, by=self.bob, now=NOW
        )
        return await self.store.write(publish)

    async def roll_back(self, revision: int, number: int) -> Any:
        back: Callable[[Any], Any] = partial(
            drafts.roll_back, script_id=self.id, revision=revision, number=number, by=self.ann, now=NOW
        )
        return await self.store.write(back)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await fresh_store(tmp_path / "store.db")
    auth = Auth(store, lambda: NOW)
    ids = []
    for login in ("ann", "bob"):
        user = await auth.create_user(
            login=login, name=login.title(), password="long enough for tests", role=Role.SUPERVISOR
        )
        ids.append(user.id)  # type: ignore[union-attr]
    yield Desk(store, *ids)
    await store.close()


async def test_a_stale_save_is_refused_and_says_who_was_first(desk: Desk) -> None:
    await desk.create()
    saved = await desk.save(1, saying("Fine?"), by=desk.bob)
    assert (saved.revision, saved.edited_by, saved.changed) == (2, "Bob", True)
    assert await desk.save(2, saying("Fine?")) == saved  # nothing is different: nothing is counted
    refused = await desk.save(1, saying("Mine"))
    when = (NOW + timedelta(hours=1)).isoformat()
    assert refused == Refused(code="draft_stale", params={"who": "Bob", "when": when, "revision": 2})
    assert (await desk.load()).script == saying("Fine?")
    assert (await desk.publish(1)).code == "draft_stale"
    assert (await desk.save(2, saying("Mine"))).revision == 3


async def test_a_draft_keeps_where_its_blocks_stand_and_publishing_does_not_ask(desk: Desk) -> None:
    await desk.create()
    assert await desk.publish(1, " the first ") == 1
    moved = await desk.save(1, GOOD, layout={"hello": (5.0, 5.0)})
    assert (moved.layout, moved.changed, moved.latest) == ({"hello": (5.0, 5.0)}, False, 1)
    assert await desk.publish(2) == Refused(code="draft_same")
    versions = await desk.store.read(partial(load_versions, script_id=desk.id))
    assert [(one.number, one.published_by, one.note) for one in versions] == [(1, "Bob", "the first")]


async def test_a_draft_with_errors_is_kept_but_not_published(desk: Desk) -> None:
    await desk.create(BAD)
    assert await desk.publish(1) == Refused(code="draft_errors", params={"n": 1})
    (row,) = await desk.store.read(partial(load_rows, editors=lambda script: ["Bob"]))
    assert (row.version, row.draft, row.errors, row.warnings, row.editors) == (0, "new", 1, 1, ["Bob"])


async def test_two_scripts_have_two_names(desk: Desk) -> None:
    await desk.create()
    await desk.create()
    second = await desk.load()
    assert second.script.name == "Survey 2"
    taken = await desk.save(1, GOOD)
    assert (await desk.publish(taken.revision)).code == "draft_errors"
    renamed = await desk.save(taken.revision, msgspec.structs.replace(GOOD, name="Poll"))
    assert await desk.publish(renamed.revision) == 1
    assert "Poll" in await desk.store.read(service.sources)


async def test_an_old_version_becomes_the_draft_and_then_a_new_version(desk: Desk) -> None:
    await desk.create()
    await desk.publish(1)
    await desk.publish((await desk.save(1, saying("Fine?"))).revision)
    assert (await desk.roll_back(2, 7)).code == "version_unknown"
    assert (await desk.roll_back(1, 1)).code == "draft_stale"
    back = await desk.roll_back(2, 1)
    assert (back.script, back.layout, back.latest, back.changed) == (GOOD, PLACES, 2, True)
    assert await desk.publish(back.revision) == 3
    texts = [
        await desk.store.read(partial(drafts.text_at, script_id=desk.id, number=number))
        for number in (1, 2, 3, 0)
    ]
    assert texts == [GOOD, saying("Fine?"), GOOD, GOOD]


async def test_a_version_from_a_file_is_what_an_untouched_draft_shows(desk: Desk) -> None:
    desk.id = await desk.store.write(lambda conn: service.publish(conn, GOOD, NOW))
    assert (await desk.load()).revision == 0
    saved = await desk.save(0, saying("Mine"))
    assert (saved.revision, saved.begun_at, saved.behind) == (1, 1, False)
    await desk.store.write(lambda conn: service.publish(conn, saying("From a file"), NOW))
    behind = await desk.load()
    assert (behind.script, behind.latest, behind.behind) == (saying("Mine"), 2, True)
    await desk.save(1, GOOD)  # as it was when the draft was begun
    followed = await desk.load()
    assert (followed.script, followed.begun_at, followed.changed) == (saying("From a file"), 2, False)


async def test_an_archived_script_is_in_the_list_as_such(desk: Desk) -> None:
    await desk.create()
    assert await desk.store.write(partial(drafts.archive, script_id=desk.id, archived_at=NOW))
    assert not await desk.store.write(partial(drafts.archive, script_id=99, archived_at=NOW))
    (row,) = await desk.store.read(partial(load_rows, editors=lambda script: []))
    assert row.archived
    assert await desk.store.read(partial(drafts.standing, script_id=desk.id)) == (1, "Ann")
    assert await desk.store.read(partial(drafts.standing, script_id=99)) is None
