"""Statements that are run all day long: compiled once, then handed to the driver as they are.

SQLAlchemy's own execution costs about 0.1 ms a statement, which on the hot paths (a claim, a call from outside) is
more than SQLite needs to carry them out. Types are converted as SQLAlchemy would.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, Insert
from sqlalchemy.engine import Dialect

Values = Mapping[str, Any]
_Convert = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Ready:
    """`parameters`: by position a name, how to convert what is given, and what stands there if nothing is."""

    sql: str
    parameters: tuple[tuple[str, _Convert, Any], ...]
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]
    row: Callable[[Iterable[Any]], Any]


_NOTHING = object()


_all_ready: dict[tuple[Any, ...], _Ready] = {}


def rows(conn: Connection, statement: Executable, values: Values) -> list[Any]:
    """All rows of a statement, as named tuples.

    The statement is one that lives as long as the program: what was made of it is kept for ever. What the driver
    raises comes as it is, without SQLAlchemy's wrapper.
    """
    ready = _all_ready.get((statement,)) or _prepare(conn.dialect, statement)
    return _converted(ready, _execute(conn, ready, values).fetchall())


def first(conn: Connection, statement: Executable, values: Values) -> Any | None:
    """The first row, None where there is none."""
    found = rows(conn, statement, values)
    return found[0] if found else None


def run(conn: Connection, statement: Executable, values: Values) -> None:
    """Carry a statement out that gives no rows."""
    _execute(conn, _all_ready.get((statement,)) or _prepare(conn.dialect, statement), values)


def add(conn: Connection, statement: Insert, values: Values) -> int:
    """Insert one row of the columns that `values` names; gives its number where the store counts them."""
    ready = _all_ready.get((statement, *values)) or _prepare(conn.dialect, statement, tuple(values))
    return int(_execute(conn, ready, values).lastrowid or 0)


def _execute(conn: Connection, ready: _Ready, values: Values) -> Any:
    driver: Any = conn.connection.driver_connection
    return driver.execute(ready.sql, _bound(ready, values))


def _prepare(dialect: Dialect, statement: Any, columns: tuple[str, ...] = ()) -> _Ready:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    parameters = []
    for name in compiled.positiontup:
        bind = compiled.binds[name]
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        constant = _NOTHING if bind.required else bind.effective_value
        if columns and name not in columns:
            constant = _default(statement.table.c[name])
        if convert is not None and constant is not _NOTHING:
            constant = convert(constant)
        parameters.append((name, convert, constant))
    given = list(statement.exported_columns) if compiled.effective_returning or statement.is_select else []
    converters = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in given]
    row: Any = namedtuple("row", [column.key for column in given], rename=True)  # type: ignore[misc]
    ready = _Ready(
        sql=str(compiled),
        parameters=tuple(parameters),
        converters=tuple((index, convert) for index, convert in enumerate(converters) if convert),
        row=row._make,
    )
    _all_ready[(statement, *columns)] = ready
    return ready


def _default(column: Any) -> Any:
    """What stands in a column that is not given; what is computed must be."""
    if column.default is None or not column.default.is_scalar:
        raise ValueError(f"{column.table.name}.{column.name} has to be given")
    return column.default.arg


def _bound(ready: _Ready, values: Values) -> list[Any]:
    bound = []
    for name, convert, constant in ready.parameters:
        value = values.get(name, _NOTHING)
        if value is _NOTHING:
            if constant is _NOTHING:
                raise KeyError(name)
            bound.append(constant)
        else:
            bound.append(value if convert is None else convert(value))
    return bound


def _converted(ready: _Ready, raw: list[tuple[Any, ...]]) -> list[Any]:
    if not ready.converters:
        return [ready.row(row) for row in raw]
    found = []
    for row in raw:
        changed = list(row)
        for index, convert in ready.converters:
            changed[index] = convert(changed[index])
        found.append(ready.row(changed))
    return found
