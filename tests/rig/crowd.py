"""Many operators at once: their phones in the Asterisk, their logins in the store, their pages side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from bench.office import add_operators, token_of
from dialer.store.engine import Store
from tests.rig.asterisk import PHONE_PORT, AsteriskServer
from tests.rig.daemon import Daemon, Page

T = TypeVar("T")
HANDS = 12  # pages that are worked at the same time

# `fate` is what sipp does when the phone is rung (far_end.py); silent ones are never taken for lost.
_PHONE = """
[{name}](callwright-phone)
aors = {name}
rtp_timeout = 0
[{name}](callwright-aor)
contact = sip:{name}{fate}@127.0.0.1:{port}
qualify_frequency = 0
"""


def add_phones(asterisk: AsteriskServer, count: int, fate: str = "200") -> None:
    """Before its start: the phones of the operators op0001 and on, which need no registration."""
    for number in range(1, count + 1):
        phone = _PHONE.format(name=f"op{number:04d}", fate=fate, port=PHONE_PORT)
        asterisk.append("pjsip_local.conf", phone)


def add_people(daemon: Daemon, count: int) -> dict[str, str]:
    """Before its start: as many operators, logged in; the cookie of each login."""

    async def fill() -> dict[str, str]:
        store = await Store.open(f"sqlite:///{daemon.folder}/store.db")
        try:
            await store.migrate()
            users = await add_operators(store, count, datetime.now(UTC))
        finally:
            await store.close()
        return {user.login: f"callwright={token_of(user)}" for user in users}

    return asyncio.run(fill())


class Crowd:
    """The pages of many operators, worked by a few threads. Whatever one of them raises is raised."""

    def __init__(self, pages: list[Page], hands: ThreadPoolExecutor) -> None:
        self.pages = pages
        self._hands = hands

    def each(self, work: Callable[[Page], T]) -> list[T]:
        """Do it on every page, in no order; what came of it, in the pages' order."""
        return list(self._hands.map(work, self.pages))


@contextmanager
def crowd(daemon: Daemon, people: Iterable[tuple[str, str]]) -> Iterator[Crowd]:
    """Open a page for each (login, cookie)."""
    with ThreadPoolExecutor(HANDS) as hands:
        pages = list(hands.map(lambda one: Page(daemon, one[0], cookie=one[1]), people))
        try:
            yield Crowd(pages, hands)
        finally:
            for page in pages:
                page.close()
