"""What holds for every unit of work: it speaks SQL on a connection whose transaction is not its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, NoReturn, cast

from sqlalchemy import Connection, Engine, Result, create_engine
from sqlalchemy.pool import NullPool

from dialer.store.errors import UnitOfWorkMisused

Work = Callable[[Connection], Any]


def unit_engine(connect: Callable[[], sqlite3.Connection]) -> Engine:
    """An engine that holds no pool and begins and ends nothing by itself."""
    return create_engine(
        "sqlite://",
        creator=connect,
        poolclass=NullPool,
        pool_reset_on_return=None,
        hide_parameters=True,  # what a statement was given is personal, and errors are logged
    )


def open_for_units(engine: Engine) -> tuple[Connection, sqlite3.Connection]:
    """A connection as units of work see it, and the driver's beneath, on which transactions go by hand."""
    connection = engine.connect()
    connection.begin()  # for SQLAlchemy's own books, so that no unit can begin one
    connection.commit = connection.rollback = _refuse  # type: ignore[method-assign]
    return connection, cast(sqlite3.Connection, connection.connection.driver_connection)


def close_for_good(connection: Connection) -> None:
    """Closes the driver's connection whatever state it is in; an open transaction rolls back."""
    connection.invalidate()
    connection.close()


def check_behaviour(result: Any, connection: Connection) -> None:
    """Raises UnitOfWorkMisused for a unit that left something open."""
    if isinstance(result, Result):
        raise UnitOfWorkMisused("a unit of work must return values, not an open result")
    if connection.in_nested_transaction():
        raise UnitOfWorkMisused("a unit of work left its own savepoint open")


def close_nested(connection: Connection) -> None:
    """Rolls back the savepoints that a failed unit left open."""
    while (nested := connection.get_nested_transaction()) is not None:
        nested.close()


def _refuse() -> NoReturn:
    raise UnitOfWorkMisused("a unit of work neither commits nor rolls back: it returns or raises")
