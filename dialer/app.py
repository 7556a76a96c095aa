"""The composition root: the only place where rooms are wired together, started and stopped in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from dialer.ami.pbx import AsteriskPbx
from dialer.auth.guard import Guard
from dialer.auth.model import User
from dialer.auth.service import Auth
from dialer.automation.sender import Sender
from dialer.bus.inprocess import InProcessBus
from dialer.clock import SteadyClock
from dialer.config import ConfigError, Settings, metrics_token
from dialer.desk.board import Board
from dialer.desk.figures import desk_figures
from dialer.desk.service import Desks, World
from dialer.doctor import stores
from dialer.doctor.model import PagesSeen
from dialer.events import (
    CallEnded,
    CampaignChanged,
    DeliveryFailed,
    DeliveryQueued,
    LineAlarm,
    LineChanged,
    PauseForgotten,
    RecordingReady,
    ResultSaved,
    TaskMade,
)
from dialer.http import server
from dialer.http.metrics import Metrics
from dialer.http.tls import Certificate, CertificateUnfit
from dialer.inbound.service import Inbound
from dialer.operations import operations_of
from dialer.store.engine import Store
from dialer.store.errors import StoreError
from dialer.store.outbox import Envelope, Outbox
from dialer.telephony import line_orders
from dialer.telephony.line_control import LineControl
from dialer.telephony.lives import Lives
from dialer.telephony.model import Call, InboundOffered
from dialer.telephony.port import Pbx
from dialer.telephony.recordings import Recorder
from dialer.telephony.switchboards import Switchboards
from dialer.watching import Pulse, Watching
from dialer.wiring import (
    archive_of,
    asterisk_of,
    doctor_of,
    hooks_of,
    id_at,
    lines_of,
    link_secret_of,
    over_tls,
    sockets_of,
    survey_of,
)

log = logging.getLogger(__name__)

SWEEP_S = 0.5
SWITCH_S = 0.0005  # how long the store's thread may keep the loop waiting; Python's own 5 ms is felt
REFRESH_EVERY = 10  # sweeps between two looks at the campaigns' counts


class Ears:
    """The switchboard's listener: tells the rooms what concerns them."""

    def __init__(self, desks: Desks, inbound: Inbound, board: Board) -> None:
        self._desks, self._inbound, self._board = desks, inbound, board

    def call_changed(self, call: Call) -> None:
        self._desks.call_changed(call)

    def client_ready(self, call_id: str) -> None:
        self._desks.client_ready(call_id)

    def session_changed(self, leg: str) -> None:
        self._desks.session_changed(leg)

    def inbound_offered(self, pbx: str, event: InboundOffered) -> None:
        self._inbound.offered(pbx, event)

    def inbound_fell_back(self, call_id: str) -> None:
        self._inbound.fell_back(call_id)

    def inbound_still_rings(self, call_id: str) -> None:
        self._inbound.still_rings(call_id)

    def pbx_changed(self, pbx: str, up: bool, reason: str) -> None:
        log.info("pbx %s %s%s", pbx, "at hand" if up else "away: ", reason)
        self._desks.pbx_changed(pbx)
        self._board.changed()


@dataclass(frozen=True, kw_only=True)
class App:
    """A running daemon."""

    settings: Settings
    store: Store
    auth: Auth
    desks: Desks
    pbxs: Mapping[str, AsteriskPbx]
    switchboard: Switchboards
    url: str


