"""What people decide about lines while the service runs: ranges, prices, caps, hours, caller IDs, the kill switch.

One policy stands for the whole service and one for each line; both hold, and the stricter wins. All values are
frozen; money is a whole number of thousandths of the office's currency.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from dialer.telephony.ranges import Prefix, Range

SERVICE = ""  # the name under which the whole service's policy is kept; no line may be called so
Thousandths = Annotated[int, Meta(ge=0, le=10**12)]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
CallerId = Annotated[str, Meta(pattern=r"^\+?\d{3,15}$")]


class Refused(Struct, frozen=True, kw_only=True):
    """Why a number may not be dialled now: a stable code, its parameters, and when it may be."""

    code: str
    params: dict[str, str | int] = {}
    until: datetime | None = None


class Scope(enum.StrEnum):
    """What a cap is counted over. `abroad` is each destination that is not the line's own country."""

    OPERATOR = "operator"
    CAMPAIGN = "campaign"
    LINE = "line"
    DESTINATION = "destination"
    ABROAD = "abroad"


class Cap(Struct, frozen=True, kw_only=True):
    """Limits over one scope; none = no limit. `key` names one operator, campaign, line or destination; "" = each."""

    scope: Scope
    key: Annotated[str, Meta(max_length=50)] = ""
    calls_per_minute: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    concurrent: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    minutes_per_day: Annotated[int, Meta(ge=0, le=10**7)] | None = None
    cost_per_day: Thousandths | None = None


class Rate(Struct, frozen=True, kw_only=True):
    """What a begun minute to numbers of this prefix costs; "" = all others."""

    prefix: Annotated[str, Meta(pattern=r"^(\+[1-9]\d{0,14})?$")] = ""
    per_minute: Thousandths


class Hours(Struct, frozen=True, kw_only=True):
    """When calls may go out, by the clock of `timezone`; `closes` at or before `opens` is the next day's.

    `days` are those on which the hours open, Monday is 1.
    """

    timezone: str
    opens: Clock
    closes: Clock
    days: tuple[Annotated[int, Meta(ge=1, le=7)], ...] = (1, 2, 3, 4, 5, 6, 7)

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise ValueError("`timezone`: no such time zone") from None


Rates = Annotated[tuple[Rate, ...], Meta(max_length=500)]
Caps = Annotated[tuple[Cap, ...], Meta(max_length=200)]
CallerIds = Annotated[tuple[CallerId, ...], Meta(max_length=100)]


class Policy(Struct, frozen=True, kw_only=True):
    """What holds for one line, or for all of them."""

    stopped: bool = False
    stopped_by: str = ""
    stopped_at: datetime | None = None
    ranges: Annotated[tuple[Range, ...], Meta(max_length=500)] = ()
    rates: Rates = ()
    caps: Caps = ()
    hours: Hours | None = None
    caller_ids: CallerIds = ()
    rotation: Literal["fixed", "round_robin", "same_for_client"] = "same_for_client"


# What holds until somebody decides otherwise: a person at a desk never comes near, a stolen login does at once.
DEFAULT = Policy(
    caps=(
        Cap(scope=Scope.OPERATOR, calls_per_minute=30, concurrent=4, minutes_per_day=900),
        Cap(scope=Scope.ABROAD, calls_per_minute=6, concurrent=2, minutes_per_day=120),
    )
)


def per_minute(e164: str, *policies: Policy) -> int:
    """The price of a minute: the longest prefix that fits, in the first policy that has one; 0 where none does."""
    for policy in policies:
        fitting = [rate for rate in policy.rates if e164.startswith(rate.prefix)]
        if fitting:
            return max(fitting, key=lambda rate: len(rate.prefix)).per_minute
    return 0


def opens_at(hours: Hours, now: datetime) -> datetime | None:
    """None while the hours are open; else when they open next. Hours without a day never do: a year ahead."""
    zone = ZoneInfo(hours.timezone)
    today = now.astimezone(zone).date()
    for ahead in range(-1, 9):
        day = today + timedelta(days=ahead)
        if day.isoweekday() not in hours.days:
            continue
        opens, closes = time.fromisoformat(hours.opens), time.fromisoformat(hours.closes)
        begin = datetime.combine(day, opens, zone)
        end = datetime.combine(day if closes > opens else day + timedelta(days=1), closes, zone)
        if begin <= now < end:
            return None
        if now < begin:
            return begin.astimezone(now.tzinfo)
    return now + timedelta(days=365)


def barred(policies: Iterable[tuple[str, Policy]], now: datetime) -> Refused | None:
    """What the kill switch and the hours say; the later of the times, and a stop before any time."""
    closed: Refused | None = None
    for name, policy in policies:
        if policy.stopped:
            return Refused(code="line_stopped" if name else "dialling_stopped", params={"line": name})
        until = opens_at(policy.hours, now) if policy.hours is not None else None
        if until is not None and (closed is None or closed.until is None or until > closed.until):
            closed = Refused(code="line_closed", params={"line": name}, until=until)
    return closed


def started_again(policy: Policy) -> Policy:
    return msgspec.structs.replace(policy, stopped=False, stopped_by="", stopped_at=None)


def stopped(policy: Policy, *, by: str, at: datetime) -> Policy:
    return msgspec.structs.replace(policy, stopped=True, stopped_by=by, stopped_at=at)


__all__ = [
    "DEFAULT",
    "SERVICE",
    "Cap",
    "Hours",
    "Policy",
    "Prefix",
    "Rate",
    "Refused",
    "Scope",
    "barred",
    "opens_at",
    "per_minute",
    "started_again",
    "stopped",
]
