"""Hashes of the strength we name, made beside the loop."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import pytest

from dialer.auth.passwords import WAITING_LIMIT, Passwords, PasswordsBusy, flaw


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def test_a_password_is_known_again(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert stored != await passwords.hash("correct horse")
    assert await passwords.check(stored, "correct horse")
    assert not await passwords.check(stored, "correct horsf")
    assert not await passwords.check(stored, "")
    assert not await passwords.check(stored, "x" * 100_000)
    assert not await passwords.check("no hash at all", "correct horse")


async def test_nobody_has_no_password(passwords: Passwords) -> None:
    for password in ("", "correct horse", "\0", "x" * 100_000):
        assert not await passwords.check(None, password)


@pytest.mark.alone
async def test_nobody_takes_as_long_as_somebody(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    took: dict[bool, list[float]] = {True: [], False: []}
    for n in range(20):
        known = n % 2 == 0
        start = time.perf_counter()
        await passwords.check(stored if known else None, "wrong horse")
        took[known].append(time.perf_counter() - start)
    ratio = statistics.median(took[False]) / statistics.median(took[True])
    assert 0.6 < ratio < 1.7  # a skipped hash would be below 0.01


@pytest.mark.alone
async def test_the_loop_goes_on_and_the_queue_is_bounded(passwords: Passwords) -> None:
    asked = [asyncio.create_task(passwords.check(None, "x")) for _ in range(WAITING_LIMIT + 5)]
    turns, longest, last = 0, 0.0, time.perf_counter()
    while not all(task.done() for task in asked[:10]):
        await asyncio.sleep(0.001)
        turns, now = turns + 1, time.perf_counter()
        longest, last = max(longest, now - last), now
    outcomes = await asyncio.gather(*asked[WAITING_LIMIT:], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [PasswordsBusy] * 5
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert turns > 10
    assert longest < 0.25  # on a busy machine; one hash takes 0.06 s


@pytest.mark.parametrize(
    ("password", "login", "code"),
    [
        ("1234567", "", "password_short"),
        ("12345678", "", None),
        ("п" * 128, "", None),
        ("x" * 129, "", "password_long"),
        ("Operator1", "operator1", "password_login"),
    ],
)
def test_what_a_new_password_must_be(password: str, login: str, code: str | None) -> None:
    assert flaw(password, login) == code
