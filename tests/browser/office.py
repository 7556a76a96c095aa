"""A whole office for the pages: the daemon and the virtual PBX in a thread of their own, people who do as told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from dialer.app import App, running
from dialer.auth.model import Role
from dialer.config import Http, PbxSettings, Phones, Recordings, Settings, StoreSettings
from dialer.simulation.demo import LINES, LOGINS, NUMBER_RU, seed
from dialer.simulation.far_end import FarEnd, Way
from dialer.simulation.manager import Account
from dialer.simulation.recording import WavTape
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.wiring import utc_now
from tests.rig.process import wait_until

T = TypeVar("T")
DEADLINE_S = 30
HEADER = 44  # bytes of a WAV file without sound
SECRET = "of the test"
WEB_PHONE = ("wanda", "demo-wanda-1")  # an operator whose phone is the browser
LISTENER = ("boss", "demo-boss-1")  # a supervisor who has a phone
NOBODY = Phones(ws="ws://127.0.0.1:9/ws", domain="127.0.0.1")  # no PBX answers there


@dataclass
class People:
    """Everybody who can be dialled: `way` and `ring_s` hold for the next call; they talk until told to hang up."""

    way: Way = Way.ANSWERS
    ring_s: float = 0.2
    dialled: list[str] = field(default_factory=list)

    def number(self, number: str, trunk: str) -> FarEnd | None:
        self.dialled.append(number)
        return FarEnd(way=self.way, ring_s=self.ring_s)

    def phone(self, endpoint: str) -> FarEnd | None:
        return FarEnd(ring_s=0.1)


class Office:
    """Started and stopped from the test's thread; every method is safe to call from there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people = People()
        self.url = ""
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="office")
        self._tape = WavTape(folder / "monitor")
        self._pbx = VirtualPbx(ends=self.people, account=Account(secret=SECRET), tape=self._tape)
        self._life = AsyncExitStack()
        self._app: App | None = None

    def start(self) -> None:
        self._thread.start()
        self._make_voices()
        self._run(self._pbx.start())
        self.start_daemon()
        self._run(self._seed())

    def stop(self) -> None:
        self.stop_daemon()
        self._run(self._pbx.stop())
        self._tape.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    # --- the daemon ---

    def start_daemon(self) -> None:
        """On the port of its earlier life, as the pages expect."""
        self._app = self._run(self._life.enter_async_context(running(self._settings())))
        self.url = self.app.url
        self._port = int(self.url.rsplit(":", 1)[1])

    def stop_daemon(self) -> None:
        self._run(self._life.aclose())
        self._life = AsyncExitStack()

    @property
    def app(self) -> App:
        assert self._app is not None
        return self._app

    def read(self, work: Callable[[Connection], T]) -> T:
        return self._run(self.app.store.read(work))

    def write(self, work: Callable[[Connection], T]) -> T:
        return self._run(self.app.store.write(work))

    # --- the PBX and who is behind it ---

    def pbx_dies(self) -> None:
        self._run(self._pbx.kill())

    def pbx_comes_back(self) -> None:
        self._run(self._pbx.start())

    def client_hangs_up(self) -> None:
        """The far end of the call that is up puts the phone down."""

        async def hang_up() -> None:
            exchange = self._pbx.exchange
            for channel in list(exchange):
                if "CW_CALL" in channel.variables:
                    exchange.hang_up_far_end(channel)

        self._run(hang_up())

    def operator_phone_lost(self) -> None:
        """The phones in session are gone without a goodbye."""

        async def lose() -> None:
            for channel in list(self._pbx.exchange):
                if channel.context == "callwright-session":
                    self._pbx.exchange.hangup(channel)  # no word from its own end

        self._run(lose())

    def hang_up_all(self) -> None:
        """Whoever rang the line gives up."""

        async def hang_up() -> None:
            for channel in list(self._pbx.exchange):
                if channel.variables.get("CW_DIALLED"):
                    self._pbx.exchange.hangup(channel)

        self._run(hang_up())

    def call_in(self, number: str) -> None:
        """Somebody rings the Russian line, and is patient."""

        async def ring() -> None:
            self._pbx.exchange.call_in(
                number=number, name="", dialled=NUMBER_RU, patience_s=DEADLINE_S, talk_s=None
            )

        self._run(ring())

    def add_user(self, **who: Any) -> None:
        self._run(self.app.auth.create_user(**who))

    # --- inside ---

    def _make_voices(self) -> None:
        """The tape makes its voices at the first recording, which would come too late for the recorder."""
        self._tape.start("first", 0.0)
        self._tape.end("first", 0.5)
        done = self.folder / "monitor" / "first-out.wav"
        wait_until(lambda: done.stat().st_size > HEADER, DEADLINE_S, "the voices")

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_S)

    def _settings(self) -> Settings:
        return Settings(
            http=Http(port=self._port),
            store=StoreSettings(url=f"sqlite:///{self.folder / 'callwright.db'}"),
            pbx={"main": PbxSettings(port=self._pbx.port, secret=SECRET, allow_excess_rights=True)},
            phones=NOBODY,
            recordings=Recordings(source=str(self.folder / "monitor"), kept=str(self.folder / "kept")),
            lines=dict(LINES),
        )

    async def _seed(self) -> None:
        await seed(self.app.store, self.app.auth, utc_now)
        login, password = WEB_PHONE
        await self.app.auth.create_user(
            login=login,
            name="Wanda",
            password=password,
            role=Role.OPERATOR,
            language="en",
            phone_kind="webrtc",
            endpoint="op103",
            phone_secret="not a secret here",
        )
        login, password = LISTENER
        await self.app.auth.create_user(
            login=login,
            name="Boss",
            password=password,
            role=Role.SUPERVISOR,
            language="en",
            endpoint="op109",
        )


def password_of(login: str) -> str:
    known = {
        **{one.login: one.password for one in LOGINS},
        WEB_PHONE[0]: WEB_PHONE[1],
        LISTENER[0]: LISTENER[1],
    }
    return known[login]