@asynccontextmanager
async def running(settings: Settings, clock: SteadyClock | None = None) -> AsyncIterator[App]:
    """Start everything in order, and stop it in the other."""
    clock = clock or SteadyClock()
    async with AsyncExitStack() as stack:
        store = await _open_store(settings, stack)
        auth = Auth(store, clock.utc)
        await auth.start()
        stack.push_async_callback(auth.stop)
        switchboard = Switchboards(settings.pbx)
        pbxs = await _pbxs(settings, store, switchboard, clock, stack)
        desks = Desks(_world(settings, store, auth, pbxs, switchboard, clock))
        inbound, board = Inbound(desks), Board(desks, clock.midnight)
        switchboard.listen(Ears(desks, inbound, board))
        recorder, archive = archive_of(settings, store, clock.utc)
        bus, sender = await _start_bus(store, recorder, board, desks, stack)
        await archive.start()
        stack.push_async_callback(archive.stop)
        control = LineControl(store, desks.world.lines, desks.world.stops, clock.utc, desks.hang_up_line)
        await control.start()
        await desks.start()
        stack.push_async_callback(desks.stop)
        stack.push_async_callback(inbound.stop)
        board.start()
        stack.push_async_callback(board.stop)
        for pbx in pbxs.values():
            await pbx.start()
            stack.push_async_callback(pbx.stop)
        left = line_orders.place(Path(settings.store.url.removeprefix("sqlite:///")))
        pulse = Pulse()
        sweeper = asyncio.create_task(_sweep(desks, inbound, control, left, pulse), name="sweep")
        stack.push_async_callback(_end, sweeper)
        watching = Watching(
            pbxs=pbxs,
            store=store,
            bus=bus,
            recorder=recorder,
            board=board,
            folders={"store": left.parent, "recordings": Path(settings.recordings.kept)},
            now=clock.utc,
        )
        watching.start()
        stack.push_async_callback(watching.stop)
        rooms = desks.rooms
        figures = [switchboard.figures, lambda: desk_figures(rooms), inbound.figures, board.figures]
        figures += [store.figures, bus.figures, recorder.figures, archive.figures, watching.figures]
        figures += [sender.figures, *(pbx.figures for pbx in pbxs.values())]
        metrics = Metrics(figures, metrics_token(settings.http))
        url = await _serve(settings, store, auth, desks, board, control, metrics, pulse, stack)
        yield App(
            settings=settings,
            store=store,
            auth=auth,
            desks=desks,
            pbxs=pbxs,
            switchboard=switchboard,
            url=url,
        )


async def _pbxs(
    settings: Settings, store: Store, switchboard: Switchboards, clock: SteadyClock, stack: AsyncExitStack
) -> dict[str, AsteriskPbx]:
    """Each PBX with its switchboard; which life of it the store knows is told before the first of its calls."""
    lives = Lives(store)
    await lives.load()
    stack.push_async_callback(lives.stop)
    return {
        name: AsteriskPbx(asterisk_of(name, pbx), lives.before(switchboard.at(name)), clock=clock)
        for name, pbx in settings.pbx.items()
    }


async def _open_store(settings: Settings, stack: AsyncExitStack) -> Store:
    store = await Store.open(settings.store.url)
    stack.push_async_callback(store.close)
    await store.migrate()
    return store


def _world(
    settings: Settings,
    store: Store,
    auth: Auth,
    pbxs: Mapping[str, Pbx],
    switchboard: Switchboards,
    clock: SteadyClock,
) -> World:
    async def find_user(user_id: int) -> User | None:
        return next((user for user in await auth.all_users() if user.id == user_id), None)

    return World(
        store=store,
        pbxs=pbxs,
        switchboard=switchboard,
        lines=lines_of(settings),
        now=clock.utc,
        new_id=lambda: id_at(clock()),
        find_user=find_user,
        longest_pause=timedelta(seconds=settings.recordings.longest_pause_s),
        hooks=hooks_of(settings),
    )


