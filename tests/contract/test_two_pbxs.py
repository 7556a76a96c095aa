"""One daemon, two virtual PBXs, both recorded and worked at: one is killed and comes back, and the other works on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from dialer.app import App, running, utc_now
from dialer.auth.model import Role, User
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import INBOUND, OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.clients import service as clients
from dialer.config import Http, LineSettings, PbxSettings, Recordings, Settings, StoreSettings
from dialer.desk.room import Room
from dialer.desk.view import DeskState, DeskView
from dialer.simulation.manager import Account
from dialer.simulation.population import ByDigits
from dialer.simulation.recording import WavTape
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.telephony.tables import calls, recordings

DEADLINE_S = 20.0
NUMBERS = {"south": "+74951230001", "north": "+74951230002"}


@dataclass
class Company:
    app: App
    pbxs: dict[str, VirtualPbx]
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


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with AsyncExitStack() as stack:
        pbxs = {name: await _pbx(tmp_path / name, stack) for name in NUMBERS}
        app = await stack.enter_async_context(running(_settings(tmp_path, pbxs)))
        made = Company(app=app, pbxs=pbxs, rooms={}, campaigns={})
        for name in NUMBERS:
            made.campaigns[name] = await app.store.write(lambda conn, name=name: _fill(conn, name))  # type: ignore[misc]
            made.rooms[name] = await _seated(made, name, stack)
        yield made


async def _pbx(recordings_of: Path, stack: AsyncExitStack) -> VirtualPbx:
    tape = WavTape(recordings_of)
    stack.callback(tape.close)
    made = VirtualPbx(ends=ByDigits(ring_s=0.05), account=Account(secret="s"), tape=tape)
    await made.start()
    stack.push_async_callback(made.stop)
    return made


def _settings(folder: Path, pbxs: dict[str, VirtualPbx]) -> Settings:
    return Settings(
        http=Http(port=0),
        store=StoreSettings(url=f"sqlite:///{folder}/store.db"),
        pbx={
            name: PbxSettings(
                port=pbx.port, secret="s", recordings=str(folder / name), phones_ws=f"ws://{name}:8088/ws"
            )
            for name, pbx in pbxs.items()
        },
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
        phone = f"{NUMBERS[line][:-3]}{'1' if line == 'south' else '2'}{number:02}"
        client = clients.create(conn, name=f"Client {phone}", numbers=[(phone, "")], now=now)
        campaigns.add_entry(conn, campaign_id=campaign_id, client_id=client, now=now)
    return campaign_id


async def _seated(company: Company, pbx: str, stack: AsyncExitStack) -> Room:
    desks = company.app.desks
    user = await company.app.auth.create_user(
        login=pbx, name=pbx, password="long enough", role=Role.OPERATOR, endpoint="op101", pbx=pbx
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


async def test_two_pbxs_one_killed_and_the_others_calls_sessions_and_desks_go_on(company: Company) -> None:
    south, north = company.rooms["south"], company.rooms["north"]
    ours, theirs = await company.talks(south), await company.talks(north)
    session = south.desk.session_leg
    seq = south.seq
    await company.pbxs["north"].kill()
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

    await company.pbxs["north"].start()
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


async def test_a_caller_is_offered_to_operators_at_the_pbx_where_they_call(company: Company) -> None:
    south, north = company.rooms["south"], company.rooms["north"]
    company.pbxs["north"].exchange.call_in(
        number="+79990000001", name="", dialled=NUMBERS["north"], patience_s=DEADLINE_S, talk_s=None
    )
    await company.until(north, lambda view: view.state is DeskState.OFFERED)
    assert company.app.desks.rooms.view(south).state is DeskState.READY
    await company.press(north, company.app.desks.verbs.answer)
    await company.until(north, lambda view: call_is(view, "bridged"))
    company.pbxs["north"].exchange.call_in(
        number="+79990000002", name="", dialled=NUMBERS["north"], patience_s=DEADLINE_S, talk_s=None
    )
    async with asyncio.timeout(DEADLINE_S):
        while not await _lost(company):
            await asyncio.sleep(0.05)
    assert company.app.desks.rooms.view(south).state is DeskState.READY, "free, and at another PBX"


async def _lost(company: Company) -> bool:
    found = await company.app.store.read(
        lambda conn: list(conn.execute(select(calls.c.pbx).where(calls.c.end_reason == "fell_back")))
    )
    assert all(row.pbx == "north" for row in found)
    return bool(found)
