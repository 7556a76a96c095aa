"""The concurrency rules against an oracle that counts, minute by minute, and knows none of their shortcuts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from dialer.campaigns.model import Campaign, Refusal, Rules
from dialer.campaigns.rules import may_postpone, may_take_next, may_try_again

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)

ages = st.integers(0, 4 * 3600).map(lambda s: NOW - timedelta(seconds=s))
histories = st.lists(ages, max_size=12).map(lambda times: sorted(times, reverse=True))
rule_sets = st.builds(
    Rules,
    entries_per_window=st.none() | st.integers(1, 6),
    window_s=st.integers(1, 3 * 3600),
    cooldown_s=st.none() | st.integers(0, 3600),
)


def forbidden(rules: Rules, handed_out: list[datetime], finished_at: datetime | None, now: datetime) -> bool:
    """The rules as the specification words them: not more than X in Y; after one, wait X."""
    if rules.entries_per_window is not None:
        window = timedelta(seconds=rules.window_s)
        with_this_one = 1 + sum(1 for at in handed_out if now - window < at)
        if with_this_one > rules.entries_per_window:
            return True
    if rules.cooldown_s is None or finished_at is None:
        return False
    return now < finished_at + timedelta(seconds=rules.cooldown_s)


def ask(
    rules: Rules, handed_out: list[datetime], finished_at: datetime | None, now: datetime
) -> Refusal | None:
    limit = rules.entries_per_window or 0
    counted_from = handed_out[limit - 1] if 0 < limit <= len(handed_out) else None
    return may_take_next(rules, counted_from=counted_from, finished_at=finished_at, now=now)


@given(rule_sets, histories, st.none() | ages)
@example(Rules(entries_per_window=1, window_s=60), [NOW - timedelta(seconds=60)], None)
@example(Rules(entries_per_window=1, window_s=60), [NOW - timedelta(seconds=60) + TICK], None)
def test_allowed_is_what_the_oracle_allows(
    rules: Rules, handed_out: list[datetime], finished_at: datetime | None
) -> None:
    refusal = ask(rules, handed_out, finished_at, NOW)
    assert (refusal is not None) == forbidden(rules, handed_out, finished_at, NOW)


@given(rule_sets, histories, st.none() | ages)
def test_until_is_the_first_moment_at_which_it_is_allowed(
    rules: Rules, handed_out: list[datetime], finished_at: datetime | None
) -> None:
    refusal = ask(rules, handed_out, finished_at, NOW)
    if refusal is None:
        return
    assert refusal.until is not None
    assert refusal.until > NOW
    assert ask(rules, handed_out, finished_at, refusal.until) is None
    assert forbidden(rules, handed_out, finished_at, refusal.until - TICK)


@given(rule_sets, histories, st.none() | ages)
def test_the_last_few_handed_out_are_enough_to_know(
    rules: Rules, handed_out: list[datetime], finished_at: datetime | None
) -> None:
    newest = handed_out[: rules.entries_per_window or 0]
    assert ask(rules, newest, finished_at, NOW) == ask(rules, handed_out, finished_at, NOW)


@given(rule_sets)
def test_an_operator_who_begins_is_not_refused(rules: Rules) -> None:
    assert ask(rules, [], None, NOW) is None


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 5), st.integers(1, 60))
def test_no_window_ever_holds_more_than_its_limit(pauses: list[int], limit: int, window_s: int) -> None:
    """An operator who presses whenever they like: look at every window of what was handed out."""
    rules = Rules(entries_per_window=limit, window_s=window_s)
    now, handed_out = NOW, list[datetime]()
    for pause in pauses:
        now += timedelta(seconds=pause)
        if ask(rules, handed_out, None, now) is None:
            handed_out.insert(0, now)
    for end in handed_out:
        inside = [at for at in handed_out if end - timedelta(seconds=window_s) < at <= end]
        assert len(inside) <= limit


def test_of_two_refusals_the_later_speaks() -> None:
    rules = Rules(entries_per_window=1, window_s=3600, cooldown_s=60)
    refusal = ask(rules, [NOW - timedelta(minutes=5)], NOW - timedelta(seconds=10), NOW)
    assert refusal == Refusal(
        code="window", params={"limit": 1, "minutes": 60}, until=NOW + timedelta(minutes=55)
    )
    refusal = ask(rules, [NOW - timedelta(minutes=59, seconds=59)], NOW - timedelta(seconds=10), NOW)
    assert refusal == Refusal(code="cooldown", params={"seconds": 60}, until=NOW + timedelta(seconds=50))


@given(st.none() | st.integers(0, 5), st.integers(0, 8))
def test_so_many_may_be_left_waiting_and_no_more(limit: int | None, postponed: int) -> None:
    refusal = may_postpone(Rules(max_postponed=limit), postponed=postponed)
    assert (refusal is None) == (limit is None or postponed + 1 <= limit)
    if refusal is not None:
        assert (refusal.code, refusal.params, refusal.until) == ("too_many_postponed", {"limit": limit}, None)


def limited(per_day: int, pause_s: int) -> Campaign:
    return Campaign(
        name="C",
        language="en",
        line="main",
        attempts_per_day=per_day,
        attempt_pause_s=pause_s,
        dispositions=(),
    )


def pestered(campaign: Campaign, tried: list[datetime], now: datetime) -> bool:
    """The limits as the specification words them: attempts per day and pause between attempts."""
    within_a_day = sum(1 for at in tried if now - timedelta(days=1) < at)
    too_soon = any(now < at + timedelta(seconds=campaign.attempt_pause_s) for at in tried)
    return within_a_day + 1 > campaign.attempts_per_day or too_soon


attempts_made = st.lists(st.integers(0, 4 * 24 * 3600), max_size=8).map(
    lambda ages: [NOW - timedelta(seconds=age) for age in sorted(ages)]
)


@given(st.integers(1, 5), st.integers(0, 3 * 24 * 3600), attempts_made)
def test_a_phone_is_tried_as_often_as_the_oracle_allows(
    per_day: int, pause_s: int, tried: list[datetime]
) -> None:
    campaign = limited(per_day, pause_s)
    refusal = may_try_again(campaign, tried=tried, now=NOW)
    assert (refusal is not None) == pestered(campaign, tried, NOW)
    assert refusal == may_try_again(campaign, tried=tried[:per_day], now=NOW), (
        "the last few are enough to know"
    )
    if refusal is not None:
        assert refusal.until is not None
        assert may_try_again(campaign, tried=tried, now=refusal.until) is None
        assert pestered(campaign, tried, refusal.until - TICK)
