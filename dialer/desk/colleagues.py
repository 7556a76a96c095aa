"""Whom an operator may bring into a call, and how: at once in their session, or by their phone."""

from __future__ import annotations

from dialer.auth import users
from dialer.auth.model import User
from dialer.desk.model import state_of
from dialer.desk.rooms import Rooms
from dialer.desk.view import Colleague, DeskState


async def colleagues(rooms: Rooms, user: User) -> list[Colleague]:
    """Everybody at the same PBX who has a phone, the free ones first."""
    everybody = await rooms.world.store.read(users.all_users)
    own = rooms.all.get(user.id)
    here = own.pbx if own is not None else user.pbx
    found = [_colleague(rooms, one, here) for one in everybody if one.active and one.id != user.id]
    known = [one for one in found if one is not None]
    return sorted(known, key=lambda one: (one.reason != "", one.how != "session", one.name))


def _colleague(rooms: Rooms, user: User, here: str) -> Colleague | None:
    room = rooms.all.get(user.id)
    if not rooms.world.same_pbx(room.pbx if room is not None else user.pbx, here):
        return None  # nobody can be joined across two PBXs
    if room is not None and room.desk.session_leg:
        reason = "" if state_of(room.desk) is DeskState.READY else "colleague_busy"
        return Colleague(id=user.id, name=user.name, how="session", reason=reason)
    if not user.endpoint:
        return None
    return Colleague(id=user.id, name=user.name, how="phone", reason="")
