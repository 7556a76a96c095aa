"""One connection writes and checkpoints: what keeps a store of an older SQLite whole."""

from __future__ import annotations

import re
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
import sqlalchemy.exc
from sqlalchemy import create_engine, text

import dialer
from dialer.store import Store, StoreInUse, StoreUnavailable, StoreUnsupported
from dialer.store.sqlite import ProcessLock, connect_reader, connect_writer, trouble


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store whose last writes still stand in the WAL, as after a kill."""
    original = tmp_path / "original" / "store.db"
    original.parent.mkdir()
    writer = connect_writer(original)
    writer.execute("CREATE TABLE t (n INTEGER)")
    writer.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(100)])
    for name in ("store.db", "store.db-wal"):
        shutil.copy(original.parent / name, tmp_path / name)
    writer.close()
    return tmp_path / "store.db"


def wal(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def test_the_writer_is_durable(tmp_path: Path) -> None:
    writer = connect_writer(tmp_path / "store.db")
    asked = {name: writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert asked == {"journal_mode": "wal", "synchronous": 2}
    assert writer.execute("PRAGMA foreign_keys").fetchone() == (1,)
    writer.close()


def test_a_reader_leaves_the_files_as_they_are(file: Path) -> None:
    before = (file.read_bytes(), wal(file).read_bytes())
    assert before[1]
    reader = connect_reader(file)
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (100,)
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    reader.execute("PRAGMA query_only = OFF")  # not even then: SQLite itself opened it for reading
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("INSERT INTO t VALUES (1)")
    reader.close()
    assert (file.read_bytes(), wal(file).read_bytes()) == before


def test_a_writer_does_checkpoint(file: Path) -> None:
    """The control of the test above: what a reader must not do is what happens otherwise."""
    connect_writer(file).close()
    assert not wal(file).exists()


def test_only_one_module_opens_files() -> None:
    opening = re.compile(r"sqlite3\.connect\(|aiosqlite\.connect\(|create_engine\(|create_async_engine\(")
    root = Path(dialer.__path__[0])
    found = {str(p.relative_to(root)) for p in root.rglob("*.py") if opening.search(p.read_text())}
    assert found == {
        "store/async_engine.py",
        "store/sqlite.py",
        "store/units.py",
        "store/migrations/revise.py",  # a developer's tool, on a file of its own
    }


def test_a_lock_is_for_one_and_names_its_holder(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "deep" / "s.db"), ProcessLock(tmp_path / "deep" / "s.db")
    first.acquire()
    with pytest.raises(StoreInUse, match=r"process \d+"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_store_is_its_owners_business(tmp_path: Path) -> None:
    lock = ProcessLock(tmp_path / "s.db")
    lock.acquire()
    assert stat.S_IMODE((tmp_path / "s.db").stat().st_mode) == 0o600
    lock.release()


async def test_files_that_others_could_read_are_closed_to_them(tmp_path: Path) -> None:
    files = [tmp_path / f"store.db{ending}" for ending in ("", "-wal", "-shm", ".lock")]
    for path in (files[0], files[3]):
        path.touch()
        path.chmod(0o644)
    store = await Store.open(f"sqlite:///{tmp_path}/store.db")
    await store.migrate()
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 4
    await store.close()


def test_a_folder_that_cannot_be_had_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="folder"):
        ProcessLock(tmp_path / "file" / "s.db").acquire()


@pytest.mark.parametrize(
    "url", ["postgresql://localhost/x", "sqlite://", "sqlite:///:memory:", "mysql://x", "?"]
)
async def test_other_stores_are_refused(url: str) -> None:
    with pytest.raises(StoreUnsupported):
        await Store.open(url)


async def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_bytes(b"something else altogether" * 100)
    for _ in range(2):  # and does not stay locked
        with pytest.raises(StoreUnavailable, match="not a store"):
            await Store.open(f"sqlite:///{tmp_path}/s.db")


def test_a_mend_is_for_the_disks_faults_only() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert "full" in str(trouble(full))
    extended = sqlite3.OperationalError("disk I/O error")
    extended.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    assert trouble(extended) is not None
    with create_engine("sqlite://").connect() as connection:
        with pytest.raises(sqlalchemy.exc.OperationalError) as caught:
            connection.execute(text("SELEKT"))
        assert trouble(caught.value) is None
    assert trouble(ValueError()) is None
