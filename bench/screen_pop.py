"""How long it takes from a call's first bytes to the card on the operator's screen.

A daemon (`dialer serve`) in a process of its own over a store of clients; a PBX and the pages in another one, so
that one clock measures. Half of the callers are clients, the others are unknown; a caller gives up after a
moment, and the call is withdrawn from the page.

- `socket_p99_ms`: from the write of the event that offers the call to the whole frame at the page's socket, with
  300 operators in session and 20 new calls a second. Baseline: an echo of the same bytes over the same libraries
  and one bare commit (bench/echo.py), with as many sockets and calls.
- `paint_p99_ms`: from the same write to the card painted in Chromium, one page, no other load. No baseline.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import uvloop

from bench.feeder import Feeder, inbound
from bench.figures import figure, percentile, say, size, spread
from bench.office import number_of, token_of
from bench.paint import measure_paint
from bench.process import daemon, filled, started
from bench.sockets import Page, open_page
from dialer.auth.model import User
from tests.ami.fake_server import serving

SEED = 20261122
CLIENTS = {"smoke": 100, "default": 10_000, "full": 1_000_000}
SIZES = {  # operators, calls a second, seconds
    "smoke": (4, 10, 1.0),
    "default": (300, 20, 25.0),
    "full": (300, 20, 300.0),
}
PAINTS = {"smoke": 2, "default": 40, "full": 200}
PATIENCE_S = 1.0
FIRST_S = 2.0  # caches fill, nothing counts
LATE_S = 5.0
_NUMBER = re.compile(rb'"number":"([^"]*)"\}')


class Pops:
    """Which calls were offered, when, and how long each took to its page."""

    def __init__(self) -> None:
        self._offered: dict[bytes, float] = {}
        self.took: list[float] = []

    def offer(self, number: str, at: float) -> None:
        self._offered[number[-10:].encode()] = at

    def frame(self, payload: bytes, at: float) -> None:
        if b'"state":"offered"' not in payload:
            return
        numbers = _NUMBER.findall(payload)
        digits = bytes(c for c in numbers[-1] if 48 <= c <= 57)[-10:] if numbers else b""
        begun = self._offered.pop(digits, None)
        if begun is not None:
            self.took.append(at - begun)

    @property
    def missing(self) -> int:
        return len(self._offered)


def callers(clients: int) -> Callable[[], str]:
    """Numbers of callers: a client and an unknown one by turns, none twice within a short time."""
    rng, serial = random.Random(SEED), itertools.count()
    known = itertools.cycle(rng.sample(range(1, clients + 1), min(clients, 5000)))

    def caller() -> str:
        number = next(serial)
        return number_of(next(known)) if number % 2 else f"+7911{number:07d}"

    return caller


async def at_rate(
    rate: int, seconds: float, pops: Pops, call: Callable[[str, str], float], caller: Callable[[], str]
) -> None:
    """New calls at an even pace; the first do not count."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    first = min(FIRST_S, seconds / 4)
    for number in range(int((first + seconds) * rate)):
        await asyncio.sleep(start + number / rate - loop.time())
        if number == int(first * rate):
            pops.took.clear()
        who = caller()
        pops.offer(who, call(f"{1_795_368_676 + number}.{number % 997}", who))
    deadline = loop.time() + LATE_S
    while pops.missing and loop.time() < deadline:
        await asyncio.sleep(0.05)


async def run_daemon(folder: Path) -> list[float]:
    operators, rate, seconds = SIZES[size()]
    clients = CLIENTS[size()]
    say(f"screen_pop: {operators} operators, {clients} clients, {rate} calls/s for {seconds:g} s ...")
    users = await filled(folder, operators=operators, clients=clients)
    pops = Pops()
    loop = asyncio.get_running_loop()
    async with serving(Feeder()) as feeder, daemon(folder, feeder.port) as port:
        pages = [await open_page(port, "/api/v1/live", token_of(user), pops.frame) for user in users]
        await into_session(port, users)

        def call(leg: str, number: str) -> float:
            begun = feeder.call_in(leg, number)
            loop.call_later(PATIENCE_S, feeder.caller_gives_up, leg, number)
            return begun

        gc.collect()
        gc.freeze()
        await at_rate(rate, seconds, pops, call, callers(clients))
        _close(pages)
    if pops.missing:
        say(f"screen_pop: {pops.missing} calls never came to a page, each counts as {LATE_S:g} s")
    return pops.took + [LATE_S] * pops.missing


async def into_session(port: int, users: list[User]) -> None:
    base = f"http://127.0.0.1:{port}"
    limit = asyncio.Semaphore(20)

    async def press(http: aiohttp.ClientSession, user: User) -> None:
        headers = {"Origin": base, "X-Callwright": "1", "Cookie": f"callwright={token_of(user)}"}
        async with limit, http.post(f"{base}/api/v1/desk/session", json={"on": True}, headers=headers) as r:
            text = await r.text()
            if r.status != 200 or '"refused":{' in text:
                raise SystemExit(f"no session: {r.status} {text[:300]}")

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(press(http, user) for user in users))


async def run_echo(folder: Path) -> list[float]:
    operators, rate, seconds = SIZES[size()]
    pops = Pops()
    async with started("-m", "bench.echo", str(folder)) as said:
        http_port, event_port = map(int, said.split())
        pages = [await open_page(http_port, "/live", "none", pops.frame) for _ in range(operators)]
        _, writer = await asyncio.open_connection("127.0.0.1", event_port)

        def call(leg: str, number: str) -> float:
            offer = inbound(leg, number).encode()
            begun = time.perf_counter()
            writer.write(offer)
            return begun

        await at_rate(rate, seconds / 2, pops, call, callers(CLIENTS[size()]))
        _close(pages)
        writer.close()
    return pops.took


def _close(pages: list[Page]) -> None:
    for page in pages:
        if page.transport is not None:
            page.transport.abort()


async def in_folder(work: Callable[[Path], Awaitable[list[float]]]) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="callwright-bench-", dir=Path.cwd()) as folder:
        return await work(Path(folder))


async def main() -> None:
    echo = await in_folder(run_echo)
    say(f"echo: ms {spread(echo)}")
    ours = await in_folder(run_daemon)
    say(f"daemon: ms {spread(ours)}")
    p99 = [percentile(all_of, 0.99) * 1000 for all_of in (ours, echo)]
    figure("screen_pop", "socket_p99_ms", p99[0], "ms", baseline=p99[1], n=len(ours))
    paints = await in_folder(lambda folder: measure_paint(folder, PAINTS[size()]))
    if paints:
        say(f"paint: ms {spread(paints)}")
        figure("screen_pop", "paint_p99_ms", percentile(paints, 0.99) * 1000, "ms", n=len(paints))


if __name__ == "__main__":
    uvloop.run(main())
