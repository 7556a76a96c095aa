"""Connections that only read: SQLite itself holds them to it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from dialer.store.sqlite import BUSY_TIMEOUT_S, CACHED_STATEMENTS, READER_PRAGMAS, reader_uri

READERS = 4
CHECKOUT_S = 10.0

logging.getLogger("aiosqlite").setLevel(logging.INFO)  # below, it writes down what every statement is given


def reading_engine(path: Path) -> AsyncEngine:
    """An asynchronous engine over a few connections, each with a thread of its own."""

    async def connect(*_: Any, **__: Any) -> aiosqlite.Connection:
        connecting = aiosqlite.connect(
            reader_uri(path),
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            cached_statements=CACHED_STATEMENTS,
        )
        connecting._thread.daemon = True  # a stuck read must not hold the exit
        connection = await connecting
        for pragma in READER_PRAGMAS:
            await connection.execute(pragma)
        return connection

    engine = create_async_engine(
        "sqlite+aiosqlite:///",
        async_creator=connect,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=READERS,
        max_overflow=0,
        pool_timeout=CHECKOUT_S,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """One snapshot for all statements of a reader; the driver would give each its own."""
    connection.exec_driver_sql("BEGIN")
