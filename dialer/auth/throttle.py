"""How often a password may be tried: pure, no clock and no lock that stays.

Three limits, each paid before the password is looked at and given back when it was right:
- a login from one address: five tries, then a pause that doubles up to a quarter of an hour;
- a login from everywhere: ten tries and ten more an hour, not counted for an address that this login has
  entered from before, so that a stranger's guesses do not lock the owner out;
- an address over all logins: a hundred and a hundred more an hour.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

FREE_TRIES = 5
FIRST_PAUSE_S = 15.0
LONGEST_PAUSE_S = 900.0
FORGOTTEN_S = 3600.0
_ROUNDING_S = 0.001  # whoever waited as told is not sent away for a float's last digit
REMEMBERED = 20_000  # of each kind; the longest unused go first

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Rule:
    """`burst` tries at once, `per_hour` more each hour."""

    burst: float
    per_hour: float


BY_LOGIN = Rule(10, 10)
BY_ADDRESS = Rule(100, 100)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens left at a moment (s of a monotonic clock)."""

    tokens: float
    at: float

    def filled(self, rule: Rule, now: float) -> Bucket:
        gained = max(0.0, now - self.at) * rule.per_hour / 3600
        return Bucket(min(rule.burst, self.tokens + gained), max(self.at, now))

    def pause_s(self, rule: Rule) -> float:
        """Until one token is there."""
        return max(0.0, (1 - self.tokens) * 3600 / rule.per_hour)


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries of one login from one address that were not right, and when the last was."""

    count: int = 0
    at: float = -math.inf

    def pause_s(self, now: float) -> float:
        """Until the next may be made."""
        over = self.count - FREE_TRIES
        if over < 0 or now - self.at >= FORGOTTEN_S:
            return 0.0
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(over, 30))
        return max(0.0, self.at + pause - now)

    def plus_one(self, now: float) -> Tries:
        return Tries(1 if now - self.at >= FORGOTTEN_S else self.count + 1, now)


class Throttle:
    """Remembers tries in bounded memory. `now` is seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._tries: _Memory[tuple[str, str], Tries] = _Memory()
        self._logins: _Memory[str, Bucket] = _Memory()
        self._addresses: _Memory[str, Bucket] = _Memory()
        self._entered: _Memory[tuple[str, str], None] = _Memory()

    def ask(self, login: str, address: str, now: float) -> int:
        """0: this try may be made, and is paid for. Else the seconds until one may; nothing is paid."""
        pair = (login, address)
        tries = self._tries.get(pair, Tries())
        own = self._logins.get(login, Bucket(BY_LOGIN.burst, now)).filled(BY_LOGIN, now)
        near = self._addresses.get(address, Bucket(BY_ADDRESS.burst, now)).filled(BY_ADDRESS, now)
        known = pair in self._entered
        pause = max(tries.pause_s(now), 0.0 if known else own.pause_s(BY_LOGIN), near.pause_s(BY_ADDRESS))
        if pause > _ROUNDING_S:
            return math.ceil(pause)
        self._tries.put(pair, tries.plus_one(now))
        self._addresses.put(address, Bucket(near.tokens - 1, now))
        if not known:
            self._logins.put(login, Bucket(own.tokens - 1, now))
        return 0

    def entered(self, login: str, address: str, now: float) -> None:
        """The password was right: what was paid for this try is given back, the pair is known from now on."""
        pair = (login, address)
        self._tries.drop(pair)
        near = self._addresses.get(address, Bucket(BY_ADDRESS.burst, now)).filled(BY_ADDRESS, now)
        self._addresses.put(address, Bucket(min(BY_ADDRESS.burst, near.tokens + 1), now))
        if pair not in self._entered:
            own = self._logins.get(login, Bucket(BY_LOGIN.burst, now)).filled(BY_LOGIN, now)
            self._logins.put(login, Bucket(min(BY_LOGIN.burst, own.tokens + 1), now))
        self._entered.put(pair, None)


class _Memory(Generic[K, V]):
    """A bounded dictionary that forgets what was longest unused."""

    def __init__(self) -> None:
        self._items: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._items

    def get(self, key: K, default: V) -> V:
        return self._items.get(key, default)

    def put(self, key: K, value: V) -> None:
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > REMEMBERED:
            self._items.popitem(last=False)

    def drop(self, key: K) -> None:
        self._items.pop(key, None)
