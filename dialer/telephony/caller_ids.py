"""Which of a line's numbers a client sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Rotation = Literal["fixed", "round_robin", "same_for_client"]


def choices(own: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """The campaign's set as far as the line owns it; the line's own where nothing is left. Never another's number."""
    asked = tuple(dict.fromkeys(number for number in wanted if number in own))
    return asked or tuple(dict.fromkeys(own))


def choose(ids: Sequence[str], rotation: Rotation, *, seen: str, last: str) -> str:
    """The number for the next call, "" where the line has none.

    `seen` is what this client saw last, `last` what any client of the same set did. A client who is called again
    sees the same number under `same_for_client`; who is new gets the one after the last used.
    """
    if not ids:
        return ""
    if rotation == "fixed" or len(ids) == 1:
        return ids[0]
    if rotation == "same_for_client" and seen in ids:
        return seen
    return ids[(ids.index(last) + 1) % len(ids)] if last in ids else ids[0]
