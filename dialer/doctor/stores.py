"""What is to be seen of the store: from outside, whoever has it open, or from the daemon that has it open itself."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection

from dialer.auth.model import User
from dialer.auth.users import all_users
from dialer.doctor.gather import look_at
from dialer.doctor.model import Folder, Phone, StoreSeen
from dialer.store.engine import Store, sqlite_path
from dialer.store.errors import StoreError
from dialer.store.glance import Glance, glance

Seen = tuple[StoreSeen, tuple[Phone, ...] | None]


async def from_outside(url: str) -> Seen:
    """The store of an address, which may belong to a running daemon: it is read, and nothing more."""
    try:
        seen: Glance[list[User]] = await asyncio.to_thread(glance, url, _users)
    except StoreError as error:
        return StoreSeen(path=url, folder=Folder(path="", writable=True), wrong=str(error)), None
    told = StoreSeen(
        path=str(seen.path),
        folder=await asyncio.to_thread(look_at, seen.path.parent),
        exists=seen.exists,
        holder=seen.holder,
        tables=seen.tables,
        wrong=seen.wrong,
    )
    return told, phones_of(seen.read) if seen.read is not None else None


async def from_inside(store: Store, url: str) -> Seen:
    """The store of this very process: the daemon is not there without its tables."""
    path = sqlite_path(url)
    folder = await asyncio.to_thread(look_at, path.parent)
    trouble = store.trouble
    wrong, phones = "" if trouble is None else str(trouble), None
    try:
        phones = phones_of(await store.read(_users))
    except StoreError as error:
        wrong = str(error)
    seen = StoreSeen(path=str(path), folder=folder, exists=True, ours=True, tables="current", wrong=wrong)
    return seen, phones


def phones_of(users: list[User]) -> tuple[Phone, ...]:
    """The phones of those who may work, each once."""
    return tuple(
        dict.fromkeys(
            Phone(endpoint=user.endpoint, browser=user.phone_kind == "webrtc", pbx=user.pbx)
            for user in users
            if user.active and user.endpoint
        )
    )


def _users(connection: Connection) -> list[User]:
    return all_users(connection)
