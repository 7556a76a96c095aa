"""What the desks need of the world outside, and how they say no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from dialer.auth.model import User
from dialer.automation.model import Hook
from dialer.store.engine import Store
from dialer.telephony.lines import Line
from dialer.telephony.port import Pbx, PbxAway
from dialer.telephony.stops import Stops
from dialer.telephony.switchboards import Switchboards


class DeskRefused(Exception):
    """A verb that can't be carried out now; nothing was changed."""

    def __init__(self, code: str, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params = dict(params or {})


@dataclass(frozen=True, kw_only=True)
class World:
    """What the desks need of the world outside: the store, the PBXs by name, time and identity."""

    store: Store
    pbxs: Mapping[str, Pbx]
    switchboard: Switchboards
    lines: Mapping[str, Line]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    find_user: Callable[[int], Awaitable[User | None]]
    longest_pause: timedelta = timedelta(seconds=120)  # of a recording: then it goes on by itself
    stops: Stops = field(default_factory=Stops)
    hooks: Mapping[str, Hook] = field(default_factory=dict)  # what scripts may call, by name

    def pbx(self, name: str) -> Pbx:
        """The PBX of this name, "" = the first; one that is not configured is away for ever."""
        known = next(iter(self.pbxs.values()), None) if not name else self.pbxs.get(name)
        return known if known is not None else cast(Pbx, AbsentPbx(name))

    def same_pbx(self, one: str, other: str) -> bool:
        return self.pbx(one).name == self.pbx(other).name


class AbsentPbx:
    """Stands for a PBX that the configuration does not have (any more): every order finds it away."""

    up = False
    clock_offset_s = 0.0

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, order: str) -> Callable[..., Awaitable[None]]:
        async def away(**_: object) -> None:
            raise PbxAway(f"no PBX {self.name!r} in the configuration")

        return away
