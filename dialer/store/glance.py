"""A look at a store that may belong to another process: nothing is made, locked for long, or written."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import sqlalchemy.exc
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from dialer.store.engine import sqlite_path
from dialer.store.errors import StoreUnavailable
from dialer.store.migrations.upgrade import configuration
from dialer.store.sqlite import connect_reader, trouble
from dialer.store.units import close_for_good, open_for_units, unit_engine

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance(Generic[T]):
    """What was seen of a store.

    `holder`: the process that has it, "" if none has; `tables`: "current" (this release's), "older", "newer" or
    "none"; `read`: what the given function read, None where there was nothing it could read.
    """

    path: Path
    exists: bool
    holder: str = ""
    tables: str = "none"
    read: T | None = None
    wrong: str = ""


def glance(url: str, work: Callable[[Connection], T]) -> Glance[T]:
    """Look at the store of an address. Blocking; for a thread. Raises StoreUnsupported for a wrong address."""
    path = sqlite_path(url)
    if not path.is_file() or not path.stat().st_size:
        return Glance(path=path, exists=False, holder=_holder(path))
    holder = _holder(path)
    try:
        tables, read = _read(path, work)
    except (OSError, StoreUnavailable) as error:
        return Glance(path=path, exists=True, holder=holder, wrong=str(error))
    return Glance(path=path, exists=True, holder=holder, tables=tables, read=read)


def _holder(path: Path) -> str:
    """Who holds the lock. It is asked for as a reader would, and let go at once: a daemon that starts waits."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(lock, 20, 0).decode(errors="replace").strip() or "?"
    finally:
        os.close(lock)
    return ""


def _read(path: Path, work: Callable[[Connection], T]) -> tuple[str, T | None]:
    connection = None
    try:
        connection, _ = open_for_units(unit_engine(lambda: connect_reader(path)))
        tables = _tables(connection)
        return tables, work(connection) if tables == "current" else None
    except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        raise trouble(error) or StoreUnavailable(type(error).__name__, "look at the store's file") from error
    finally:
        if connection is not None:
            close_for_good(connection)


def _tables(connection: Connection) -> str:
    here = MigrationContext.configure(connection).get_current_revision()
    if here is None:
        return "none"
    known = ScriptDirectory.from_config(configuration(connection))
    if here == known.get_current_head():
        return "current"
    return "older" if here in {script.revision for script in known.walk_revisions()} else "newer"
