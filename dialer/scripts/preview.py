"""A walk through a draft by the real engine, with a client who does not exist: nothing of it is kept.

The page sends all moves made so far, and they are made again: so no state comes from outside, and a draft that
changed in between is walked as it stands now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from dialer.scripts import engine
from dialer.scripts.model import Script
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Move, Refusal, RunState
from dialer.scripts.show import view
from dialer.scripts.view import RunView

MOST_MOVES: Final = 300


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """Where one stands after the moves that could be made: `made` of them. `refused`: why the next could not be."""

    view: RunView
    made: int
    refused: Refusal | None
    suggested: str
    goal: bool


def walk(script: Script, moves: Sequence[Move], context: Context, now: datetime) -> Walked:
    """Begin the script and make the moves, up to the first that is refused. Nobody is too fast here."""
    script = msgspec.structs.replace(script, haste="")
    state = engine.start(script, now, context)
    refused: Refusal | None = None
    made = 0
    for move in moves[:MOST_MOVES]:
        moved = engine.move(script, state, state.step, move, now, context)
        if isinstance(moved, Refusal):
            refused = moved
            break
        state, made = moved.state, made + 1
    return _walked(script, state, context, made, refused)


def _walked(script: Script, state: RunState, context: Context, made: int, refused: Refusal | None) -> Walked:
    return Walked(
        view=view(script, state, context),
        made=made,
        refused=refused,
        suggested=state.at.suggested,
        goal=state.at.goal,
    )
