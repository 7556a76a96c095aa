"""The concurrency rules: may this operator be handed the next entry, may this one be postponed (spec C3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dialer.campaigns.model import Refusal, Rules


def may_take_next(
    rules: Rules, *, handed_out: Sequence[datetime], finished_at: datetime | None, now: datetime
) -> Refusal | None:
    """None if the next entry may be handed out; else the rule that says no and when it will say yes.

    `handed_out` are the times at which this operator was handed entries, newest first, skipped ones included; at
    least the last `entries_per_window` of them. Of several rules that refuse, the one with the latest time speaks.
    """
    refusals = [
        refusal
        for refusal in (_window(rules, handed_out, now), _cooldown(rules, finished_at, now))
        if refusal is not None
    ]
    return max(refusals, key=lambda refusal: refusal.until or now, default=None)


def may_postpone(rules: Rules, *, postponed: int) -> Refusal | None:
    """None if one more entry may be left waiting; `postponed` counts those that this operator has left already."""
    if rules.max_postponed is None or postponed < rules.max_postponed:
        return None
    return Refusal(code="too_many_postponed", params={"limit": rules.max_postponed})


def _window(rules: Rules, handed_out: Sequence[datetime], now: datetime) -> Refusal | None:
    limit = rules.entries_per_window
    if limit is None or len(handed_out) < limit:
        return None
    window = timedelta(seconds=rules.window_s)
    until = handed_out[limit - 1] + window
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
