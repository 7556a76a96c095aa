"""What an AMI connection counted: added up over all connections to one PBX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from dialer.health.figures import Figure, count


@dataclass(frozen=True, slots=True)
class Tally:
    connections: int = 0
    gaps: int = 0  # connections that were in use and broke
    events: int = 0  # handed on
    skipped: int = 0  # of kinds that nobody wants
    malformed: int = 0  # messages thrown away
    to_nobody: int = 0  # answers to questions that nobody asked, or not any more
    not_taken: int = 0  # handed on, and their taker failed
    untimed: int = 0  # came without their time
    unanswered: int = 0  # actions that ended by their deadline

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))

    @property
    def lost(self) -> int:
        """Events that may have been missed though the connection stood."""
        return self.malformed + self.not_taken

    def figures(self, pbx: str) -> Iterator[Figure]:
        for name, says in _SAYS.items():
            yield count(f"ami_{name}", says, getattr(self, name), pbx=pbx)


_SAYS = {
    "connections": "Connections begun.",
    "gaps": "Connections in use that broke: what happened in the gap is asked afterwards.",
    "events": "Events handed on.",
    "skipped": "Events of kinds that are not wanted, never taken apart.",
    "malformed": "Messages thrown away: of no form that AMI has.",
    "to_nobody": "Answers without an ActionID that is waited for.",
    "not_taken": "Events whose taker failed.",
    "untimed": "Events without their time.",
    "unanswered": "Actions that ended by their deadline.",
}
