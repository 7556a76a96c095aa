"""Lines: the ways out to the public network, and the numbers under which clients call in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`dial` is the PBX's own form with `{number}` in it; `capacity` counts simultaneous calls."""

    name: str
    dial: str
    caller_id: str
    region: str
    capacity: int
    called: tuple[str, ...]


def line_called(lines: Mapping[str, Line], dialled: str) -> Line | None:
    """The line that owns the number a client dialled; a line that names none takes what no other does."""
    digits = dialled.lstrip("+")
    for line in lines.values():
        if any(number.lstrip("+") == digits for number in line.called):
            return line
    return next((line for line in lines.values() if not line.called), None)
