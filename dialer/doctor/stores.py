"""What is to be seen of the store: from outside, whoever has it open, or from the daemon that has it open itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from dialer.auth.model import User
from dialer.auth.users import all_users
from dialer.doctor.gather import look_at
from dialer.doctor.model import Folder, OrphansSeen, Phone, StoreSeen
from dialer.store.engine import Store, sqlite_path
from dialer.store.errors import StoreError
from dialer.store.glance import Glance, glance
from dialer.telephony.orphans import Orphans, Walk, survey_in, survey_over

Seen = tuple[StoreSeen, tuple[Phone, ...] | None, OrphansSeen | None]
Survey = Callable[[], Walk[Orphans]]
_Read = tuple[list[User], OrphansSeen | None]


async def from_outside(url: str, survey: Survey) -> Seen:
    """The store of an address, which may belong to a running daemon: it is read, and nothing more."""
    try:
        seen: Glance[_Read] = await asyncio.to_thread(glance, url, partial(_read, survey))
    except StoreError as error:
        return StoreSeen(path=url, folder=Folder(path="", writable=True), wrong=str(error)), None, None
    told = StoreSeen(
        path=str(seen.path),
        folder=await asyncio.to_thread(look_at, seen.path.parent),
        exists=seen.exists,
        holder=seen.holder,
        tables=seen.tables,
        wrong=seen.wrong,
    )
    if seen.read is None:
        return told, None, None
    users, orphans = seen.read
    return told, phones_of(users), orphans


async def from_inside(store: Store, url: str, survey: Survey) -> Seen:
    """The store of this very process: the daemon is not there without its tables."""
    path = sqlite_path(url)
    folder = await asyncio.to_thread(look_at, path.parent)
    trouble = store.trouble
    wrong, phones, orphans = "" if trouble is None else str(trouble), None, None
    try:
        phones = phones_of(await store.read(all_users))
        orphans = _told(await survey_in(store, survey()))
    except StoreError as error:
        wrong = str(error)
    except OSError:
        orphans = None  # a folder that cannot be read is a finding of its own
    seen = StoreSeen(path=str(path), folder=folder, exists=True, ours=True, tables="current", wrong=wrong)
    return seen, phones, orphans


def phones_of(users: list[User]) -> tuple[Phone, ...]:
    """The phones of those who may work, each once."""
    return tuple(
        dict.fromkeys(
            Phone(endpoint=user.endpoint, browser=user.phone_kind == "webrtc", pbx=user.pbx)
            for user in users
            if user.active and user.endpoint
        )
    )


def _read(survey: Survey, connection: Connection) -> _Read:
    users = all_users(connection)
    try:
        return users, _told(survey_over(connection, survey()))
    except OSError:
        return users, None  # a folder that cannot be read is a finding of its own


def _told(found: Orphans) -> OrphansSeen:
    return OrphansSeen(
        strangers=found.strangers.count,
        bytes=found.bytes,
        oldest=found.oldest.astimezone().date().isoformat() if found.oldest is not None else "",
        dangling=found.dangling.count,
        stuck=found.stuck.count,
    )
