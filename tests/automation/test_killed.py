"""Kill -9 in the midst of a run: no answered step is lost, none is there twice, its actions are done once."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from sqlalchemy import Connection, select

from dialer.automation.tables import actions_done, deliveries
from dialer.clients import service as clients
from dialer.planning.tables import tasks
from dialer.scripts.tables import steps
from dialer.store import Store
from tests.automation import pressing
from tests.fresh_store import fresh_store

KILLS = 200
DEADLINE_S = 30
LONGEST_LIFE_S = 0.08


class Receiver:
    """Takes web hooks; whoever comes twice has come once. `effects`: bodies by key; `came`: how often."""

    def __init__(self) -> None:
        self.effects: dict[str, bytes] = {}
        self.came: dict[str, int] = defaultdict(int)
        self.took = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        key, body = request.headers["Idempotency-Key"], await request.read()
        assert self.effects.setdefault(key, body) == body
        self.came[key] += 1
        self.took.set()
        return web.Response()


async def until_killed(url: str, hook: str, acknowledged: int, rng: random.Random) -> int:
    """One life, ended at a random moment; gives the last step that it acknowledged."""
    process, pipe = await asyncio.to_thread(pressing.start, url, hook, acknowledged, 10**9)

    def watch() -> int:
        told = acknowledged
        deadline = rng.uniform(0, LONGEST_LIFE_S)
        early = rng.random() < 0.2  # sometimes before it has done anything
        if not early:
            assert pipe.poll(DEADLINE_S), "the child does nothing"
        with contextlib.suppress(EOFError):
            for _ in range(rng.randrange(0, 12)):
                if not pipe.poll(deadline):
                    break
                told = pipe.recv()
        process.kill()
        with contextlib.suppress(EOFError):  # what it told before it died
            while pipe.poll(DEADLINE_S):
                told = pipe.recv()
        process.join(DEADLINE_S)
        return told

    return await asyncio.to_thread(watch)


@pytest.mark.many
@pytest.mark.timeout(400)  # 200 lives, each with commits to the disk, beside other tests
async def test_killed_at_200_random_moments_nothing_is_lost_and_nothing_is_twice(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await fresh_store(path)
    await store.write(pressing.prepare)
    await store.close()
    receiver, url, rng = Receiver(), f"sqlite:///{path}", random.Random(11)
    app = web.Application()
    app.router.add_post("/", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    last = 0
    for _ in range(KILLS):
        last = await until_killed(url, hook, last, rng)
    await _last_life(url, hook, last, receiver)
    await runner.cleanup()
    await _judge(path, last, receiver)
    assert last > KILLS


async def _last_life(url: str, hook: str, last: int, receiver: Receiver) -> None:
    """Nothing more is pressed but what nobody acknowledged; all that waits is sent."""
    process, pipe = await asyncio.to_thread(pressing.start, url, hook, last, last + 1)
    assert await asyncio.to_thread(pipe.poll, DEADLINE_S) and pipe.recv() == last + 1
    async with asyncio.timeout(DEADLINE_S):
        while len(receiver.effects) < last + 1:
            receiver.took.clear()
            await receiver.took.wait()
    process.kill()
    process.join(DEADLINE_S)


async def _judge(path: Path, last: int, receiver: Receiver) -> None:
    store = await Store.open(f"sqlite:///{path}")
    answered = list(range(1, last + 2))

    def read(conn: Connection) -> tuple[list[int], list[str], list[tuple[int, int]], list[str], str]:
        return (
            list(conn.execute(select(steps.c.seq).order_by(steps.c.seq)).scalars()),
            list(conn.execute(select(tasks.c.text).order_by(tasks.c.id)).scalars()),
            [tuple(row) for row in conn.execute(select(actions_done.c.seq, actions_done.c.nth))],
            list(conn.execute(select(deliveries.c.id)).scalars()),
            clients.load(conn, 1).fields["Last"],
        )

    seqs, texts, done, sent, last_field = await store.read(read)
    await store.close()
    assert seqs == answered
    assert texts == [str(step) for step in answered], "each task once, in its order"
    assert sorted(done) == [(step, nth) for step in answered for nth in range(3)]
    assert last_field == str(last + 1)
    assert set(sent) == set(receiver.effects) == {f"R-{step}-2" for step in answered}
    told = {key: msgspec.json.decode(body)["data"]["n"] for key, body in receiver.effects.items()}
    assert told == {f"R-{step}-2": str(step) for step in answered}
