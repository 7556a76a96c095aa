"""Two hundred cuts of the line with fifty calls up: what is believed afterwards is what lives."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from dialer.ami.settings import AsteriskSettings
from dialer.telephony.port import Disconnected
from tests.faults.crowd import Crowd, Witness
from tests.faults.proxy import SOUND, Fault, FaultyLine, Kind, Way

SESSIONS = 5
AGREES_S = 1.0
DEADLINE_S = 30.0


@dataclass
class Figures:
    """What was seen."""

    agreed_s: list[float] = field(default_factory=list)
    early: int = 0  # cuts within a login or while the stock was taken
    calls: int = 0
    ended_unseen: int = 0
    unknown_orders: int = 0

    def __str__(self) -> str:
        return (
            f"{len(self.agreed_s)} reconnects, {self.early} cuts before the stock was whole; the same as what lives "
            f"after {max(self.agreed_s):.3f} s at most; {self.calls} calls, {self.ended_unseen} ended in a gap, "
            f"{self.unknown_orders} orders without an answer"
        )


async def cut(settings: AsteriskSettings, number: int, seed: int) -> Figures:
    """`number` cuts at random bytes; the log of the line is printed if anything is amiss."""
    rng, figures = random.Random(seed), Figures()
    line = FaultyLine(settings.port, seed=seed)
    async with line.open():
        crowd, witness = Crowd(replace(settings, port=line.port), rng), Witness(settings)
        try:
            async with witness.watching(), crowd.at_work():
                await crowd.seat("op301", SESSIONS)
                await _cuts(line, crowd, witness, number, rng, figures)
                await _settle(crowd, witness)
                _ends_are_right(crowd, witness, figures)
        except BaseException:
            print(f"seed {seed}, the line's log: {line.log}")
            raise
    figures.calls, figures.unknown_orders = len(crowd.board.calls), crowd.unknown_orders
    assert figures.early and figures.ended_unseen and figures.unknown_orders, "the cuts hit nothing"
    return figures


async def _cuts(
    line: FaultyLine, crowd: Crowd, witness: Witness, number: int, rng: random.Random, figures: Figures
) -> None:
    done = 0
    while done < number:
        here, first = crowd.ear.mark, line.connections
        line.plan = _planned(first, [_early(rng) for _ in range(rng.choice([0, 0, 1, 1, 2]))])
        way = rng.choice(list(Way))
        line.strike(
            rng.choice([Kind.FIN, Kind.RST]), way, rng.randrange(0, 3000 if way is Way.FROM_PBX else 600)
        )
        done += 1
        await crowd.ear.report(Disconnected, since=here)
        await crowd.ear.until(lambda: (crowd.pbx.up and line.calm()) or None)
        cut_early = line.connections - first - 1
        figures.early += cut_early
        done += cut_early
        await crowd.hold()
        figures.agreed_s.append(await witness.agrees(crowd, AGREES_S))
        crowd.go_on()
        await crowd.ear.until(lambda: len(crowd.living()) >= crowd.size or None, DEADLINE_S)


def _early(rng: random.Random) -> Fault:
    """A cut somewhere in the login or in the list of what lives."""
    if rng.random() < 0.3:
        return Fault(kind=rng.choice([Kind.FIN, Kind.RST]), way=Way.TO_PBX, at=rng.randrange(0, 400))
    return Fault(
        kind=rng.choice([Kind.FIN, Kind.RST]),
        at=rng.randrange(0, 20_000),
        slice_to=rng.choice([200, 2000, 65536]),
    )


def _planned(first: int, plans: list[Fault]) -> Callable[[int], Fault]:
    return lambda number: plans[number - first] if number - first < len(plans) else SOUND


async def _settle(crowd: Crowd, witness: Witness) -> None:
    """Let all calls end."""
    await crowd.hold()
    for call in list(crowd.living().values()):
        crowd._send(crowd.pbx.hangup(leg=call.client.id))
    await crowd.hold()
    await crowd.ear.until(lambda: not crowd.living() or None, DEADLINE_S)
    await witness.agrees(crowd, AGREES_S)


def _ends_are_right(crowd: Crowd, witness: Witness, figures: Figures) -> None:
    """Each call that ended is known to have ended, once, and when, as closely as the gap in which it did."""
    truth = witness.ended()
    assert {id_ for id_ in truth if id_ in crowd.board.calls} <= set(crowd.ends)
    assert set(crowd.ends.values()) == {1}
    for id_, call in crowd.board.calls.items():
        if id_ not in truth or call.client.ended_at is None:
            continue
        assert call.client.ended_at >= truth[id_] - 0.05
        figures.ended_unseen += call.client.ended_at - truth[id_] > 0.0005
