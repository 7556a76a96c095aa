"""In which bridge each leg is, as this PBX's events tell: for orders that must wait until a leg has left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from dialer.telephony.model import LegBridged, LegEnded, LegUnbridged, Place
from dialer.telephony.port import Connected, Report


@dataclass(frozen=True, slots=True)
class Stay:
    bridge: str
    room: bool


class Whereabouts:
    """Legs that are in no bridge are not here, so it is never larger than what lives."""

    def __init__(self) -> None:
        self._stays: dict[str, Stay] = {}
        self._left = asyncio.Event()
        self._awaited = 0

    def hear(self, report: Report) -> None:
        match report:
            case LegBridged(leg=leg, bridge=bridge, room=room):
                self._stays[leg] = Stay(bridge, room)
            case LegUnbridged(leg=leg, bridge=bridge):
                if leg in self._stays and self._stays[leg].bridge == bridge:
                    del self._stays[leg]
            case LegEnded(leg=leg):
                self._stays.pop(leg, None)
            case Connected(snapshot=snapshot):
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

    async def left(self, stays: Mapping[str, Stay], deadline_s: float) -> bool:
        """Wait until none of these is where it was; False if one still is at the deadline."""
        self._awaited += 1
        try:
            async with asyncio.timeout(deadline_s):
                while any(self._stays.get(leg) == stay for leg, stay in stays.items()):
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            return False
        finally:
            self._awaited -= 1
        return True
