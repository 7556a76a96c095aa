"""A capture played to the virtual PBX: the same orders at the same moments, and what each of both said.

The virtual far ends are a few milliseconds quicker than the real ones were, so that no order comes before what
it answered to.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dialer.simulation.actions import ACTIONS
from dialer.simulation.exchange import Exchange
from dialer.simulation.manager import Account, Manager
from dialer.simulation.population import ByDigits
from tests.simulation.manual_clock import ManualClock

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the PBX."""

    at: float
    headers: Headers

    def get(self, name: str) -> str:
        return next((value for header, value in self.headers if header == name), "")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.headers)

    @property
    def leg(self) -> str:
        return self.get("DestUniqueid") if self.get("Event").startswith("Dial") else self.get("Uniqueid")


@dataclass(slots=True)
class Capture:
    name: str
    began: float
    said: list[Said] = field(default_factory=list)
    orders: list[tuple[float, bytes]] = field(default_factory=list)
    closed: bool = False


def load(name: str) -> Capture:
    lines = (CAPTURES / f"{name}.capture").read_text().splitlines()
    capture = Capture(name, json.loads(lines[0])["began"])
    buffer = ""
    for line in lines[1:]:
        piece = json.loads(line)
        if piece["from"] == "us":
            capture.orders.append((piece["t"], piece["data"].encode("utf-8", "surrogateescape")))
            continue
        capture.closed = not piece["data"]
        buffer += piece["data"]
        *whole, buffer = buffer.split("\r\n\r\n")
        for text in whole:
            capture.said.append(Said(piece["t"], headers_of(text)))
    return capture


def headers_of(text: str) -> Headers:
    lines = [line for line in text.split("\r\n") if line]
    return tuple((name, value.lstrip()) for name, _, value in (line.partition(":") for line in lines))


class World:
    def __init__(self, seed: int, fallback: str) -> None:
        self.account = Account(secret="********")
        self.clock = ManualClock()
        self.sent: list[Said] = []
        self.closed = False
        self._buffer = ""
        self.exchange = Exchange(
            clock=self.clock,
            # 202 hangs up between the entries of both legs into the bridge, as it did in the capture.
            ends=ByDigits(ring_s=0.15, at_once_s=0.0119),
            rng=random.Random(seed),
            emit=self._tell,
            fallback=fallback,
        )
        self.began = self.clock.now()
        self.manager = Manager(self, ACTIONS, self._take, self._close)

    def _tell(self, events: str) -> None:
        self.manager.tell(events.encode("utf-8", "surrogateescape"))

    def _close(self) -> None:
        self.closed = True

    def _take(self, data: bytes) -> None:
        self._buffer += data.decode("utf-8", "surrogateescape")
        *whole, self._buffer = self._buffer.split("\r\n\r\n")
        for text in whole:
            self.sent.append(Said(self.clock.now() - self.began, headers_of(text)))


def play(capture: Capture, seed: int = 1, fallback: str = "op302") -> World:
    """What the virtual PBX says where the real one said what stands in the capture."""
    world = World(seed, fallback)
    end = max([at for at, _ in capture.orders] + [said.at for said in capture.said]) + 1.0
    if capture.name in ("login_wrong_password", "login_unknown_user"):
        world.account = Account(user="callwright", secret="another")
    legs: dict[bytes, bytes] = {}
    for caller in _callers(capture):
        world.clock.later(caller.at, partial(_call_in, world, caller, legs))
    for at, data in capture.orders:
        world.clock.run_to(world.began + at)
        for real, virtual in legs.items():
            data = data.replace(real, virtual)
        world.manager.feed(data)
    world.clock.run_to(world.began + end)
    return world


@dataclass(frozen=True, slots=True)
class _Caller:
    leg: str
    at: float
    number: str
    name: str
    dialled: str
    patience_s: float
    talk_s: float | None


def _callers(capture: Capture) -> Iterator[_Caller]:
    """Who called in, when, and for how long, as the capture lets it be known."""
    for said in capture.said:
        from_outside = said.get("Channel").startswith("PJSIP/") and said.get("ChannelState") == "4"
        if said.get("Event") == "Newchannel" and from_outside:
            leg = said.get("Uniqueid")
            mine = [one for one in capture.said if one.get("Uniqueid") == leg]
            gone = next((one.at for one in mine if one.get("Event") == "HangupRequest"), None)
            up = next((one.at for one in mine if one.get("ChannelState") == "6"), None)
            yield _Caller(
                leg=leg,
                at=said.at,
                number=said.get("CallerIDNum"),
                name=said.get("CallerIDName"),
                dialled=said.get("Exten"),
                patience_s=60.0 if gone is None or up is not None else gone - said.at,
                talk_s=gone - up if gone is not None and up is not None else None,
            )


def _call_in(world: World, caller: _Caller, legs: dict[bytes, bytes]) -> None:
    channel = world.exchange.call_in(
        number=caller.number,
        name=caller.name,
        dialled=caller.dialled,
        patience_s=caller.patience_s,
        talk_s=caller.talk_s,
    )
    legs[caller.leg.encode()] = channel.id.encode()
