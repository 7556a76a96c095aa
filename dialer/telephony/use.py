"""What was dialled over a scope, in one statement: the last minute, now, and today. Parts of units of work."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from dialer.store import prepared
from dialer.store.schema import from_micros, to_micros
from dialer.telephony.caps import MINUTE, Use
from dialer.telephony.policy import Scope
from dialer.telephony.tables import calls, dialled_days, dials

_SECOND, _MINUTE_S = 1_000_000, 60
_COLUMNS: Mapping[Scope, Column[Any]] = {
    Scope.OPERATOR: dials.c.operator_id,
    Scope.CAMPAIGN: dials.c.campaign_id,
    Scope.LINE: dials.c.line,
    Scope.DESTINATION: dials.c.destination,
}


def day_of(now: datetime) -> str:
    """The day's name by this machine's time zone."""
    return now.astimezone().date().isoformat()


def _micros(column: Column[Any]) -> ColumnElement[int]:
    return cast(column, BigInteger)


def _seconds(until: ColumnElement[Any], since: ColumnElement[Any]) -> ColumnElement[int]:
    lasted = (until - since) // literal_column(str(_SECOND), Integer)
    return case((lasted > literal_column("0", Integer), lasted), else_=literal_column("0", Integer))


def _cost(seconds: ColumnElement[int], price: ColumnElement[Any]) -> ColumnElement[int]:
    """Each begun minute is paid for: what a bill says is never more."""
    begun = (seconds + literal_column(str(_MINUTE_S - 1), Integer)) // literal_column(str(_MINUTE_S), Integer)
    return begun * price


def _arm(scope: Scope) -> Select[Any]:
    column = _COLUMNS[scope]
    key = bindparam(f"key_{scope.value}", type_=column.type)
    lately = and_(column == key, dials.c.at > bindparam("minute_ago", type_=BigInteger))
    lasted = _seconds(bindparam("now", type_=BigInteger), _micros(dials.c.answered_at))
    most = func.coalesce(dials.c.most_s, literal_column("0", Integer))
    nothing = literal_column("0", Integer)
    bounded = case((most > lasted, most - lasted), else_=nothing)
    owed = _cost(most, dials.c.per_minute) - _cost(lasted, dials.c.per_minute)
    live = (
        select(
            func.count().label("live"),
            func.coalesce(func.sum(lasted), 0).label("live_seconds"),
            func.coalesce(func.sum(_cost(lasted, dials.c.per_minute)), 0).label("live_cost"),
            func.coalesce(func.sum(bounded), 0).label("reserved_s"),
            func.coalesce(func.sum(case((owed > nothing, owed), else_=nothing)), 0).label("reserved_cost"),
        )
        .where(column == key, dials.c.ended_at.is_(None))
        .subquery()
    )
    minute = select(func.count().label("minute"), func.min(_micros(dials.c.at)).label("oldest")).where(lately)
    days = and_(
        dialled_days.c.day == bindparam("day"),
        dialled_days.c.scope == scope.value,
        dialled_days.c.key == bindparam(f"name_{scope.value}"),
    )
    of_minute = minute.subquery()
    return select(
        literal(scope.value).label("scope"),
        of_minute.c.minute,
        of_minute.c.oldest,
        live.c.live,
        live.c.live_seconds,
        live.c.live_cost,
        live.c.reserved_s,
        live.c.reserved_cost,
        func.coalesce(select(dialled_days.c.seconds).where(days).scalar_subquery(), 0).label("seconds"),
        func.coalesce(select(dialled_days.c.cost).where(days).scalar_subquery(), 0).label("cost"),
    ).select_from(of_minute.join(live, literal_column("1") == literal_column("1")))


def _carried() -> Select[Any]:
    """The calls that the line carries, or is about to: those it dialled and those from outside."""
    line = bindparam("line", type_=String)
    inbound = select(func.count()).where(
        calls.c.ended_at.is_(None), calls.c.line == line, calls.c.direction == literal_column("'inbound'")
    )
    ours = select(func.count()).where(dials.c.ended_at.is_(None), dials.c.line == line)
    nothing: list[ColumnElement[Any]] = [
        literal_column("0").label(name)
        for name in ("live_seconds", "live_cost", "reserved_s", "reserved_cost", "seconds", "cost")
    ]
    return select(
        literal("carried").label("scope"),
        literal_column("0").label("minute"),
        literal_column("NULL").label("oldest"),
        (inbound.scalar_subquery() + ours.scalar_subquery()).label("live"),
        *nothing,
    )


@functools.cache
def _use_of(scopes: tuple[Scope, ...]) -> Any:
    """One statement for these scopes: what no cap asks for is not added up."""
    arms = [*(_arm(scope) for scope in scopes), _carried()]
    return union_all(*arms) if len(arms) > 1 else arms[0]


def load_use(
    conn: Connection, line: str, keys: Mapping[Scope, str], now: datetime
) -> tuple[int, dict[Scope, Use]]:
    """How many calls the line carries (from outside too), and what was dialled over each scope of `keys`."""
    values: dict[str, Any] = {
        "line": line,
        "now": to_micros(now),
        "minute_ago": to_micros(now - MINUTE),
        "day": day_of(now),
    }
    for scope, key in keys.items():
        values[f"name_{scope.value}"] = key
        numbered = isinstance(_COLUMNS[scope].type, Integer)
        values[f"key_{scope.value}"] = int(key) if numbered else key
    found: dict[Scope, Use] = {}
    asked = tuple(scope for scope in _COLUMNS if scope in keys)
    *rows, carried = prepared.rows(conn, _use_of(asked), values)
    for row in rows:
        found[Scope(row.scope)] = Use(
            minute=row.minute,
            oldest=from_micros(row.oldest) if row.oldest is not None else None,
            live=row.live,
            seconds=row.seconds + row.live_seconds,
            cost=row.cost + row.live_cost,
            reserved_s=row.reserved_s,
            reserved_cost=row.reserved_cost,
        )
    return int(carried.live), found


_LASTED = _seconds(bindparam("ended", type_=BigInteger), _micros(dials.c.answered_at))


def _day_arm(scope: Scope) -> Any:
    return select(
        bindparam("day", type_=String).label("day"),
        literal(scope.value).label("scope"),
        cast(_COLUMNS[scope], String).label("key"),
        _LASTED.label("seconds"),
        _cost(_LASTED, dials.c.per_minute).label("cost"),
    ).where(dials.c.id == bindparam("leg"), dials.c.ended_at.is_(None), dials.c.answered_at.is_not(None))


_NEW = sqlite_insert(dialled_days).from_select(
    ["day", "scope", "key", "seconds", "cost"],
    # SQLite takes "ON" for a join's unless a WHERE stands before it.
    select(union_all(*(_day_arm(scope) for scope in _COLUMNS)).subquery()).where(literal_column("1") == 1),
)
_ADD = _NEW.on_conflict_do_update(
    index_elements=["day", "scope", "key"],
    set_={
        "seconds": dialled_days.c.seconds + _NEW.excluded.seconds,
        "cost": dialled_days.c.cost + _NEW.excluded.cost,
    },
)


def add_to_day(conn: Connection, leg: str, ended_at: datetime) -> None:
    """Add a leg that is about to be ended to its day; nothing where nobody answered, or it was ended before."""
    prepared.run(conn, _ADD, {"leg": leg, "day": day_of(ended_at), "ended": to_micros(ended_at)})
