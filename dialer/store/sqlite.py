"""How a SQLite file is opened, by whom, and what is said when it cannot be written.

SQLite before 3.51.3 may corrupt a WAL file when two connections write or checkpoint at the same instant
(https://www.sqlite.org/wal.html#walresetbug). Therefore one process holds a store, one connection in it
writes and checkpoints, and every reader is opened so that it can do neither.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import weakref
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dialer.store.errors import StoreInUse, StoreUnavailable

BUSY_TIMEOUT_S = 5.0
CACHED_STATEMENTS = 512
WAL_KEPT_BYTES = 64 * 1024 * 1024
_CURSORS_KEPT = 1_000

DISK_FULL = "the disk is full"
_MENDS = {
    sqlite3.SQLITE_FULL: (DISK_FULL, "free some space; work goes on by itself"),
    sqlite3.SQLITE_READONLY: (
        "the store is read-only",
        "make the disk and the file writable",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the store's file cannot be opened",
        "check its folder and its rights",
    ),
    sqlite3.SQLITE_BUSY: ("another program has locked the store", "end the program that has it open"),
    sqlite3.SQLITE_LOCKED: (
        "another program holds the store's lock",
        "end the program that has the file open",
    ),
    sqlite3.SQLITE_IOERR: ("the disk refuses to read or write", "check free space and the disk's health"),
    sqlite3.SQLITE_CORRUPT: ("the store's file is damaged", "stop, and restore the last backup"),
    sqlite3.SQLITE_NOTADB: ("the file is not a store", "check the store's address"),
    sqlite3.SQLITE_NOMEM: ("memory is used up", "give the machine more memory"),
}


def trouble(error: BaseException) -> StoreUnavailable | None:
    """The mend for an error that is the disk's fault; None for the caller's own (a constraint, a typo).

    Takes SQLAlchemy's wrapper too.
    """
    cause = getattr(error, "orig", error)
    code = getattr(cause, "sqlite_errorcode", None)
    if not isinstance(cause, sqlite3.Error) or code is None:
        return None
    known = _MENDS.get(code & 0xFF)
    return None if known is None else StoreUnavailable(*known)


class WriterConnection(sqlite3.Connection):
    """Remembers its cursors: one left open with a half-read RETURNING would make every later commit fail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursors: list[weakref.ref[sqlite3.Cursor]] = []

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        made = super().cursor(*args, **kwargs)
        self._cursors.append(weakref.ref(made))
        if len(self._cursors) > _CURSORS_KEPT:
            self._cursors = [ref for ref in self._cursors if ref() is not None]
        return made

    def close_cursors(self) -> None:
        for ref in self._cursors:
            if (cursor := ref()) is not None:
                cursor.close()
        self._cursors.clear()


def connect_writer(path: Path) -> WriterConnection:
    """The one connection that writes. Transactions are begun and ended by hand (the driver begins none)."""
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,  # opened and used by the writer thread, closed by whoever stops it
        cached_statements=CACHED_STATEMENTS,
        factory=WriterConnection,
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that can neither write nor checkpoint."""
    connection = sqlite3.connect(
        reader_uri(path),
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,  # used by one reader's thread, closed by whoever stops it
        cached_statements=CACHED_STATEMENTS,
    )
    for pragma in READER_PRAGMAS:
        connection.execute(pragma)
    return connection


def reader_uri(path: Path) -> str:
    """An address under which SQLite itself opens the file for reading only, without a checkpoint at close."""
    return f"file:{quote(str(path))}?mode=ro"


READER_PRAGMAS = (
    "PRAGMA query_only = ON",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
)


class ProcessLock:
    """Holds `<store>.lock` for this process; the kernel frees it however the process dies."""

    def __init__(self, path: Path) -> None:
        self._store = path
        self._path = path.with_name(path.name + ".lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        """Takes the store and makes its file. StoreInUse when another process (or this one) has it already."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Nobody else's business; SQLite gives its further files the same rights. Only here, before SQLite
            # opens it: closing a descriptor of the file later would drop SQLite's own locks (POSIX).
            os.close(os.open(self._store, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._close_to_others()
        except BlockingIOError as error:
            holder = self._holder()
            self.release()
            raise StoreInUse(f"the store is in use by process {holder}: stop it first") from error
        except OSError as error:
            self.release()
            what = f"the store's folder cannot be used ({error.strerror})"
            raise StoreUnavailable(what, "make it writable, free some space") from error
        self._sign()

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _close_to_others(self) -> None:
        """The same for what was made under other rights. A file of another owner stays as its owner wants it."""
        for ending in ("", "-wal", "-shm", ".lock"):
            with contextlib.suppress(FileNotFoundError, PermissionError):
                self._store.with_name(self._store.name + ending).chmod(0o600)

    def _holder(self) -> str:
        signed = os.pread(self._fd, 20, 0) if self._fd is not None else b""
        return signed.decode(errors="replace").strip() or "unknown"

    def _sign(self) -> None:
        """Leaves our process's number for whoever finds the store taken; on a full disk it is left out."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, str(os.getpid()).encode(), 0)
