"""How long an operator waits for the next client.

200 operators, each with the page open, press Next within one second, at moments drawn anew each round (seeded):
the rules, the claim, the card, the script's first block, the commit to the disk (`synchronous=FULL`), the whole
desk drawn and encoded for the answer and for the page's websocket. Measured in the daemon's process from the
moment of the press to the answer's bytes. Between rounds everybody gives a result and saves.

- `p99_ms`. Baseline: the claim statement alone, a unit of work in the same store, at the same moments.
- `rate_vs_bare`: presses answered a second, from the first press to the last answer of a round. Baseline: the
  claim statement alone at the same moments.
- `at_once`: presses answered a second when all press in the same instant. Baseline: claim statements alone, which
  share their commits and draw no desk.
"""

from __future__ import annotations

import asyncio
import gc
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from sqlalchemy import Connection, update

from bench.figures import figure, percentile, say, size, spread
from bench.office import LINE, add_campaign, add_clients, add_operators
from dialer.auth.model import User
from dialer.bus.inprocess import InProcessBus
from dialer.campaigns import claim as claims_of
from dialer.campaigns import service as campaigns
from dialer.campaigns.model import Campaign
from dialer.campaigns.tables import entries
from dialer.desk.room import Room
from dialer.desk.service import Desks, World
from dialer.events import ResultSaved
from dialer.store import prepared
from dialer.store.engine import Store
from dialer.store.outbox import Envelope, Outbox
from dialer.telephony.identity import ulid
from dialer.telephony.lines import Line
from dialer.telephony.switchboards import Switchboards
from tests.desk.fake_pbx import FakePbx

SEED = 20261122
WITHIN_S = 1.0
SIZES = {"smoke": (10, 100, 1), "default": (200, 20_000, 8), "full": (200, 1_000_000, 50)}
Press = Callable[[Room], Awaitable[None]]


@dataclass
class Floor:
    """The office under measurement."""

    store: Store
    desks: Desks
    rooms: list[Room]
    campaign: Campaign


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def floor(operators: int, clients: int) -> AsyncIterator[Floor]:
    with tempfile.TemporaryDirectory(prefix="callwright-bench-", dir=Path.cwd()) as folder:
        store = await Store.open(f"sqlite:///{folder}/store.db")
        await store.migrate()
        campaign_id = await add_campaign(store, now())
        await add_clients(store, clients, campaign_id, now())
        users = await add_operators(store, operators, now())
        bus = InProcessBus(Outbox(store))
        bus.subscribe(ResultSaved, handler=_nothing, name="nothing")
        await bus.start()
        desks = Desks(_world(store, users))
        await desks.start()
        rooms = [await _seated(desks, user, campaign_id) for user in users]
        campaign = await store.read(lambda conn: campaigns.load(conn, campaign_id))
        assert campaign is not None
        gc.collect()
        gc.freeze()  # as the daemon does once it is up
        yield Floor(store, desks, rooms, campaign)
        await desks.stop()
        await bus.stop()
        await store.close()


async def _nothing(envelope: Envelope) -> None:
    pass


def _world(store: Store, users: list[User]) -> World:
    by_id = {user.id: user for user in users}

    async def find(user_id: int) -> User | None:
        return by_id.get(user_id)

    line = Line(name=LINE, dial="PJSIP/{number}@trunk", caller_id="", region="RU", capacity=300, called=())
    return World(
        store=store,
        pbxs={FakePbx.name: FakePbx()},
        switchboard=Switchboards([FakePbx.name]),
        lines={LINE: line},
        now=now,
        new_id=lambda: ulid(int(time.time() * 1000), secrets.randbits(80)),
        find_user=find,
    )


async def _seated(desks: Desks, user: User, campaign_id: int) -> Room:
    await desks.rooms.watch(user)
    room = await desks.rooms.of(user)
    await desks.press(user, "", lambda r: desks.verbs.choose_campaign(r, campaign_id))
    return room


# --- what is measured -----------------------------------------------------------------------------------------


async def ours(floor: Floor, room: Room) -> None:
    frame = await floor.desks.press(room.user, "", floor.desks.verbs.next)
    if b'"state":"preview"' not in frame:
        raise SystemExit(f"a press got no client: {frame[-300:]!r}")


