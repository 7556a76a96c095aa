"""What an operator's page asks of what scripts did: what came to nothing, what is on its way; seen."""

from __future__ import annotations

from msgspec import Struct

from dialer.auth.model import Permission
from dialer.automation import troubles
from dialer.automation.troubles import Undone
from dialer.clock import midnight_of
from dialer.desk.service import Desks
from dialer.http.api import ApiCall, Operation

BASE = "/api/v1/desk"


class UndoneList(Struct, frozen=True, kw_only=True):
    items: list[Undone]


class Seen(Struct, frozen=True, kw_only=True):
    """Nothing has to be said."""


def operations(desks: Desks) -> list[Operation]:
    async def list_troubles(call: ApiCall) -> UndoneList:
        user, since = call.user.id, midnight_of(desks.world.now())
        return UndoneList(
            items=await desks.world.store.read(
                lambda conn: troubles.list_open(conn, user, since, call.user.language)
            )
        )

    async def see_troubles(call: ApiCall) -> UndoneList:
        user, now = call.user, desks.world.now()
        since = midnight_of(now)
        await desks.world.store.write(lambda conn: troubles.seen(conn, user.id, since, now))
        await desks.recount(user.id)
        return UndoneList(
            items=await desks.world.store.read(
                lambda conn: troubles.list_open(conn, user.id, since, user.language)
            )
        )

    return [
        Operation(
            method="GET",
            path=f"{BASE}/troubles",
            summary="What scripts did not bring about, and what is still on its way",
            permission=Permission.USE_DESK,
            handler=list_troubles,
            answers=UndoneList,
        ),
        Operation(
            method="POST",
            path=f"{BASE}/troubles/seen",
            summary="The operator has seen what came to nothing",
            permission=Permission.USE_DESK,
            handler=see_troubles,
            body=Seen,
            answers=UndoneList,
        ),
    ]
