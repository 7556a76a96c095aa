"""The rules of a campaign: the next entry to this operator (spec C3.3), one more call to this phone (C3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dialer.campaigns.model import Campaign, Refusal, Rules


def may_take_next(
    rules: Rules, *, counted_from: datetime | None, finished_at: datetime | None, now: datetime
) -> Refusal | None:
    """None if the next entry may be handed out; else the rule that says no and when it will say yes.

    `counted_from` is when this operator was handed the entry that stands `entries_per_window` back, the newest being
    the first, skipped ones included; None if there were fewer. Of several rules that refuse, the one with the latest
    time speaks.
    """
    return _latest(_window(rules, counted_from, now), _cooldown(rules, finished_at, now))


def may_postpone(rules: Rules, *, postponed: int) -> Refusal | None:
    """None if one more entry may be left waiting; `postponed` counts those that this operator has left already."""
    if rules.max_postponed is None or postponed < rules.max_postponed:
        return None
    return Refusal(code="too_many_postponed", params={"limit": rules.max_postponed})


def may_try_again(campaign: Campaign, *, tried: Sequence[datetime], now: datetime) -> Refusal | None:
    """None if a phone may be dialled in this campaign; else the limit that says no and when it will say yes.

    `tried` are the attempts to reach this phone in this campaign, newest first; at least the last
    `attempts_per_day` of them, and one.
    """
    return _latest(_attempts_per_day(campaign, tried, now), _attempt_pause(campaign, tried, now))


def _latest(*refusals: Refusal | None) -> Refusal | None:
    """Of several that refuse, the one that does so longest."""
    return max(
        (refusal for refusal in refusals if refusal is not None),
        key=lambda refusal: (refusal.until is not None, refusal.until),
        default=None,
    )


def _attempts_per_day(campaign: Campaign, tried: Sequence[datetime], now: datetime) -> Refusal | None:
    limit = campaign.attempts_per_day
    if len(tried) < limit:
        return None
    until = tried[limit - 1] + timedelta(days=1)
    return Refusal(code="attempts_per_day", params={"limit": limit}, until=until) if until > now else None


def _attempt_pause(campaign: Campaign, tried: Sequence[datetime], now: datetime) -> Refusal | None:
    if not tried:
        return None
    until = tried[0] + timedelta(seconds=campaign.attempt_pause_s)
    if until <= now:
        return None
    return Refusal(code="attempt_pause", params={"seconds": campaign.attempt_pause_s}, until=until)


def _window(rules: Rules, counted_from: datetime | None, now: datetime) -> Refusal | None:
    limit = rules.entries_per_window
    if limit is None or counted_from is None:
        return None
    window = timedelta(seconds=rules.window_s)
    until = counted_from + window
    if until <= now:
        return None
    return Refusal(code="window", params={"limit": limit, "minutes": -(-rules.window_s // 60)}, until=until)


def _cooldown(rules: Rules, finished_at: datetime | None, now: datetime) -> Refusal | None:
    if rules.cooldown_s is None or finished_at is None:
        return None
    until = finished_at + timedelta(seconds=rules.cooldown_s)
    return (
        Refusal(code="cooldown", params={"seconds": rules.cooldown_s}, until=until) if until > now else None
    )
