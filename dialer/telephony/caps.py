"""Toll-fraud caps: how much may be dialled in a minute, at once and in a day. All that match must allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from dialer.telephony.policy import Cap, Refused, Scope

MINUTE = timedelta(minutes=1)
LEAST_S = 60  # a shorter call is not begun
RATHER_S = 600  # so long a call may last, if the day leaves it, whoever else wants to call


class Use(Struct, frozen=True, kw_only=True):
    """What was dialled over one scope: in the last minute, now, and today, calls that still run included.

    `oldest` is the first call of the last minute. `reserved`: what running calls may still use, where that is
    bounded (`longest`). Money is in thousandths.
    """

    minute: int = 0
    oldest: datetime | None = None
    live: int = 0
    seconds: int = 0
    cost: int = 0
    reserved_s: int = 0
    reserved_cost: int = 0


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


def longest(
    caps: Iterable[tuple[Cap, Scope]], use: Mapping[Scope, Use], *, per_minute: int
) -> int | Refused | None:
    """How many seconds a call may last, its ringing among them, so that no day's cap is overspent; None = any.

    What running calls may still use counts as used, so that it holds though nobody ends them in time. A call gets
    half of what is left: others shall be able to call, too.
    """
    shortest: int | None = None
    for cap, scope in caps:
        so_far = use.get(scope, Use())
        if cap.minutes_per_day is not None:
            left = cap.minutes_per_day * 60 - so_far.seconds - so_far.reserved_s
            if left < LEAST_S:
                return _no("cap_minutes_per_day", cap, cap.minutes_per_day, None)
            shortest = _shorter(shortest, left)
        if cap.cost_per_day is not None and per_minute:
            left = (cap.cost_per_day - so_far.cost - so_far.reserved_cost) // per_minute * 60
            if left < LEAST_S:
                return _no("cap_cost_per_day", cap, cap.cost_per_day, None)
            shortest = _shorter(shortest, left)
    return shortest


def _shorter(shortest: int | None, left: int) -> int:
    share = max(left // 2, min(left, RATHER_S))
    return share if shortest is None else min(shortest, share)


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
