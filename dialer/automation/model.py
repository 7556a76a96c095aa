"""About whom an action is carried out, how it is refused, and what it asks of the desk besides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from dialer.scripts.actions import Callback, CreateTask

MORNING: Final = time(9, 0)
"""When a day begins for what has a date and no time."""


class Hook(Struct, frozen=True, kw_only=True):
    """Where a web hook is. `secret` signs what is sent; "" = it is not signed."""

    name: str
    url: str
    secret: str = ""
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        return f"Hook({self.name!r})"


class Subject(Struct, frozen=True, kw_only=True):
    """The step that asks, and about whom."""

    run_id: str
    seq: int
    script: str
    version: int
    client_id: int
    timezone: str  # the client's, "" if unknown
    operator_id: int
    campaign_id: int | None
    call_id: str | None
    held: bool  # the client's entry is out with this operator: the desk settles it
    now: datetime
    hooks: Mapping[str, Hook]


class Refused(Struct, frozen=True, kw_only=True):
    """Why an action can't be done; nothing has changed. Texts: problems.json."""

    code: str
    params: dict[str, str | int] = {}


class Effect(Struct, frozen=True, kw_only=True):
    """What was done, as far as somebody else has to know."""

    callback_at: datetime | None = None  # the desk proposes this moment with the result
    exclude: bool = False  # the desk settles the entry that is out with it so
    delivery: str = ""  # what is on its way out of the house


class ActionRefused(Exception):
    """One action of a step was refused, and so the whole step: nothing of it is stored.

    `nth` is the action's place among those of the step; who goes on without it says so by this number.
    """

    def __init__(self, nth: int, action: str, refused: Refused) -> None:
        super().__init__(refused.code)
        self.nth = nth
        self.action = action
        self.refused = refused

    @property
    def params(self) -> dict[str, str | int]:
        return {**self.refused.params, "nth": self.nth, "action": self.action}


def moment_of(action: CreateTask | Callback, timezone: str, now: datetime) -> datetime | None:
    """When an action is due: by the client's time if it is known, else by this machine's. None: it does not say.

    The texts are canonical: they come from checked fields.
    """
    if action.minutes:
        return now + timedelta(minutes=action.minutes)
    if not action.date:
        return None
    day = date.fromisoformat(action.date)
    at = datetime.combine(day, time.fromisoformat(action.time) if action.time else MORNING)
    try:
        zone = ZoneInfo(timezone) if timezone else None
    except (KeyError, ValueError):  # a time zone that nobody knows any more
        zone = None
    local = at.replace(tzinfo=zone) if zone is not None else at.astimezone()
    return local.astimezone(now.tzinfo)
