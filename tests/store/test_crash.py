"""What is acknowledged is stored: under kill -9, under a full disk."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialer.store import Store, StoreUnavailable
from tests.contract.tables import add, ids, tested
from tests.store.victims import fill_a_small_disk, start, write_and_tell

KILLS = 20
DEADLINE_S = 30


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    file, rng = tmp_path / "store.db", random.Random(7)
    acknowledged: set[int] = set()
    for life in range(KILLS):
        process, pipe = start(write_and_tell, f"sqlite:///{file}", life * 1_000_000)
        for _ in range(rng.randrange(1, 400)):
            assert pipe.poll(DEADLINE_S), "the child does not write"
            acknowledged.add(pipe.recv())
        process.kill()
        with contextlib.suppress(EOFError):  # what it told before it died
            while pipe.poll(DEADLINE_S):
                acknowledged.add(pipe.recv())
        process.join(DEADLINE_S)
        assert _stored(file) >= acknowledged
    assert len(acknowledged) > KILLS


def _stored(file: Path) -> set[int]:
    """All rows, each with its event, of a whole file."""
    connection = sqlite3.connect(file)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = {n for (n,) in connection.execute("SELECT id FROM tested_things")}
        noted = {n for (n,) in connection.execute("SELECT json_extract(body, '$.n') FROM outbox")}
        assert noted == rows
        return rows
    finally:
        connection.close()


def test_scenario_33_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    process, pipe = start(fill_a_small_disk, f"sqlite:///{tmp_path}/store.db")
    told = []
    while pipe.poll(DEADLINE_S):
        try:
            told.append(pipe.recv())
        except EOFError:
            break
    process.join(DEADLINE_S)
    (refused, written, why), (reads, found, in_trouble), _, (again, all_found, _) = told
    assert (refused, reads, again) == ("refused", "still reads", "writes again")
    assert written > 10
    assert "space" in why
    assert found == written
    assert in_trouble
    assert all_found == written + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("a small disk needs the right to mount; the limit on a file's size is tested above")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_scenario_33_work_goes_on_when_space_returns(small_disk: Path) -> None:
    store = await Store.open(f"sqlite:///{small_disk}/store.db")
    await store.migrate()
    await store.write(tested.create_all)
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError):
        ballast.write_bytes(b"x" * 8_000_000)
    written = await _write_until_refused(store)
    assert "disk is full" in str(store.trouble)
    told = {figure.name: figure.value for figure in store.figures()}
    assert store.full and told["store_up"] == 0 and told["store_failed_transactions"]
    assert len(await store.read(ids)) == written
    ballast.unlink()
    await store.write(add(99_999))
    assert store.trouble is None and not store.full
    assert len(await store.read(ids)) == written + 1
    await store.close()


async def _write_until_refused(store: Store) -> int:
    for written in range(10_000):
        try:
            await store.write(add(written, "x" * 3000))
        except StoreUnavailable:
            return written
    raise AssertionError("the disk was not small")