async def _start_bus(
    store: Store, recorder: Recorder, board: Board, desks: Desks, stack: AsyncExitStack
) -> tuple[InProcessBus, Sender]:
    sender = Sender(store, desks.world.hooks, desks.world.now)
    sender.start()
    stack.push_async_callback(sender.stop)
    bus = InProcessBus(Outbox(store))

    async def finish_recording(envelope: Envelope) -> None:
        if isinstance(envelope.event, CallEnded):
            await recorder.call_ended(envelope.event)

    async def redraw(envelope: Envelope) -> None:
        board.changed()

    async def recount(envelope: Envelope) -> None:
        await desks.recount(getattr(envelope.event, "operator_id", getattr(envelope.event, "user_id", None)))

    bus.subscribe(CallEnded, handler=finish_recording, name="recorder")
    shown = (CallEnded, CampaignChanged, LineAlarm, LineChanged, PauseForgotten, RecordingReady, ResultSaved)
    bus.subscribe(*shown, handler=redraw, name="board")
    bus.subscribe(DeliveryQueued, handler=sender.wake, name="web hooks")
    bus.subscribe(DeliveryFailed, TaskMade, handler=recount, name="desks")
    await bus.start()
    stack.push_async_callback(bus.stop)
    return bus, sender


async def _sweep(desks: Desks, inbound: Inbound, control: LineControl, left: Path, pulse: Pulse) -> None:
    """What is due by the clock, in every room that has such things."""
    count = 0
    while True:
        await asyncio.sleep(SWEEP_S)
        count += 1
        pulse.beat()
        try:
            await control.take_order(left)
            await desks.sweep.run()
            await desks.bounds.run()
            await inbound.sweep()
            if count % REFRESH_EVERY == 0:
                await desks.rooms.refresh()
        except StoreError as error:
            log.warning("sweep put off: %s", error)
        except Exception:
            # The sweep frees what nobody else frees: it must outlive any single fault.
            log.exception("sweep failed")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _serve(
    settings: Settings,
    store: Store,
    auth: Auth,
    desks: Desks,
    board: Board,
    control: LineControl,
    metrics: Metrics,
    pulse: Pulse,
    stack: AsyncExitStack,
) -> str:
    if settings.http.origins and not settings.http.trusted_proxies:
        log.warning("http.origins without http.trusted_proxies: wrong passwords of all pages count as one's")
    port = settings.http.port
    doctor = doctor_of(
        settings,
        lambda: stores.from_inside(store, settings.store.url, survey_of(settings)),
        pages=lambda: _own_pages(settings, port, store),
    )
    stack.push_async_callback(doctor.stop)
    operations = operations_of(settings, store, auth, desks, control, link_secret_of(settings), doctor)
    app = server.build(
        auth=auth,
        guard=Guard(
            auth,
            settings.http.origins,
            secure=over_tls(settings),
            proxies=settings.http.trusted_proxies,
        ),
        desks=desks,
        board=board,
        operations=operations,
        phone_ws=sockets_of(settings),
        ready=lambda: "" if store.trouble is None else str(store.trouble),
        alive=pulse.stands_still,
        metrics=metrics,
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    tls = _tls(settings)
    if tls is not None:
        stack.push_async_callback(_end, asyncio.create_task(tls.watch(), name="certificate"))
    site = web.TCPSite(
        runner, settings.http.host, settings.http.port, ssl_context=tls.context if tls is not None else None
    )
    await site.start()
    port = runner.addresses[0][1]
    return f"http{'s' if tls is not None else ''}://{settings.http.host}:{port}"


def _tls(settings: Settings) -> Certificate | None:
    """Our own certificate, None where we speak plain HTTP. Raises `ConfigError`."""
    http = settings.http
    if not http.certificate:
        if http.key:
            raise ConfigError("http.key without http.certificate: set both, or neither")
        return None
    try:
        return Certificate(Path(http.certificate), Path(http.key or http.certificate))
    except CertificateUnfit as error:
        raise ConfigError(str(error)) from error


def _own_pages(settings: Settings, port: int, store: Store) -> PagesSeen:
    return PagesSeen(
        host=settings.http.host,
        port=port,
        https=over_tls(settings),
        port_state="ours",
        answer="" if store.trouble is None else str(store.trouble),
    )


async def until_told_to_end() -> None:
    """Wait for Ctrl-C or a polite kill, with the process set to serve."""
    gc.collect()
    gc.freeze()  # what the start made stays: no later collection walks it while somebody waits
    sys.setswitchinterval(SWITCH_S)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()