async def bare(floor: Floor, room: Room) -> None:
    claimed = await floor.store.write(lambda conn: _bare_claim(conn, floor.campaign, room.user.id))
    if not claimed:
        raise SystemExit("a bare claim got no client")


def _bare_claim(conn: Connection, campaign: Campaign, operator_id: int) -> int:
    values = claims_of._claim_values(campaign, operator_id, now(), now())
    row = prepared.first(conn, claims_of._CLAIM, values)
    return row.id if row is not None else 0


async def put_back_ours(floor: Floor) -> None:
    verbs = floor.desks.verbs

    async def result(room: Room) -> None:
        await verbs.draft(room, {"disposition": "no_answer"}, None)
        await verbs.save(room, False)

    await asyncio.gather(*(floor.desks.press(room.user, "", result) for room in floor.rooms))


async def put_back_bare(floor: Floor) -> None:
    """Bare claims left nothing behind but the entries' state."""
    back = update(entries).where(entries.c.state == "claimed").values(state="waiting", holder_id=None)
    await floor.store.write(lambda conn: conn.execute(back) and None)


One = Callable[[Floor, Room], Awaitable[None]]


async def at_moments(floor: Floor, one: One, moments: list[float]) -> list[float]:
    """Each operator's wait, from when they pressed."""
    loop = asyncio.get_running_loop()
    start = loop.time() + 0.05

    async def press(room: Room, moment: float) -> float:
        await asyncio.sleep(start + moment - loop.time())
        pressed = min(loop.time(), start + moment)  # a loop that came late to the press made them wait
        await one(floor, room)
        return loop.time() - pressed

    return await asyncio.gather(
        *(press(room, moment) for room, moment in zip(floor.rooms, moments, strict=True))
    )


async def at_once(floor: Floor, one: One) -> float:
    """Carried out a second."""
    begun = time.perf_counter()
    await asyncio.gather(*(one(floor, room) for room in floor.rooms))
    return len(floor.rooms) / (time.perf_counter() - begun)


async def main() -> None:
    operators, clients, rounds = SIZES[size()]
    rng = random.Random(SEED)
    waits: dict[str, list[float]] = {"ours": [], "bare": []}
    paces: dict[str, list[float]] = {"ours": [], "bare": []}
    bursts: dict[str, list[float]] = {"ours": [], "bare": []}
    ways: dict[str, tuple[One, Callable[[Floor], Awaitable[None]]]] = {
        "ours": (ours, put_back_ours),
        "bare": (bare, put_back_bare),
    }
    say(f"next_entry: {operators} operators, a pool of {clients}, {rounds} rounds ...")
    async with floor(operators, clients) as office:
        for one, put_back in ways.values():  # the first presses fill caches
            await at_once(office, one)
            await put_back(office)
        for number in range(rounds):
            moments = [rng.uniform(0, WITHIN_S) for _ in range(operators)]
            for name, (one, put_back) in ways.items():
                took = await at_moments(office, one, moments)
                waits[name] += took
                last = max(moment + wait for moment, wait in zip(moments, took, strict=True))
                paces[name].append(operators / (last - min(moments)))
                await put_back(office)
                say(f"round {number + 1}, {name}: ms {spread(took)}")
                bursts[name].append(await at_once(office, one))
                await put_back(office)
        say(f"all rounds: ours {spread(waits['ours'])}; bare {spread(waits['bare'])}")
        say(f"at once: { ({name: [round(r) for r in all] for name, all in bursts.items()}) }")
    p99 = {name: percentile(waits[name], 0.99) * 1000 for name in ways}
    figure("next_entry", "p99_ms", p99["ours"], "ms", baseline=p99["bare"], n=len(waits["ours"]))
    for name, rates in (("rate_vs_bare", paces), ("at_once", bursts)):
        mine, theirs = statistics.median(rates["ours"]), statistics.median(rates["bare"])
        figure("next_entry", name, mine, "1/s", baseline=theirs, n=rounds * operators)


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)  # as the daemon does
    uvloop.run(main())
