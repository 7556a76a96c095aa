"""What the desks need of the world outside, and how they say no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dialer.auth.model import User
from dialer.store.engine import Store
from dialer.telephony.lines import Line
from dialer.telephony.port import Pbx
from dialer.telephony.switchboard import Switchboard


class DeskRefused(Exception):
    """A verb that can't be carried out now; nothing was changed."""

    def __init__(self, code: str, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params = dict(params or {})


@dataclass(frozen=True, kw_only=True)
class World:
    """What the desks need of the world outside: the store, the PBX, time and identity."""

    store: Store
    pbx: Pbx
    switchboard: Switchboard
    lines: Mapping[str, Line]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    find_user: Callable[[int], Awaitable[User | None]]
