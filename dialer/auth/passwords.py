"""Passwords as argon2id hashes, made in a few threads so that the loop never waits for one.

Parameters after OWASP ASVS 5.0, appendix C: 46 MiB, one pass, one lane; about 60 ms on an ordinary core.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

T = TypeVar("T")

SHORTEST, LONGEST = 8, 128
THREADS = max(1, min(2, (os.cpu_count() or 1) - 1))  # 46 MiB each, and the loop keeps a core
WAITING_LIMIT = 50
DEADLINE_S = 15.0

_HASHER = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1, type=Type.ID)
# A hash of nobody's password: an unknown login costs as much time as a known one.
_NOBODY = "$argon2id$v=19$m=47104,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class PasswordsBusy(Exception):
    """More passwords wait to be checked than can be in reasonable time."""


def flaw(password: str, login: str = "") -> str | None:
    """Why a new password is refused: `password_short`, `password_long`, `password_login`; None: it is not."""
    if len(password) < SHORTEST:
        return "password_short"
    if len(password) > LONGEST:
        return "password_long"
    if login and password.casefold() == login.casefold():
        return "password_login"
    return None


class Passwords:
    """Hashes and checks; owns its threads until `close`."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The text to store. Raises PasswordsBusy."""
        return await self._run(lambda: _HASHER.hash(password))

    async def check(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; as slow for nobody (None) as for somebody."""
        return await self._run(lambda: _matches(stored, password))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_LIMIT:
            raise PasswordsBusy
        self._waiting += 1
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise PasswordsBusy from error
        finally:
            self._waiting -= 1


def _matches(stored: str | None, password: str) -> bool:
    if len(password) > LONGEST:
        stored, password = None, ""
    try:
        _HASHER.verify(stored or _NOBODY, password)
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None
