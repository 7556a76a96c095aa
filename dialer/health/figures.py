"""Figures about the daemon itself, for whoever watches over it. Each room tells its own; none holds personal data."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from typing import Literal

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How often something took how long: `counts[i]` times at most `bounds[i]` seconds, the last beyond all."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One value. `name` is without the product's prefix; a count only ever grows while the daemon lives."""

    kind: Literal["gauge", "count", "spread"]
    name: str
    says: str
    value: float | Spread
    labels: Labels = ()


def gauge(name: str, says: str, value: float, **labels: str) -> Figure:
    return Figure(kind="gauge", name=name, says=says, value=value, labels=tuple(labels.items()))


def count(name: str, says: str, value: int, **labels: str) -> Figure:
    return Figure(kind="count", name=name, says=says, value=value, labels=tuple(labels.items()))


class Durations:
    """Counts durations by size. One thread adds; another may read, and sees each addition sooner or later."""

    def __init__(self, *bounds: float) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total_s = 0.0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._total_s += seconds

    def figure(self, name: str, says: str) -> Figure:
        spread = Spread(bounds=self._bounds, counts=tuple(self._counts), total_s=self._total_s)
        return Figure(kind="spread", name=name, says=says, value=spread)


class Peak:
    """The greatest of the values of the last `window_s` seconds; moments are given, in seconds that only grow."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._falling: deque[tuple[float, float]] = deque()  # each the greatest of all that came after it

    def add(self, value: float, at: float) -> None:
        while self._falling and self._falling[-1][1] <= value:
            self._falling.pop()
        self._falling.append((at, value))

    def value(self, at: float) -> float:
        while self._falling and self._falling[0][0] <= at - self._window_s:
            self._falling.popleft()
        return self._falling[0][1] if self._falling else 0.0
