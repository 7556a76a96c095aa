"""A company with an operator at each of two PBXs, and what it must bear; run on virtual PBXs and on real ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from dialer.app import App, running
from dialer.auth.model import Role, User
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import INBOUND, OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.clients import service as clients
from dialer.config import Http, LineSettings, PbxSettings, Recordings, Settings, StoreSettings
from dialer.desk.room import Room
from dialer.desk.view import DeskState, DeskView
from dialer.telephony.tables import calls, recordings
from dialer.wiring import utc_now

DEADLINE_S = 20.0
NUMBERS = {"south": "+74951230001", "north": "+74951230002"}


@dataclass(kw_only=True)
class Site:
    """One PBX under test. `kill` ends it without a word, `start` begins another life of it."""

    settings: PbxSettings
    endpoint: str
    kill: Callable[[], Awaitable[None]]
    start: Callable[[], Awaitable[None]]


@dataclass
class Company:
    app: App
    sites: Mapping[str, Site]
    rooms: dict[str, Room]
    campaigns: dict[str, int]

    async def press(self, room: Room, verb: Callable[[Room], object]) -> DeskView:
        await self.app.desks.press(room.user, "", verb)  # type: ignore[arg-type]
        return self.app.desks.rooms.view(room)

    async def until(self, room: Room, wanted: Callable[[DeskView], bool]) -> DeskView:
        """Wait until the desk looks as wanted; each change of a desk wakes a watcher."""
        watcher = await self.app.desks.rooms.watch(room.user)
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not wanted(self.app.desks.rooms.view(room)):
                    await watcher.next()
        finally:
            await self.app.desks.rooms.unwatch(room.user, watcher)
        return self.app.desks.rooms.view(room)

    async def talks(self, room: Room) -> str:
        """The operator dials the next client and is joined with them; gives the call's id."""
        verbs = self.app.desks.verbs
        await self.press(room, verbs.next)
        await self.press(room, lambda r: verbs.dial(r, None))
        view = await self.until(room, lambda view: call_is(view, "bridged"))
        assert view.work is not None and view.work.call is not None
        return view.work.call.id

    async def wraps_up(self, room: Room) -> None:
        verbs = self.app.desks.verbs
        await self.until(room, lambda view: view.state is DeskState.WRAPUP)
        await self.press(room, lambda r: verbs.draft(r, {"disposition": "no_answer"}, None))
        await self.press(room, lambda r: verbs.save(r, False))

    async def recorded(self, call_id: str) -> str:
        """What came of the recording of a call; looks until it is finished."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                state = await self.app.store.read(
                    lambda conn: conn.execute(
                        select(recordings.c.state).where(recordings.c.call_id == call_id)
                    ).scalar()
                )
                if state not in (None, "writing"):
                    return str(state)
                await asyncio.sleep(0.05)


def call_is(view: DeskView, state: str) -> bool:
    return view.work is not None and view.work.call is not None and view.work.call.state == state


@asynccontextmanager
async def company_of(sites: Mapping[str, Site], folder: Path) -> AsyncIterator[Company]:
    """The daemon, connected to both, with an operator in session at each."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(running(_settings(folder, sites)))
        made = Company(app=app, sites=sites, rooms={}, campaigns={})
        for name in NUMBERS:
            made.campaigns[name] = await app.store.write(lambda conn, name=name: _fill(conn, name))  # type: ignore[misc]
            made.rooms[name] = await _seated(made, name, stack)
        yield made


def _settings(folder: Path, sites: Mapping[str, Site]) -> Settings:
    return Settings(
        http=Http(port=0),
        store=StoreSettings(url=f"sqlite:///{folder}/store.db"),
        pbx={name: site.settings for name, site in sites.items()},
        recordings=Recordings(source=str(folder / "nowhere"), kept=str(folder / "kept")),
        lines={
            name: LineSettings(dial="PJSIP/{number}@trunk", pbx=name, called=(NUMBERS[name],))
            for name in NUMBERS
        },
    )


def _fill(conn: Connection, line: str) -> int:
    """Two campaigns of the line, out and in, with clients who answer and stay."""
    now = utc_now()
    out = Campaign(name=f"{line} out", language="en", line=line, dispositions=OUTBOUND, attempt_pause_s=0)
    campaign_id = campaigns.create(conn, out, now)
    into = Campaign(name=f"{line} in", language="en", line=line, kind="inbound", dispositions=INBOUND)
    campaigns.create(conn, into, now)
    for number in range(3):
        phone = f"{NUMBERS[line][:-3]}{'1' if line == 'south' else '3'}{number:02}"
        client = clients.create(conn, name=f"Client {phone}", numbers=[(phone, "")], now=now)
        campaigns.add_entry(conn, campaign_id=campaign_id, client_id=client, now=now)
    return campaign_id


async def _seated(company: Company, pbx: str, stack: AsyncExitStack) -> Room:
    desks = company.app.desks
    user = await company.app.auth.create_user(
        login=pbx,
        name=pbx,
        password="long enough",
        role=Role.OPERATOR,
        endpoint=company.sites[pbx].endpoint,
        pbx=pbx,
    )
    assert isinstance(user, User)
    watcher = await desks.rooms.watch(user)
    stack.push_async_callback(desks.rooms.unwatch, user, watcher)
    room = await desks.rooms.of(user)
    await company.until(room, lambda view: view.pbx_up)
    await company.press(room, lambda r: desks.verbs.choose_campaign(r, company.campaigns[pbx]))
    await company.press(room, desks.verbs.start_session)
    await company.until(room, lambda view: view.session_up)
    return room


async def one_killed_and_the_other_works_on(company: Company) -> None:
    """Its calls, its session and its desk are not even touched; the killed one comes back to a life of its own."""
    south, north = company.rooms["south"], company.rooms["north"]
    ours, theirs = await company.talks(south), await company.talks(north)
    session = south.desk.session_leg
    seq = south.seq
    await company.sites["north"].kill()
    await company.until(north, lambda view: not view.pbx_up)
    view = company.app.desks.rooms.view(south)
    assert view.pbx_up and view.session_up and call_is(view, "bridged")
    assert south.seq == seq, "nothing on the other desk changed, not even a frame"
    refused = await company.press(north, company.app.desks.verbs.hangup)
    assert refused.refusal is not None and refused.refusal.code == "pbx_away"

    # The south works on while the north is away: another call, from hanging up to talking.
    await company.press(south, company.app.desks.verbs.hangup)
    await company.wraps_up(south)
    again = await company.talks(south)

    await company.sites["north"].start()
    await company.until(north, lambda view: view.pbx_up and call_is(view, "ended"))
    assert company.app.switchboard.calls[theirs].end_reason == "pbx_restarted"
    await company.wraps_up(north)
    assert call_is(company.app.desks.rooms.view(south), "bridged")
    assert south.desk.session_leg == session, "the session of the south is the one it began with"
    await company.press(north, company.app.desks.verbs.start_session)
    await company.until(north, lambda view: view.session_up)
    await company.talks(north)

    rows = await company.app.store.read(lambda conn: list(conn.execute(select(calls.c.id, calls.c.pbx))))
    assert {row.pbx for row in rows if row.id in (ours, again)} == {"south"}
    assert {row.pbx for row in rows if row.id == theirs} == {"north"}
    assert await company.recorded(ours) == "ready", (
        "each PBX's recordings are fetched from where it writes them"
    )
