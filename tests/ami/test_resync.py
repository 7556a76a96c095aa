"""The line cut at any byte, again and again, while calls come and go: what we believe is what lives."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from dialer.ami import reconnect
from dialer.telephony.model import Call, CallState, PbxEvent
from dialer.telephony.port import Connected, Report
from dialer.telephony.tracker import outbound, reconcile, track
from tests.ami.fake_server import FakeAmi, message
from tests.ami.test_pbx import at_hand

CUTS = 200


@dataclass
class Believed:
    """Calls as their reports make them, without anything of the product around them."""

    calls: dict[str, Call] = field(default_factory=dict)
    started: str = ""
    seen: int = 0

    def take(self, reports: list[Report]) -> None:
        for report in reports[self.seen :]:
            if isinstance(report, Connected):
                restarted = bool(self.started) and self.started != report.snapshot.started
                self.started = report.snapshot.started
                for _, after in reconcile(self.calls, report.snapshot, restarted=restarted):
                    self.calls[after.id] = after
            elif isinstance(report, PbxEvent) and report.leg in self.calls:
                self.calls[report.leg] = track(self.calls[report.leg], report)
        self.seen = len(reports)

    @property
    def alive(self) -> set[str]:
        return {id_ for id_, call in self.calls.items() if call.state is not CallState.ENDED}


def told(leg: str, at: float, name: str, **headers: object) -> str:
    lines = (f"{key}: {value}" for key, value in headers.items())
    return message(f"Event: {name}", "Privilege: call,all", f"Timestamp: {at}", f"Uniqueid: {leg}", *lines)


async def test_scenario_19_cut_at_any_byte_and_nothing_is_lost_or_left_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconnect, "SHORTEST_S", 0.001)
    monkeypatch.setattr(reconnect, "SHORT_CAP_S", 0.002)
    monkeypatch.setattr(reconnect, "SOON_TRIES", 10**6)
    rng = random.Random(20)
    fake, believed = FakeAmi(), Believed()
    living: set[str] = set()
    made = 0
    async with at_hand(fake) as (_, reports):
        believed.take(reports.all)
        for cut in range(1, CUTS + 1):
            while len(living) < 50:
                made += 1
                leg = f"C{made}"
                living.add(leg)
                believed.calls[leg] = outbound(leg)
            ending = set(rng.sample(sorted(living), rng.randint(0, 5)))
            living -= ending
            lines = [told(leg, cut, "Newstate", ChannelState=6) for leg in rng.sample(sorted(living), 5)]
            lines += [told(leg, cut, "Hangup", Cause=16) for leg in sorted(ending)]
            rng.shuffle(lines)
            stream = "".join(lines)
            fake.channels = sorted(living)
            if rng.random() < 0.1:
                fake.started = f"17:00:{cut:03d}"  # a restart: nothing that lived lives on
                living, fake.channels = set(), []
            fake.push(stream[: rng.randint(0, len(stream))])
            await fake.gone_out()
            fake.cut()
            await reports.until(lambda _, cut=cut: reports.count(Connected) == cut + 1)  # type: ignore[misc]
            believed.take(reports.all)
            assert believed.alive == living
    assert fake.connections == CUTS + 1


async def test_scenario_25_cut_while_the_stock_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that breaks off at any byte is no stock; the next connection's is."""
    monkeypatch.setattr(reconnect, "SHORTEST_S", 0.001)
    monkeypatch.setattr(reconnect, "SHORT_CAP_S", 0.002)
    rng = random.Random(7)
    fake = FakeAmi(channels=[f"C{number}" for number in range(20)])

    def broken(headers: dict[str, str]) -> str | None:
        answer = fake.usual(headers)
        if len(fake.of("CoreShowChannels")) % 10:
            fake.push(answer[: rng.randint(0, len(answer) - 1)])
            fake.finish()
            return None
        return answer

    fake.answers["CoreShowChannels"] = broken
    async with at_hand(fake) as (_, reports):
        (connected,) = reports.all
        assert isinstance(connected, Connected)
        assert len(connected.snapshot.legs) == 20
        assert len(fake.of("CoreShowChannels")) == 10
