"""Hours, prices and stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.policy import Hours, Policy, Rate, barred, opens_at, per_minute

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = Hours(timezone="Europe/Moscow", opens="09:00", closes="21:00", days=(1, 2, 3, 4, 5))
MONDAY = datetime(2026, 11, 23, tzinfo=MOSCOW)
CLOCKS = st.builds(lambda hour, minute: f"{hour:02d}:{minute:02d}", st.integers(0, 23), st.integers(0, 59))
MOMENTS = st.integers(0, 10**9).map(lambda s: datetime(2015, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


def at(**parts: int) -> datetime:
    return MONDAY + timedelta(**parts)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(hours=9), None),
        (at(hours=20, minutes=59, seconds=59), None),
        (at(hours=21), at(days=1, hours=9)),
        (at(hours=8, minutes=59), at(hours=9)),
        (at(days=4, hours=22), at(days=7, hours=9)),  # on Friday night, on Monday
        (at(days=5, hours=12), at(days=7, hours=9)),
    ],
)
def test_by_the_clock_of_the_zone(now: datetime, opens: datetime | None) -> None:
    assert opens_at(DAY, now) == opens
    assert opens_at(DAY, now.astimezone(UTC)) == opens


def test_hours_over_midnight_belong_to_the_day_on_which_they_open() -> None:
    night = Hours(timezone="Europe/Moscow", opens="22:00", closes="06:00", days=(1,))
    assert opens_at(night, at(hours=23)) is None
    assert opens_at(night, at(days=1, hours=5)) is None
    assert opens_at(night, at(hours=5)) == at(hours=22)
    assert opens_at(night, at(days=1, hours=6)) == at(days=7, hours=22)


@given(
    zone=st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
    opens=CLOCKS,
    closes=CLOCKS,
    days=st.sets(st.integers(1, 7), min_size=1),
    now=MOMENTS,
)
def test_what_is_closed_is_open_at_the_time_that_was_told(
    zone: str, opens: str, closes: str, days: set[int], now: datetime
) -> None:
    hours = Hours(timezone=zone, opens=opens, closes=closes, days=tuple(sorted(days)))
    told = opens_at(hours, now)
    if told is not None:
        assert now < told <= now + timedelta(days=9)
        assert opens_at(hours, told) is None


def test_hours_without_a_day_never_open() -> None:
    never = msgspec.structs.replace(DAY, days=())
    assert (opens_at(never, MONDAY) or MONDAY) > at(days=300)


def test_a_zone_that_is_none_is_refused() -> None:
    raw = {"timezone": "Mars/Olympus", "opens": "09:00", "closes": "21:00"}
    with pytest.raises(msgspec.ValidationError, match="timezone"):
        msgspec.convert(raw, Hours)


def test_a_stop_comes_before_any_time_and_the_later_time_is_told() -> None:
    late = msgspec.structs.replace(DAY, opens="12:00")
    closed = barred((("", Policy(hours=DAY)), ("main", Policy(hours=late))), at(hours=8))
    assert closed is not None
    assert (closed.code, closed.params["line"], closed.until) == ("line_closed", "main", at(hours=12))
    stopped = barred((("", Policy(hours=DAY)), ("main", Policy(stopped=True))), at(hours=8))
    assert stopped is not None
    assert (stopped.code, stopped.until) == ("line_stopped", None)
    assert barred((("", Policy()), ("main", Policy())), MONDAY) is None


def test_the_lines_price_goes_before_the_services_and_the_longer_prefix_before_the_shorter() -> None:
    service = Policy(rates=(Rate(per_minute=9), Rate(prefix="+7", per_minute=5)))
    line = Policy(rates=(Rate(prefix="+79", per_minute=2), Rate(prefix="+7916", per_minute=3)))
    assert per_minute("+79161110200", line, service) == 3
    assert per_minute("+79031110200", line, service) == 2
    assert per_minute("+74951110200", line, service) == 5
    assert per_minute("+375291234567", line, service) == 9
    assert per_minute("+375291234567", line) == 0
