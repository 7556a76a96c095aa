"""Caps: whoever matches must allow, and the refusal that is told is the one that lasts longest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.caps import LEAST_S, Use, longest, matching, refused
from dialer.telephony.policy import DEFAULT, Cap, Refused, Scope

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(hours=12)
KEYS = {Scope.OPERATOR: "1", Scope.CAMPAIGN: "2", Scope.LINE: "main", Scope.DESTINATION: "RU"}
LIMITS = st.none() | st.integers(0, 20)
CAPS = st.builds(
    Cap,
    scope=st.sampled_from(Scope),
    key=st.sampled_from(["", "1", "2", "main", "RU", "another"]),
    calls_per_minute=LIMITS,
    concurrent=LIMITS,
    minutes_per_day=LIMITS,
    cost_per_day=LIMITS,
)
USES = st.fixed_dictionaries(
    {
        scope: st.builds(
            Use,
            minute=st.integers(0, 20),
            oldest=st.timedeltas(timedelta(0), timedelta(seconds=59)).map(lambda ago: NOW - ago),
            live=st.integers(0, 20),
            seconds=st.integers(0, 1500),
            cost=st.integers(0, 20),
        )
        for scope in KEYS
    }
)


def asked(
    caps: list[Cap], use: dict[Scope, Use], *, home: bool = True, per_minute: int = 1
) -> Refused | None:
    standing = matching(caps, KEYS, home=home)
    return refused(standing, use, per_minute=per_minute, now=NOW, tomorrow=TOMORROW)


@given(caps=st.lists(CAPS, max_size=6), use=USES, home=st.booleans())
def test_all_that_match_must_allow(caps: list[Cap], use: dict[Scope, Use], home: bool) -> None:
    together = asked(caps, use, home=home)
    alone = [asked([cap], use, home=home) for cap in caps]
    assert (together is None) == all(one is None for one in alone)
    if together is not None:
        times = [one.until for one in alone if one is not None and one.until is not None]
        assert together.until == (max(times) if times else None)


@given(caps=st.lists(CAPS, max_size=6), use=USES, more=CAPS)
def test_one_more_cap_never_allows_what_was_refused(
    caps: list[Cap], use: dict[Scope, Use], more: Cap
) -> None:
    if asked(caps, use) is not None:
        assert asked([*caps, more], use) is not None


@given(cap=CAPS, use=USES)
def test_what_is_allowed_stays_within_each_limit(cap: Cap, use: dict[Scope, Use]) -> None:
    for limit, scope in matching([cap], KEYS, home=False):
        if asked([cap], use, home=False) is None:
            spent = use[scope]
            assert limit.calls_per_minute is None or spent.minute + 1 <= limit.calls_per_minute
            assert limit.concurrent is None or spent.live + 1 <= limit.concurrent
            assert limit.minutes_per_day is None or spent.seconds < limit.minutes_per_day * 60
            assert limit.cost_per_day is None or spent.cost + 1 <= limit.cost_per_day


def test_a_cap_with_a_name_is_that_ones_alone() -> None:
    use = {Scope.OPERATOR: Use(live=1)}
    assert asked([Cap(scope=Scope.OPERATOR, key="7", concurrent=1)], use) is None
    assert asked([Cap(scope=Scope.OPERATOR, key="1", concurrent=1)], use) is not None


def test_caps_abroad_are_counted_for_each_destination_and_spare_the_own_country() -> None:
    caps, use = [Cap(scope=Scope.ABROAD, concurrent=1)], {Scope.DESTINATION: Use(live=1)}
    assert asked(caps, use, home=True) is None
    refusal = asked(caps, use, home=False)
    assert refusal is not None
    assert refusal.params == {"scope": "abroad", "key": "", "limit": 1}


def test_who_decided_nothing_is_limited_all_the_same() -> None:
    assert asked(list(DEFAULT.caps), {Scope.OPERATOR: Use(minute=30, oldest=NOW)}) is not None
    assert asked(list(DEFAULT.caps), {Scope.OPERATOR: Use(minute=10, live=2, seconds=8 * 3600)}) is None


DAILY = st.builds(
    Cap,
    scope=st.just(Scope.DESTINATION),
    minutes_per_day=st.none() | st.integers(0, 300),
    cost_per_day=st.none() | st.integers(0, 5000),
)


@given(
    caps=st.lists(DAILY, min_size=1, max_size=3),
    price=st.integers(0, 40),
    ends=st.lists(st.booleans(), max_size=40),
)
def test_calls_that_all_last_as_long_as_they_may_never_spend_more_than_the_day(
    caps: list[Cap], price: int, ends: list[bool]
) -> None:
    """However many run at once, and though nobody is there any more to end one."""
    spent = cost = 0
    running: list[int] = []
    for one_ends in ends:
        if one_ends and running:
            lasted = running.pop()
            spent, cost = spent + lasted, cost + (lasted + 59) // 60 * price
            continue
        reserved = sum(running)
        use = Use(
            seconds=spent,
            cost=cost,
            reserved_s=reserved,
            reserved_cost=sum((each + 59) // 60 * price for each in running),
        )
        may = longest([(cap, Scope.DESTINATION) for cap in caps], {Scope.DESTINATION: use}, per_minute=price)
        if isinstance(may, int):
            assert may >= LEAST_S
            running.append(may)
    spent += sum(running)
    cost += sum((each + 59) // 60 * price for each in running)
    for cap in caps:
        assert cap.minutes_per_day is None or spent <= cap.minutes_per_day * 60
        assert cap.cost_per_day is None or cost <= cap.cost_per_day


def test_what_a_call_may_last_leaves_something_for_the_next() -> None:
    caps = [(Cap(scope=Scope.ABROAD, minutes_per_day=120), Scope.DESTINATION)]
    assert longest(caps, {}, per_minute=0) == 3600, "half of what is left"
    assert longest(caps, {Scope.DESTINATION: Use(seconds=115 * 60)}, per_minute=0) == 300, (
        "a rest is given whole"
    )
    full = longest(caps, {Scope.DESTINATION: Use(seconds=60, reserved_s=119 * 60)}, per_minute=0)
    assert isinstance(full, Refused)
    assert (full.code, full.until) == ("cap_minutes_per_day", None), "until one that runs has ended"
    assert longest([(Cap(scope=Scope.ABROAD, concurrent=1), Scope.DESTINATION)], {}, per_minute=0) is None
