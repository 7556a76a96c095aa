"""The supervisor's live view: who does what, and what is in the air. Pushed whole, at most twice a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from dialer.campaigns.overview import CampaignRow, load_rows
from dialer.clients.numbers import national
from dialer.desk import forgotten
from dialer.desk.figures import page_figures
from dialer.desk.forgotten import ForgottenPause
from dialer.desk.handed import HandedCall
from dialer.desk.model import state_of
from dialer.desk.room import Pages, Room, Watcher
from dialer.desk.service import Desks
from dialer.desk.view import DeskState
from dialer.health.figures import Figure
from dialer.health.troubles import Trouble
from dialer.store.errors import StoreError
from dialer.telephony import alarms, policies
from dialer.telephony.alarms import Alarm
from dialer.telephony.model import CallState
from dialer.telephony.port import Pbx
from dialer.telephony.switchboard import Switchboard

log = logging.getLogger(__name__)

PAUSE_S = 0.5


class OperatorLine(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    state: str
    since: datetime
    campaign: str
    client: str


class LiveCall(Struct, frozen=True, kw_only=True):
    id: str
    direction: str
    state: str
    operator: str
    client: str
    number: str
    campaign: str
    started_at: datetime
    answered_at: datetime | None
    why_not: str  # why nobody can listen to it now (`listen.why.<code>`), "" where somebody can


class EarLine(Struct, frozen=True, kw_only=True):
    """A supervisor at a call; `up`: the phone was picked up."""

    user_id: int
    user: str
    call: str
    mode: str
    up: bool
    since: datetime


class PbxLine(Struct, frozen=True, kw_only=True):
    name: str
    up: bool
    operators: int  # in session there
    calls: int  # in the air there


class ConsoleView(Struct, frozen=True, kw_only=True):
    server_now: datetime
    pbx_up: bool  # all of them
    pbxs: list[PbxLine]
    operators: list[OperatorLine]
    calls: list[LiveCall]
    ears: list[EarLine]
    campaigns: list[CampaignRow]
    alarms: list[Alarm]
    forgotten: list[ForgottenPause]
    troubles: list[Trouble]  # of the daemon and what it stands on
    stopped: list[str]  # lines that the kill switch holds; "" = all dialling


class ConsoleFrame(Struct, frozen=True, kw_only=True, tag_field="type", tag="console"):
    stream: str
    seq: int
    console: ConsoleView


_Rows = tuple[list[CampaignRow], list[Alarm], list[str], list[ForgottenPause]]


class Board:
    """Draws the live view for the consoles that watch it; idle while none does."""

    def __init__(self, desks: Desks, midnight: Callable[[], datetime]) -> None:
        self._desks = desks
        self._midnight = midnight
        self.pages = Pages()
        self._watchers: set[Watcher] = set()
        self._rows: _Rows = ([], [], [], [])  # as last read
        self._troubles: tuple[Trouble, ...] = ()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._seq = 0

    def start(self) -> None:
        self._desks.rooms.on_change = self._changed.set
        self._task = asyncio.create_task(self._run(), name="board")

    async def stop(self) -> None:
        for watcher in self._watchers:
            watcher.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def changed(self) -> None:
        """Something on the board may be different."""
        self._changed.set()

    def tell(self, troubles: Sequence[Trouble]) -> None:
        """What is amiss now; drawn anew if it is something else than before."""
        if tuple(troubles) != self._troubles:
            self._troubles = tuple(troubles)
            self._changed.set()

    def figures(self) -> Iterator[Figure]:
        yield from page_figures("console", self.pages, list(self._watchers))

    async def watch(self) -> Watcher:
        watcher = Watcher(self.pages)
        watcher.put(await self._draw())
        self._watchers.add(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._watchers:
                try:
                    frame = await self._draw()
                    for watcher in self._watchers:
                        watcher.put(frame)
                except Exception:
                    # One drawing's fault must not end the live view of everybody until a restart.
                    log.exception("live view not drawn")
            await asyncio.sleep(PAUSE_S)

    def _ears(self) -> list[EarLine]:
        listeners = self._desks.listeners
        return [
            EarLine(
                user_id=ear.user_id,
                user=listeners.names.get(ear.user_id, ""),
                call=ear.call_id,
                mode=ear.mode.value,
                up=listeners.legs.get(ear.leg, False),
                since=ear.since,
            )
            for ear in listeners.ears.values()
        ]

    async def _draw(self) -> bytes:
        since = self._midnight()
        now = self._desks.world.now()

        def load(conn: Connection) -> _Rows:
            stopped = [name for name, policy in policies.load_all(conn).items() if policy.stopped]
            return load_rows(conn, since), alarms.recent(conn, now), stopped, forgotten.ended(conn, now)

        try:
            self._rows = await self._desks.world.store.read(load)
        except StoreError as error:
            # What the store can't tell stands as it was; that it can't is among the troubles.
            log.warning("live view drawn without the store: %s", error)
        rows, alarmed, stopped, over = self._rows
        self._seq += 1
        rooms = sorted(self._desks.rooms.all.values(), key=lambda room: room.user.name)
        pbxs = [
            _pbx(pbx, self._desks.world.switchboard.at(name), rooms)
            for name, pbx in self._desks.world.pbxs.items()
        ]
        view = ConsoleView(
            server_now=now,
            pbx_up=all(pbx.up for pbx in pbxs),
            pbxs=pbxs,
            operators=[_operator(room) for room in rooms if _is_here(room)],
            calls=[line for room in rooms if (line := _call(room)) is not None]
            + [_handed(call) for call in self._desks.handed.calls.values()],
            ears=self._ears(),
            campaigns=rows,
            alarms=alarmed,
            forgotten=[*forgotten.lasting(rooms, self._desks.world.longest_pause, now), *over],
            troubles=list(self._troubles),
            stopped=sorted(stopped),
        )
        return msgspec.json.encode(ConsoleFrame(stream=self._desks.rooms.stream, seq=self._seq, console=view))


def _handed(call: HandedCall) -> LiveCall:
    """A call that goes on without its operator: with whoever has the client now."""
    record = call.record
    return LiveCall(
        id=record.id,
        direction=record.direction,
        state=record.state.value,
        operator=call.has_it,
        client=call.client,
        number=national(record.number),
        campaign=call.campaign,
        started_at=record.started_at,
        answered_at=record.answered_at,
        why_not="handed_on",
    )


def _pbx(pbx: Pbx, board: Switchboard, rooms: Iterable[Room]) -> PbxLine:
    return PbxLine(
        name=pbx.name,
        up=pbx.up,
        operators=sum(room.desk.session_leg in board.sessions for room in rooms),
        calls=sum(call.state is not CallState.ENDED for call in board.calls.values()),
    )


def _is_here(room: Room) -> bool:
    return bool(room.watchers) or state_of(room.desk) is not DeskState.OFFLINE


def _operator(room: Room) -> OperatorLine:
    return OperatorLine(
        id=room.user.id,
        name=room.user.name,
        state=state_of(room.desk).value,
        since=room.desk.since,
        campaign=room.loaded.campaign.name if room.loaded is not None else "",
        client=room.loaded.client.name if room.loaded is not None else "",
    )


def _call(room: Room) -> LiveCall | None:
    work = room.desk.work
    if work is None or work.call is None or work.call.ended or room.loaded is None or work.handed_on:
        return None
    return LiveCall(
        id=work.call.id,
        direction=work.direction,
        state=work.call.state.value,
        operator=room.user.name,
        client=room.loaded.client.name,
        number=national(work.call.number),
        campaign=room.loaded.campaign.name,
        started_at=work.call.started_at,
        answered_at=work.call.answered_at,
        why_not="" if state_of(room.desk) is DeskState.TALKING and room.desk.session_up else "not_talking",
    )
