"""In which bridge each leg is, as this PBX's events tell: for orders that must wait until a leg has left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from dialer.telephony.model import (
    LegAlone,
    LegBridged,
    LegEnded,
    LegSetAside,
    LegUnbridged,
    Place,
    SessionReady,
)
from dialer.telephony.port import Connected, Report


@dataclass(frozen=True, slots=True)
class Stay:
    bridge: str
    room: bool


class Whereabouts:
    """Legs that are in no bridge are not here, so it is never larger than what lives.

    Whoever has left a bridge of two is adrift until he says in his dialplan where he is.
    """

    def __init__(self) -> None:
        self._stays: dict[str, Stay] = {}
        self._adrift: set[str] = set()
        self._left = asyncio.Event()
        self._awaited = 0

    def hear(self, report: Report) -> None:
        match report:
            case LegBridged(leg=leg, bridge=bridge, room=room):
                self._stays[leg] = Stay(bridge, room)
                self._adrift.discard(leg)
            case LegUnbridged(leg=leg, bridge=bridge):
                stay = self._stays.get(leg)
                if stay is not None and stay.bridge == bridge:
                    del self._stays[leg]
                    self._adrift |= set() if stay.room else {leg}
            case SessionReady(leg=leg) | LegSetAside(leg=leg) | LegAlone(leg=leg):
                self._adrift.discard(leg)
            case LegEnded(leg=leg):
                self._stays.pop(leg, None)
                self._adrift.discard(leg)
            case Connected(snapshot=snapshot):
                self._adrift.clear()
                self._stays = {
                    row.leg: Stay(row.bridge, row.context == Place.ROOM)
                    for row in snapshot.legs
                    if row.bridge
                }
            case _:
                return
        if self._awaited:
            self._left.set()

    def of(self, *legs: str) -> Mapping[str, Stay]:
        """Those of the legs that are in a bridge, and in which."""
        return {leg: self._stays[leg] for leg in legs if leg in self._stays}

    def left_behind(self, *legs: str) -> Mapping[str, Stay]:
        """Who is in a bridge of two with any of these, and will be alone there when they go."""
        bridges = {stay.bridge for stay in self.of(*legs).values() if not stay.room}
        return {leg: stay for leg, stay in self._stays.items() if stay.bridge in bridges and leg not in legs}

    async def left(self, stays: Mapping[str, Stay], behind: Mapping[str, Stay], deadline_s: float) -> bool:
        """Wait until none of these is where it was, and none left behind adrift; False if not by the deadline."""
        self._awaited += 1
        try:
            async with asyncio.timeout(deadline_s):
                while any(
                    self._stays.get(leg) == stay for leg, stay in (*stays.items(), *behind.items())
                ) or any(leg in self._adrift for leg in behind):
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            return False
        finally:
            self._awaited -= 1
        return True
