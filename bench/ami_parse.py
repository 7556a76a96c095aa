"""How fast AMI's bytes become messages, on what a real Asterisk said (tests/captures), in processor time.

The recorded flows are strung together until there are enough events; each gets ids, channel names, numbers and
times of its own every time, for on a real line these do not come back either. All readers are given the same
bytes in the same pieces, by turns, and each one's middle turn counts.

- `events_per_s`: every header of every event wanted. Baseline: the naive way (split at blank lines, split lines,
  a dict; no bound, no repeated headers, no care for cut characters).
- `events_per_s_unwanted`: nine of ten events are not wanted. Baseline: the naive way, which reads all of them.
- `events_per_s_vs_panoramisk`: as the first. Baseline: panoramisk 1.4 with one callback for all events.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import statistics
import time
from collections.abc import Callable

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from bench.figures import figure, size
from dialer.ami.messages import Message
from dialer.ami.protocol import Protocol
from tests.ami import capture

PIECE = 16 * 1024
ROUNDS = 25
EVENTS = {"smoke": 2_000, "default": 20_000, "full": 200_000}[size()]
_OURS = re.compile(rb"01JCW0000000000000000")
_CHANNEL = re.compile(rb"-00000([0-9a-f]{3})\b")
_UNIQUE = re.compile(rb"\b17953\d{5}\.(?=\d{1,3}\r)")
_STAMP = re.compile(rb"(?<=Timestamp: )\d+\.")
_BRIDGE = re.compile(rb"\b[0-9a-f]{8}(?=-[0-9a-f]{4}-)")
_NUMBER = re.compile(rb"\+79\d{9}")


def another_time(number: int, recorded: bytes) -> bytes:
    """A recorded flow as another call would have shown it."""
    recorded = _OURS.sub(b"01K%018X" % (number * 7919), recorded)
    recorded = _CHANNEL.sub(rb"-%05x\1" % number, recorded)
    recorded = _STAMP.sub(b"%d." % (1_800_000_000 + number * 7), recorded)
    recorded = _UNIQUE.sub(b"%d." % (1_800_000_000 + number * 7), recorded)
    recorded = _BRIDGE.sub(b"%08x" % (number * 104_729 % 2**32), recorded)
    return _NUMBER.sub(b"+79%09d" % (number * 7919 % 10**9), recorded)


def recorded_flows() -> list[bytes]:
    """The events of each capture: no answers, which are not counted, and no Shutdown, which ends a connection."""
    flows = []
    for name in capture.names():
        blocks = capture.load(name).heard.split(b"\r\n\r\n")
        events = [
            block + b"\r\n\r\n"
            for block in blocks
            if block.startswith(b"Event: ") and b"\r\nTimestamp: " in block and b"Shutdown" not in block
        ]
        if events:
            flows.append(b"".join(events))
    return flows


def stream(events: int) -> list[bytes]:
    flows = recorded_flows()
    data, number, count = [], 0, 0
    while count < events:
        flow = another_time(number, flows[number % len(flows)])
        data.append(flow)
        count += flow.count(b"\r\n\r\n")
        number += 1
    whole = b"".join(data)
    return [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]


def naive(pieces: list[bytes]) -> int:
    rest, count = "", 0
    for piece in pieces:
        *blocks, rest = (rest + piece.decode("utf-8", "replace")).split("\r\n\r\n")
        for block in blocks:
            headers = {}
            for line in block.split("\r\n"):
                name, _, value = line.partition(": ")
                headers[name] = value
            count += 1
    return count


def ours(pieces: list[bytes], wanted: frozenset[str] | None = None) -> int:
    protocol, count = Protocol(wanted), 0
    for piece in pieces:
        protocol.feed(piece)
        for _ in protocol.messages():
            count += 1
    return count + protocol.skipped


def panoramisk(pieces: list[bytes]) -> int:
    count = 0

    def callback(manager: Manager, message: object) -> None:
        nonlocal count
        count += 1

    manager, protocol = Manager(), AMIProtocol()
    manager.register_event("*", callback)
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = manager, "utf8"
    for piece in pieces:
        protocol.data_received(piece)
    return count


def unwanted_by(pieces: list[bytes]) -> frozenset[str]:
    """Names of events that make up about a tenth of the stream: the ones that are wanted."""
    counts: dict[str, int] = {}
    protocol = Protocol()
    for piece in pieces:
        protocol.feed(piece)
        for message in protocol.messages():
            if isinstance(message, Message):
                counts[message.name] = counts.get(message.name, 0) + 1
    wanted, left = set(), sum(counts.values()) // 10
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        if count <= left:
            wanted.add(name)
            left -= count
    return frozenset(wanted)


def measure(readers: dict[str, Callable[[], int]], rounds: int) -> dict[str, tuple[float, int]]:
    """Events per second of processor time of each reader in its middle turn, and how many events it saw."""
    rates: dict[str, list[float]] = {name: [] for name in readers}
    counts: dict[str, int] = {}
    for _ in range(rounds):
        for name, reader in readers.items():
            gc.collect()
            start = time.process_time()
            counts[name] = reader()
            rates[name].append(counts[name] / (time.process_time() - start))
    return {name: (statistics.median(rates[name]), counts[name]) for name in readers}


def main() -> None:
    logging.disable(logging.CRITICAL)
    asyncio.set_event_loop(asyncio.new_event_loop())  # panoramisk asks for one when it is made
    pieces = stream(EVENTS)
    few = unwanted_by(pieces)
    rates = measure(
        {
            "ours": lambda: ours(pieces),
            "naive": lambda: naive(pieces),
            "few": lambda: ours(pieces, few),
        },
        ROUNDS,
    ) | measure({"panoramisk": lambda: panoramisk(pieces), "ours beside": lambda: ours(pieces)}, 7)
    n = rates["ours"][1]
    if {count for _, count in rates.values()} != {n}:
        raise SystemExit("the readers do not agree on the number of events")
    figure("ami_parse", "events_per_s", rates["ours"][0], "1/s", baseline=rates["naive"][0], n=n)
    figure("ami_parse", "events_per_s_unwanted", rates["few"][0], "1/s", baseline=rates["naive"][0], n=n)
    figure(
        "ami_parse",
        "events_per_s_vs_panoramisk",
        rates["ours beside"][0],
        "1/s",
        baseline=rates["panoramisk"][0],
        n=n,
    )


if __name__ == "__main__":
    main()
