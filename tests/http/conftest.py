"""One whole daemon for all tests of this folder, its PBX away, and pages of users of every role."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import Connection, insert, update
from yarl import URL

from dialer.app import App, running
from dialer.auth.model import Role, User
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.clients import service as clients
from dialer.config import Http, LineSettings, PbxSettings, Recordings, Settings, StoreSettings
from dialer.reviews import service as reviews
from dialer.reviews.model import Card, Form, Question
from dialer.scripts import service as scripts
from dialer.scripts.command import read_script
from dialer.telephony.tables import calls, recordings, segments
from dialer.wiring import new_id, utc_now

PASSWORD = "long enough for tests"
SCRIPT = Path(__file__).resolve().parents[2] / "dialer/simulation/scripts/water_reorder_ru.yaml"
DEADLINE_S = 10.0
WAV = b"RIFF" + bytes(1000)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


class Page:
    """A browser's page of one user: its cookie, its origin, the header that only our own pages send."""

    def __init__(self, url: str) -> None:
        self.url = url
        jar = aiohttp.CookieJar(unsafe=True)
        timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
        self.http = aiohttp.ClientSession(cookie_jar=jar, timeout=timeout)
        self.user: User | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        data: Any = None,
        headers: dict[str, str | None] | None = None,
    ) -> Answer:
        """A request as our page sends it; `headers` change that, None leaves one out."""
        given: dict[str, str | None] = {"Origin": self.url, "X-Callwright": "1", "Accept-Language": "en"}
        if method == "GET":
            given = {"Accept-Language": "en"}
        elif data is not None:
            given["Content-Type"] = "application/json"
        sent = {name: value for name, value in (given | (headers or {})).items() if value is not None}
        url = URL(self.url + path, encoded=True)
        async with self.http.request(
            method, url, json=body, data=data, headers=sent, allow_redirects=False
        ) as answer:
            raw = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return Answer(
                answer.status, dict(answer.headers), await answer.json(content_type=None) if is_json else raw
            )

    async def get(self, path: str, **headers: str | None) -> Answer:
        return await self.ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    async def post(self, path: str, body: object, *, key: str | None = None) -> Answer:
        return await self.ask("POST", path, body, headers={"Idempotency-Key": key})

    async def press(self, verb: str, body: object, *, key: str | None = None) -> dict[str, Any]:
        """A verb of the desk; the whole frame that answers it."""
        answer = await self.post(f"/api/v1/desk/{verb}", body, key=key)
        assert answer.status == 200, answer
        frame: dict[str, Any] = answer.body
        return frame

    async def log_in(self, login: str, password: str = PASSWORD) -> Answer:
        return await self.post("/api/v1/login", {"login": login, "password": password})

    @asynccontextmanager
    async def live(self, query: str = "", **headers: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = self.url.replace("http", "ws", 1) + "/api/v1/live" + query
        async with self.http.ws_connect(url, headers={"Origin": self.url} | headers) as socket_:
            yield socket_


async def frame_of(page: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    message = await page.receive(timeout=DEADLINE_S)
    assert message.type is aiohttp.WSMsgType.TEXT, message
    frame: dict[str, Any] = message.json()
    return frame


@dataclass
class House:
    """The running daemon and what stands in its store."""

    app: App
    folder: Path
    campaign_id: int = 0
    call_id: str = ""
    users: dict[Role, User] = field(default_factory=dict)
    pages: dict[Role, Page] = field(default_factory=dict)
    _opened: list[Page] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def origin(self) -> str:
        return self.app.url

    def page(self) -> Page:
        """A new browser, not logged in."""
        made = Page(self.app.url)
        self._opened.append(made)
        return made

    async def add_user(self, role: Role, **more: Any) -> User:
        number = next(self._serial)
        made = await self.app.auth.create_user(
            login=f"{role.value}{number}", name=f"{role.value} {number}", password=PASSWORD, role=role, **more
        )
        assert isinstance(made, User)
        return made

    async def entered(self, role: Role = Role.OPERATOR, **more: Any) -> Page:
        """The page of a new user, logged in; an operator's in the campaign."""
        page, user = self.page(), await self.add_user(role, **more)
        page.user = user
        assert (await page.log_in(user.login)).status == 200
        return page

    async def add_clients(self, count: int) -> None:
        def add(conn: Connection) -> None:
            for _ in range(count):
                number = f"+7900{next(self._serial):07d}"
                client = clients.create(conn, name="Клиент", numbers=[(number, "")], now=utc_now())
                campaigns.add_entry(conn, campaign_id=self.campaign_id, client_id=client, now=utc_now())

        await self.app.store.write(add)

    async def with_client(self) -> tuple[Page, dict[str, Any]]:
        """An operator's page with a client of the campaign on it."""
        await self.add_clients(1)
        page = await self.entered()
        await page.press("campaign", {"campaign": self.campaign_id})
        return page, await page.press("next", {})

    async def close(self) -> None:
        for page in self._opened:
            await page.http.close()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def settings_in(folder: Path, **pbx: Any) -> Settings:
    return Settings(
        http=Http(port=0),
        store=StoreSettings(url=f"sqlite:///{folder}/store.db"),
        pbx={"main": PbxSettings(port=closed_port(), **pbx)},
        recordings=Recordings(source=str(folder / "monitor"), kept=str(folder / "kept")),
        lines={"main": LineSettings(dial="PJSIP/{number}@trunk")},
    )


def fill(conn: Connection) -> tuple[int, str]:
    """A campaign with a script, and a call with its recording in it."""
    now = utc_now()
    script, findings = read_script(SCRIPT)
    assert script is not None, findings
    script_id = scripts.publish(conn, script, now)
    water = Campaign(name="Вода", language="ru", line="main", script_id=script_id, dispositions=OUTBOUND)
    campaign_id = campaigns.create(conn, water, now)
    client = clients.create(conn, name="Анна", numbers=[("+79161234567", "")], now=now)
    call_id = new_id()
    row = {"id": call_id, "direction": "outbound", "leg": call_id, "line": "main", "number": "+79161234567"}
    times = {"started_at": now, "answered_at": now, "bridged_at": now, "ended_at": now + timedelta(seconds=9)}
    conn.execute(insert(calls), {**row, **times, "campaign_id": campaign_id, "client_id": client})
    conn.execute(insert(recordings), {"call_id": call_id, "state": "ready"})
    first = {"call_id": call_id, "number": 1, "state": "ready", "started_at": now, "duration_s": 9.0}
    conn.execute(insert(segments), first)
    return campaign_id, call_id


def add_review(conn: Connection, house: House) -> None:
    """A review of the call, given to the operator."""
    operator, reviewer, now = house.users[Role.OPERATOR].id, house.users[Role.REVIEWER].id, utc_now()
    conn.execute(update(calls).where(calls.c.id == house.call_id).values(operator_id=operator))
    form = Form(name="Card", questions=(Question(id="greeting", text="Greeting", points=1),))
    published = reviews.publish_form(conn, form, of=None, by=reviewer, now=now)
    assert isinstance(published, reviews.FormRow)
    begun = reviews.begin(conn, house.call_id, published.id, reviewer_id=reviewer, now=now)
    assert isinstance(begun, int), begun
    card = Card(scores={"greeting": 1})
    assert reviews.fill_in(conn, begun, card, reviewer_id=reviewer, give=True, now=now) is None


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with running(settings_in(folder)) as app:
        made = House(app=app, folder=folder)
        made.campaign_id, made.call_id = await app.store.write(fill)
        (folder / "kept" / f"{made.call_id}.wav").write_bytes(WAV)
        (folder / "secret.wav").write_bytes(b"not yours")
        for role in Role:
            page = await made.entered(role)
            made.pages[role] = page
            assert page.user is not None
            made.users[role] = page.user
        await app.store.write(lambda conn: add_review(conn, made))
        yield made
        await made.close()


async def eventually(holds: Any, deadline_s: float = DEADLINE_S) -> None:
    """Wait for something that nobody announces; looks twenty times a second."""
    async with asyncio.timeout(deadline_s):
        while not holds():
            await asyncio.sleep(0.05)
