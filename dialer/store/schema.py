"""The one metadata that all rooms' tables stand in, and the column types that SQL has no word for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, MetaData, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SHARED = 128  # values kept of each shared column


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware time; exact. Raises ValueError on a naive one."""
    if at.tzinfo is None:
        raise ValueError("a time without its zone cannot be stored")
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC time that `to_micros` was given, to the microsecond."""
    return _EPOCH + timedelta(microseconds=micros)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept as microseconds since 1970: sorts and subtracts in SQL, the same in both stores."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class JsonText(TypeDecorator[Any]):
    """A value of a known type, kept as JSON text: a msgspec Struct, or whatever msgspec reads and writes.

    `JsonText(Card)` gives back a `Card`, checked; `JsonText()` gives back plain dicts and lists.
    `shared`: equal texts give one and the same value, for what is read over and over and changed by nobody.
    """

    impl = Text
    cache_ok = True

    def __init__(self, type_: Any = Any, *, shared: bool = False) -> None:
        super().__init__()
        self.type_ = type_
        self.shared = shared
        decode = msgspec.json.Decoder(type_).decode
        self._decode: Callable[[str], Any] = lru_cache(_SHARED)(decode) if shared else decode

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self._decode(value)
