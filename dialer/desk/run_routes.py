"""What an operator's page asks of scripts beside its own: the blocks as a list, what may be started or taken up."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from dialer.auth.model import Permission
from dialer.clients import service as clients
from dialer.clients.numbers import normalise
from dialer.desk import by_hand
from dialer.desk.routes import BASE
from dialer.desk.service import Desks
from dialer.desk.steps import context_of
from dialer.http.api import ApiCall, Handler, Operation
from dialer.scripts import startable
from dialer.scripts.show import scheme, shows_scheme
from dialer.scripts.startable import Startable
from dialer.scripts.view import SchemeView


class StartableList(Struct, frozen=True, kw_only=True):
    items: list[Startable]


class FoundClients(Struct, frozen=True, kw_only=True):
    items: list[clients.Found]


class AsideRow(Struct, frozen=True, kw_only=True):
    """A run that was set aside. `mine`: by this operator."""

    run: str
    script: str
    client: str
    block: str
    since: datetime
    operator: str
    mine: bool


class AsideList(Struct, frozen=True, kw_only=True):
    items: list[AsideRow]


NO_SCHEME: Final = SchemeView(run="", script="", free=False, now="", blocks=[])


def operations(desks: Desks) -> list[Operation]:
    async def read_scheme(call: ApiCall) -> SchemeView:
        room = await desks.rooms.of(call.user)
        loaded = room.loaded
        if loaded is None or loaded.run is None or loaded.version is None:
            return NO_SCHEME
        script = loaded.version.script
        if not shows_scheme(script):
            return NO_SCHEME
        return scheme(script, loaded.run.state, context_of(loaded, call.user.name), run_id=loaded.run.id)

    async def list_startable(call: ApiCall) -> StartableList:
        user, role = call.user.id, call.user.role.value
        return StartableList(
            items=await desks.world.store.read(
                lambda conn: startable.every(conn, "start", user_id=user, role=role)
            )
        )

    async def find_clients(call: ApiCall) -> FoundClients:
        words = call.query("q")[:100]
        region = next((line.region for line in desks.world.lines.values()), "RU")
        e164 = normalise(words, region)
        return FoundClients(items=await desks.world.store.read(lambda conn: clients.find(conn, words, e164)))

    async def list_aside(call: ApiCall) -> AsideList:
        def load(conn: Connection) -> AsideList:
            found = by_hand.waiting(conn, call.user.id)
            return AsideList(
                items=[
                    AsideRow(
                        run=one.run,
                        script=one.script,
                        client=one.client,
                        block=one.block,
                        since=one.since,
                        operator=one.operator,
                        mine=one.operator_id == call.user.id,
                    )
                    for one in found
                ]
            )

        return await desks.world.store.read(load)

    def get(path: str, summary: str, handler: Handler, answers: type) -> Operation:
        return Operation(
            method="GET",
            path=f"{BASE}/{path}",
            summary=summary,
            permission=Permission.USE_DESK,
            handler=handler,
            answers=answers,
        )

    return [
        get("scheme", "The blocks of the script on the page", read_scheme, SchemeView),
        get("scripts", "Scripts that the operator may start by hand", list_startable, StartableList),
        get("clients", "Clients by the beginning of a name, or by a number", find_clients, FoundClients),
        get("aside", "Runs that were set aside and may be taken up", list_aside, AsideList),
    ]
