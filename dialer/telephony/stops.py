"""Which lines are stopped, in memory: asked in the instant before an order goes to the wire.

The store decides; this closes the moment between a dial's commit and its order, in which a stop may fall.
"""

from __future__ import annotations

from collections.abc import Collection

from dialer.telephony.policy import SERVICE


class Stops:
    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = set(names)

    def stands(self, line: str) -> bool:
        return SERVICE in self._names or line in self._names

    def stop(self, line: str) -> None:
        self._names.add(line)

    def let_go(self, line: str) -> None:
        self._names.discard(line)
