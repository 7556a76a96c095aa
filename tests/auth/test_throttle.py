"""Guessing is slow, and nobody is locked out for good."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.auth.throttle import BY_LOGIN, FREE_TRIES, LONGEST_PAUSE_S, Bucket, Throttle, Tries

HOUR = 3600.0


def checked(
    throttle: Throttle, login: str, addresses: int, guesses: int, every_s: float, start: float
) -> int:
    """How many of some guesses at one login are looked at."""
    return sum(throttle.ask(login, f"10.0.{n % addresses}", start + n * every_s) == 0 for n in range(guesses))


def test_ten_thousand_guesses_an_hour_are_at_most_twenty() -> None:
    assert 5 <= checked(Throttle(), "ann", 1, 10_000, HOUR / 10_000, 0) <= 20
    assert 10 <= checked(Throttle(), "ann", 1_000, 10_000, HOUR / 10_000, 0) <= 20


def test_they_stay_few_through_the_night() -> None:
    throttle = Throttle()
    for hour in range(12):
        assert checked(throttle, "ann", 50, 2_000, HOUR / 2_000, hour * HOUR) <= 20


def test_guesses_at_once_gain_nothing() -> None:
    assert checked(Throttle(), "ann", 1, 1_000, 0.0, 5.0) == FREE_TRIES


def test_strangers_do_not_lock_the_owner_out() -> None:
    throttle = Throttle()
    assert throttle.ask("ann", "home", 0) == 0
    throttle.entered("ann", "home", 0)
    checked(throttle, "ann", 500, 5_000, 0.1, 1)
    assert throttle.ask("ann", "elsewhere", 501) > 0
    assert throttle.ask("ann", "home", 501) == 0


def test_a_shift_logs_in_from_one_address() -> None:
    throttle = Throttle()
    for n in range(300):
        assert throttle.ask(f"op{n}", "office", 0.01 * n) == 0
        throttle.entered(f"op{n}", "office", 0.01 * n)


def test_one_address_guesses_at_many_logins_in_vain() -> None:
    throttle = Throttle()
    assert sum(throttle.ask(f"op{n}", "one", n * 0.1) == 0 for n in range(5_000)) <= 120


@given(st.lists(st.tuples(st.floats(0, 2000), st.booleans()), max_size=60))
def test_whoever_waits_as_told_may_try(moves: list[tuple[float, bool]]) -> None:
    """No pause is for ever, and none is longer than the two rules allow."""
    throttle, now = Throttle(), 0.0
    for wait, right in moves:
        now += wait
        pause = throttle.ask("ann", "home", now)
        assert 0 <= pause <= max(LONGEST_PAUSE_S, HOUR / BY_LOGIN.per_hour) + 1
        if pause:
            now += pause
            assert throttle.ask("ann", "home", now) == 0
        if right:
            throttle.entered("ann", "home", now)
            assert throttle.ask("ann", "home", now) == 0
            throttle.entered("ann", "home", now)


@given(st.integers(0, 60), st.integers(0, 10**7))
def test_the_pause_grows_and_is_forgotten(count: int, now: int) -> None:
    tries = Tries(count, now)
    assert tries.pause_s(now) <= tries.plus_one(now).pause_s(now) <= LONGEST_PAUSE_S
    assert tries.pause_s(now + HOUR) == 0
    assert tries.plus_one(now + HOUR).count == 1


@given(st.floats(0, 10), st.floats(0, 1e5), st.floats(-1e5, 1e5))
def test_a_bucket_never_overflows_nor_shrinks_by_time(tokens: float, at: float, later: float) -> None:
    filled = Bucket(tokens, at).filled(BY_LOGIN, at + later)
    assert tokens <= filled.tokens <= BY_LOGIN.burst
    assert filled.at >= at
