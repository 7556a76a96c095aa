"""What a flood of events does to the daemon: a real Asterisk says 20,000 a second, and calls come in meanwhile.

Loops in the dialplan say user events that the daemon understands (tests/rig/flood.py) and count them; Asterisk drops
a reader that does not read for 100 ms. 50 operators are in session on SIP phones, and calls come in for them, in the
quiet first (the baseline), then in the flood. The daemon is a process of its own.

- `events_per_s`: what came over the wire and was handed on. The connection was kept, else the benchmark fails.
- `lag_p99_ms`: how late events are handed on, by Asterisk's own time: of each 50 ms the worst, of those the p99.
- `pop_p99_ms`: from the moment at which the dialplan says that a call is there to the frame at the operator's page.
- `pops_missed`: calls that came to no page, because the dialplan's half second was over when we heard of them.
- `rss_growth_mb`: how much more memory the daemon has at the most in the flood than before it.

Needs root and what the tests with a real Asterisk need; where that is missing it says so and measures nothing.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import uvloop

from bench.figures import figure, percentile, say, size, spread
from bench.office import NUMBER, token_of
from bench.process import configured, filled, started
from bench.screen_pop import callers, into_session
from bench.sockets import Page, open_page
from tests.rig import missing
from tests.rig.asterisk import AMI_PORT, AsteriskServer
from tests.rig.crowd import add_phones
from tests.rig.far_end import desk_phones
from tests.rig.flood import LOOPS, Flood, prepare
from tests.rig.network import Network

SIZES = {"smoke": (16, 2.0), "default": (50, 60.0), "full": (50, 300.0)}  # operators, seconds of flood
RATE = 20_000  # events a second
CALLS = 10  # a second
CLIENTS = 1_000
SESSIONS_S = 30.0
PRIORITY = -10
LATE_S = 5.0
_NUMBER = re.compile(rb'"number":"([^"]*)"\}')
_CALLERS = """
[bench-caller]
exten => s,1,Answer()
 same => n,Wait(1.2)
 same => n,Hangup()
