"""Toll-fraud caps: how much may be dialled in a minute, at once and in a day. All that match must allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from dialer.telephony.policy import Cap, Refused, Scope

MINUTE = timedelta(minutes=1)


class Use(Struct, frozen=True, kw_only=True):
    """What was dialled over one scope: in the last minute, now, and today, calls that still run included.

    `oldest` is the first call of the last minute. Money is in thousandths.
    """

    minute: int = 0
    oldest: datetime | None = None
    live: int = 0
    seconds: int = 0
    cost: int = 0


def matching(caps: Iterable[Cap], keys: Mapping[Scope, str], *, home: bool) -> list[tuple[Cap, Scope]]:
    """The caps that a dial falls under, with the scope whose use each is held against."""
    found: list[tuple[Cap, Scope]] = []
    for cap in caps:
        if cap.scope is Scope.ABROAD and home:
            continue
        counted = Scope.DESTINATION if cap.scope is Scope.ABROAD else cap.scope
        key = keys.get(counted)
        if key is not None and cap.key in ("", key):
            found.append((cap, counted))
    return found


def refused(
    caps: Iterable[tuple[Cap, Scope]],
    use: Mapping[Scope, Use],
    *,
    per_minute: int,
    now: datetime,
    tomorrow: datetime,
) -> Refused | None:
    """The refusal whose time is the latest; None if every cap leaves room for one more call of a minute at least."""
    worst: Refused | None = None
    for cap, scope in caps:
        for no in _against(cap, use.get(scope, Use()), per_minute=per_minute, now=now, tomorrow=tomorrow):
            if worst is None or _later(no, worst):
                worst = no
    return worst


def _later(one: Refused, other: Refused) -> bool:
    """What ends with a call that nobody knows the end of counts as the soonest."""
    return one.until is not None and (other.until is None or one.until > other.until)


def _against(cap: Cap, use: Use, *, per_minute: int, now: datetime, tomorrow: datetime) -> list[Refused]:
    found = []
    if cap.concurrent is not None and use.live >= cap.concurrent:
        found.append(_no("cap_concurrent", cap, cap.concurrent, None))
    if cap.calls_per_minute is not None and use.minute >= cap.calls_per_minute:
        again = (use.oldest or now) + MINUTE
        found.append(_no("cap_calls_per_minute", cap, cap.calls_per_minute, again))
    if cap.minutes_per_day is not None and use.seconds >= cap.minutes_per_day * 60:
        found.append(_no("cap_minutes_per_day", cap, cap.minutes_per_day, tomorrow))
    if cap.cost_per_day is not None and use.cost + per_minute > cap.cost_per_day:
        found.append(_no("cap_cost_per_day", cap, cap.cost_per_day, tomorrow))
    return found


def _no(code: str, cap: Cap, limit: int, until: datetime | None) -> Refused:
    return Refused(code=code, params={"scope": cap.scope.value, "key": cap.key, "limit": limit}, until=until)
