"""People who call in by themselves: every so often, while some operator is there to be called."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dialer.simulation.clock import Clock, Timer
from dialer.simulation.exchange import Exchange
from dialer.simulation.population import DEMO, Habits, talk_time

NOBODY_THERE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Who calls one number of ours. `unknown` is the form of numbers nobody knows, each # a digit."""

    dialled: str
    known: tuple[tuple[str, str], ...]  # number, name as the network shows it
    unknown: str = ""
    unknown_share: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Times in seconds; each pause is drawn evenly between the two."""

    least_s: float = 60.0
    most_s: float = 90.0
    patience_s: float = 24.5
    talk: Habits = DEMO


class InboundTraffic:
    """Calls `exchange()`, the present life of the PBX. `start` and `stop` belong to whoever owns the PBX."""

    def __init__(
        self,
        exchange: Callable[[], Exchange],
        clock: Clock,
        callers: Sequence[Callers],
        *,
        rng: random.Random,
        rhythm: Rhythm | None = None,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._callers = list(callers)
        self._rng = rng
        self._rhythm = rhythm or Rhythm()
        self._timer: Timer | None = None

    def start(self) -> None:
        self._next(self._rng.uniform(self._rhythm.least_s, self._rhythm.most_s))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _next(self, delay_s: float) -> None:
        self._timer = self._clock.later(delay_s, self._call)

    def _call(self) -> None:
        exchange = self._exchange()
        if not self._callers or not exchange.idle_sessions():
            self._next(NOBODY_THERE_S)
            return
        who = self._rng.choice(self._callers)
        number, name = self._caller(who)
        exchange.call_in(
            number=number,
            name=name,
            dialled=who.dialled,
            patience_s=self._rhythm.patience_s,
            talk_s=talk_time(self._rng, self._rhythm.talk),
        )
        self._next(self._rng.uniform(self._rhythm.least_s, self._rhythm.most_s))

    def _caller(self, who: Callers) -> tuple[str, str]:
        if who.unknown and (not who.known or self._rng.random() < who.unknown_share):
            digits = (str(self._rng.randrange(10)) if one == "#" else one for one in who.unknown)
            return "".join(digits), ""
        return self._rng.choice(who.known)
