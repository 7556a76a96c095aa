"""A store with users, and clocks that a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dialer.auth.model import Role, User
from dialer.auth.service import Auth
from dialer.store import Store
from tests.fresh_store import fresh_store

PASSWORD = "correct horse"


class Clocks:
    """Wall clock and monotonic clock, which move together."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, tzinfo=UTC) + self.passed

    def monotonic(self) -> float:
        return self.passed.total_seconds()

    def move(self, **by: float) -> None:
        self.passed += timedelta(**by)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fresh_store(tmp_path / "store.db")
    yield opened
    await opened.close()


@pytest.fixture
async def auth(store: Store, clocks: Clocks) -> AsyncIterator[Auth]:
    made = Auth(store, clocks.now, monotonic=clocks.monotonic)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def operator(auth: Auth) -> User:
    return await user(auth, "ann", Role.OPERATOR, phone_kind="webrtc", endpoint="op1", phone_secret="ring")


async def user(
    auth: Auth,
    login: str,
    role: Role,
    *,
    phone_kind: str = "sip",
    endpoint: str = "",
    pbx: str = "",
    phone_secret: str | None = None,
) -> User:
    made = await auth.create_user(
        login=login,
        name=login.title(),
        password=PASSWORD,
        role=role,
        phone_kind=phone_kind,
        endpoint=endpoint,
        pbx=pbx,
        phone_secret=phone_secret,
    )
    assert isinstance(made, User)
    return made