"""
_ACCOUNT = """
[bench]
secret = {secret}
permit = 127.0.0.1/255.255.255.255
read =
write = originate
"""


@dataclass
class Calls:
    """Calls from outside: when the dialplan spoke of each, and when it stood on a page. By the wall clock."""

    made: int = 0
    offered: dict[bytes, float] = field(default_factory=dict)
    shown: dict[bytes, float] = field(default_factory=dict)

    def frame(self, payload: bytes) -> None:
        if b'"state":"offered"' in payload and (numbers := _NUMBER.findall(payload)):
            digits = bytes(c for c in numbers[-1] if 48 <= c <= 57)[-10:]
            self.shown.setdefault(digits, time.time())

    def took(self) -> list[float]:
        """Seconds of each call that came to a page."""
        return [self.shown[number] - at for number, at in self.offered.items() if number in self.shown]

    @property
    def missed(self) -> int:
        return self.made - len(self.took())


class Outside:
    """Calls into the Asterisk. Each is ordered over an AMI session of its own, gone in a moment.

    One that stayed would be woken for each event of the flood, and cost Asterisk half as much as the flood itself.
    """

    def __init__(self, secret: str, offered: Path) -> None:
        self._secret, self._offered = secret, offered
        self._ordering: set[asyncio.Task[None]] = set()
        self._read = 0
        self.calls = Calls()

    async def _order(self, caller: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", AMI_PORT)
        actions = (
            ("Action: Login", "Username: bench", f"Secret: {self._secret}"),
            (
                "Action: Originate",
                "Channel: Local/s@bench-caller/n",
                "Context: callwright-inbound",
                f"Exten: {NUMBER}",
                "Priority: 1",
                f"CallerID: <{caller}>",
                "Async: true",
            ),
            ("Action: Logoff",),
        )
        for lines in actions:
            writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        async with asyncio.timeout(LATE_S):
            while await reader.read(4096):
                pass
        writer.close()

    def _hear(self) -> None:
        """What the daemon noted of the calls since this was last asked."""
        *rows, _ = self._offered.read_text().split("\n")
        for number, at in map(str.split, rows[self._read :]):
            self.calls.offered.setdefault(number.encode()[-10:], float(at))
        self._read = len(rows)

    async def call_for(self, seconds: float, caller: Callable[[], str]) -> list[float]:
        """Calls at an even pace; how long each took to its page."""
        loop, calls = asyncio.get_running_loop(), self.calls
        self._hear()
        calls.offered.clear()
        calls.shown.clear()
        calls.made = int(seconds * CALLS)
        start = loop.time()
        for number in range(calls.made):
            await asyncio.sleep(start + number / CALLS - loop.time())
            self._ordering.add(asyncio.create_task(self._order(caller())))
        await asyncio.gather(*self._ordering)
        self._ordering.clear()
        deadline = loop.time() + LATE_S
        while calls.missed and loop.time() < deadline:
            await asyncio.sleep(0.05)
            self._hear()
        return calls.took()


@dataclass
class Samples:
    """What the daemon says of itself (bench/flooded.py), and what the kernel says of it."""

    path: Path
    pid: int
    rss_mb: list[float] = field(default_factory=list)
    _read: int = 0

    def take(self) -> list[tuple[bool, int, float]]:
        """(PBX at hand, events handed on, worst lag in s) since this was last asked."""
        *rows, _ = self.path.read_text().split("\n")
        new, self._read = rows[self._read :], len(rows)
        return [(up == "1", int(events), float(lag)) for up, events, lag in map(str.split, new)]

    async def watch_memory(self) -> None:
        while True:
            status = Path(f"/proc/{self.pid}/status").read_text()
            self.rss_mb.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)  # type: ignore[index]
            await asyncio.sleep(0.25)


async def open_pages(port: int, tokens: list[str], calls: Calls) -> tuple[list[Page], asyncio.Event]:
    """A page for each operator, and what is set when all of them are in session."""
    ready: set[int] = set()
    all_ready = asyncio.Event()

    def of(number: int) -> Callable[[bytes, float], None]:
        def frame(payload: bytes, at: float) -> None:
            calls.frame(payload)
            if b'"state":"ready"' in payload:
                ready.add(number)
                if len(ready) == len(tokens):
                    all_ready.set()

        return frame

    pages = [await open_page(port, "/api/v1/live", token, of(number)) for number, token in enumerate(tokens)]
    return pages, all_ready


async def measure(folder: Path, asterisk: AsteriskServer) -> None:
    operators, seconds = SIZES[size()]
    users = await filled(folder, operators=operators, clients=CLIENTS)
    config = configured(folder, AMI_PORT, asterisk.accounts.ami)
    path, offered = folder / "samples", folder / "offered"
    caller, out = callers(CLIENTS), Outside(asterisk.accounts.ami, offered)
    async with started("-m", "bench.flooded", str(config), str(path), str(offered)) as said:
        pid, url = said.split()
        port = int(url.rsplit(":", 1)[1])
        pages, all_ready = await open_pages(port, [token_of(user) for user in users], out.calls)
        await into_session(port, users)
        async with asyncio.timeout(SESSIONS_S):
            await all_ready.wait()
        samples = Samples(path, int(pid))
        watching = asyncio.create_task(samples.watch_memory())
        quiet = await out.call_for(min(seconds, 10.0), caller)
        say(f"ami_flood: quiet: ms {spread(quiet)}; memory {samples.rss_mb[-1]:.0f} MB")
        before = max(samples.rss_mb)
        samples.take()
        flood = Flood(asterisk)
        flood.rise(LOOPS)
        begun = time.monotonic()
        took = await out.call_for(seconds, caller)
        rows, lasted = samples.take(), time.monotonic() - begun
        say(f"ami_flood: the dialplan said {flood.said()} events")
        flood.end()
        missed = out.calls.missed
        watching.cancel()
        for page in pages:
            if page.transport is not None:
                page.transport.abort()
    tell(took, quiet, missed, rows, lasted, max(samples.rss_mb) - before)


def tell(
    took: list[float],
    quiet: list[float],
    missed: int,
    rows: list[tuple[bool, int, float]],
    lasted: float,
    growth_mb: float,
) -> None:
    if not all(up for up, _, _ in rows) or any(b[1] < a[1] for a, b in pairwise(rows)):
        raise SystemExit("the connection was lost in the flood")
    lags, count = [lag for _, _, lag in rows], rows[-1][1] - rows[0][1]
    say(f"ami_flood: {count} events in {lasted:.1f} s; lag: ms {spread(lags)}; pops: ms {spread(took)}")
    figure("ami_flood", "events_per_s", count / lasted, "1/s", n=count)
    figure("ami_flood", "lag_p99_ms", percentile(lags, 0.99) * 1000, "ms", n=len(lags))
    pops = [percentile(each, 0.99) * 1000 for each in (took, quiet)]
    figure("ami_flood", "pop_p99_ms", pops[0], "ms", baseline=pops[1], n=len(took))
    figure("ami_flood", "pops_missed", missed, "1", n=len(took) + missed)
    figure("ami_flood", "rss_growth_mb", growth_mb, "MB", n=len(rows))


def main() -> None:
    if lacking := missing.for_asterisk():
        say(f"ami_flood: nothing measured: {lacking}")
        return
    operators, seconds = SIZES[size()]
    say(f"ami_flood: {operators} operators, {CALLS} calls/s, {RATE} events/s for {seconds:g} s ...")
    with Network(), tempfile.TemporaryDirectory(prefix="callwright-bench-", dir=Path.cwd()) as folder:
        asterisk = AsteriskServer()
        phones = desk_phones()
        try:
            prepare(asterisk)
            asterisk.append("extensions_local.conf", _CALLERS)
            asterisk.append("manager_local.conf", _ACCOUNT.format(secret=asterisk.accounts.ami))
            add_phones(asterisk, operators, "203")
            asterisk.start()
            # As the rig starts the others: who measures and who is measured run before other work of the machine too.
            os.nice(PRIORITY)
            uvloop.run(measure(Path(folder), asterisk))
        finally:
            phones.remove()
            asterisk.remove()


if __name__ == "__main__":
    main()
