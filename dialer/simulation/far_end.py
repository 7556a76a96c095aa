"""Who stands at the other end of a dialled number or phone: what they will do, decided before it rings."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class Way(enum.StrEnum):
    """How a far end takes a call; the causes belonging to each are those of the captures."""

    ANSWERS = "answers"
    BUSY = "busy"
    REJECTS = "rejects"
    UNAVAILABLE = "unavailable"
    NO_ANSWER = "no answer"  # rings until the caller gives up
    WRONG_NUMBER = "wrong number"
    CONGESTION = "congestion"
    DEAD = "dead"  # no answer of any kind from the provider


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """`ring_s` until it answers or refuses; `talk_s` until it hangs up itself, None = it never does."""

    way: Way = Way.ANSWERS
    ring_s: float = 0.3
    talk_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """`rings`: whether ringing is heard before."""

    cause: int
    tech: str
    status: str
    rings: bool


REFUSALS: dict[Way, Refusal] = {
    Way.BUSY: Refusal(17, "486", "BUSY", True),
    Way.REJECTS: Refusal(21, "603", "NOANSWER", True),
    Way.UNAVAILABLE: Refusal(19, "480", "NOANSWER", True),
    Way.WRONG_NUMBER: Refusal(1, "404", "NOANSWER", False),
    Way.CONGESTION: Refusal(34, "503", "CONGESTION", False),
}


class FarEnds(Protocol):
    """All that can be dialled. None = there is no such trunk or phone: Asterisk never makes a channel."""

    def number(self, number: str, trunk: str) -> FarEnd | None: ...

    def phone(self, endpoint: str) -> FarEnd | None: ...
