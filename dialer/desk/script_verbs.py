"""The verbs of a script beside its moves: tasks ticked off, runs started, put aside and taken up by hand."""

from __future__ import annotations

from dialer.campaigns.model import Refusal
from dialer.desk import by_hand, steps
from dialer.desk.kept import Loaded
from dialer.desk.model import Desk, Work
from dialer.desk.orders import Orders
from dialer.desk.room import Room
from dialer.desk.rooms import Rooms
from dialer.desk.world import DeskRefused, World
from dialer.scripts.run import Refusal as ScriptRefusal


class ScriptVerbs:
    """Each method is called with the room's lock held; it raises `DeskRefused` and changes nothing, or does it."""

    def __init__(self, world: World, rooms: Rooms, orders: Orders) -> None:
        self.world = world
        self._rooms = rooms
        self._orders = orders

    async def tick(self, room: Room, task: str, on: bool) -> None:
        """Tick one of the script's tasks off, or on again."""
        _, loaded = _open_work(room)
        ticked = await self.world.store.write(lambda conn: steps.tick_task(conn, loaded, task, on))
        if isinstance(ticked, ScriptRefusal):
            raise DeskRefused(ticked.code, ticked.params)
        room.loaded = ticked

    async def start(self, room: Room, script_id: int, client_id: int | None) -> None:
        """Start a script without a call, or with the client on the page where there is none."""
        _free_for_work(room)
        desk, loaded, now = room.desk, room.loaded, self.world.now()
        language, new_id = room.user.language, self.world.new_id
        started = await self.world.store.write(
            lambda conn: by_hand.start(
                conn,
                desk,
                loaded,
                script_id=script_id,
                client_id=client_id,
                language=language,
                now=now,
                new_id=new_id,
            )
        )
        self._put(room, started)

    async def put_aside(self, room: Room) -> None:
        """Put a script without a call away where it stands."""
        work, loaded = _open_work(room)
        desk, name, now = room.desk, room.user.name, self.world.now()
        left = await self.world.store.write(
            lambda conn: by_hand.put_aside(conn, desk, work, loaded, operator_name=name, now=now)
        )
        if not isinstance(left, Desk):
            raise DeskRefused(left.code, left.params)
        room.desk, room.loaded = left, None

    async def take_up(self, room: Room, run_id: str) -> None:
        """Put a run that was set aside, by whomever, on this desk."""
        if room.desk.work is not None:
            raise DeskRefused("client_here")
        _free_for_work(room)
        desk, now = room.desk, self.world.now()
        language, new_id = room.user.language, self.world.new_id
        taken = await self.world.store.write(
            lambda conn: by_hand.take_up(
                conn,
                desk,
                run_id=run_id,
                refuses=lambda campaign: self._orders.elsewhere(room, campaign.line),
                language=language,
                now=now,
                new_id=new_id,
            )
        )
        self._put(room, taken)

    def _put(self, room: Room, put: tuple[Desk, Loaded] | Refusal) -> None:
        if isinstance(put, Refusal) and put.until is not None:
            room.refusal = put  # the page counts down
        elif isinstance(put, Refusal):
            raise DeskRefused(put.code, put.params)
        else:
            room.desk, room.loaded = put


def _free_for_work(room: Room) -> None:
    if room.desk.guest is not None:
        raise DeskRefused("helping")
    if room.desk.session_leg and not room.desk.session_up:
        raise DeskRefused("still_connecting")


def _open_work(room: Room) -> tuple[Work, Loaded]:
    work, loaded = room.desk.work, room.loaded
    if work is None or loaded is None:
        raise DeskRefused("no_client")
    return work, loaded
