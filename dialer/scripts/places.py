"""How a run comes from one place of a script to another: along an arrow, into a jump, back out of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dialer.scripts.graph import main_line
from dialer.scripts.model import RETURN, Block, Script, stages
from dialer.scripts.run import Frame, Place

Onward = Callable[[Block], str]
"""Where a block's own arrows lead as the fields stand now: `dialer.scripts.ways`."""


def follow(script: Script, at: Place, target: str, onward: Onward) -> Place:
    """Along an arrow. One that leads into the main line closes the jumps that are open."""
    if target == RETURN:
        return unwind(at, len(at.stack) - 1) if at.stack else at
    if at.stack and target in main_line(script):
        at = msgspec.structs.replace(at, stack=())
    return enter(script, at, target, onward)


def enter(script: Script, at: Place, target: str, onward: Onward) -> Place:
    """Come to a block, and on through automatic ones: at most as many as there are blocks."""
    order = stages(script)
    passed: tuple[str, ...] = ()
    for _ in range(len(script.blocks) + 1):
        block = script.block(target)
        if block is None:
            return at
        further = block.stage and (not at.stage or order.index(block.stage) > order.index(at.stage))
        at = msgspec.structs.replace(
            at,
            block=block.id,
            suggested=block.disposition or at.suggested,
            goal=at.goal or block.goal,
            stage=block.stage if further else at.stage,
            passed=passed,
        )
        if not block.automatic:
            return at
        passed = (*passed, block.id)
        at = msgspec.structs.replace(at, passed=passed)
        target = onward(block)
        if target == RETURN:
            return unwind(at, len(at.stack) - 1) if at.stack else at
    return at


def leap(script: Script, at: Place, target: str, onward: Onward) -> Place:
    """Jump to a block. No block opens two jumps at once, so that the stack stays bounded: a jump to where an
    open one began is the way back to it.
    """
    opened = [frame.block for frame in at.stack]
    below = at.stack[: opened.index(at.block)] if at.block in opened else at.stack
    frame = Frame(block=at.block, suggested=at.suggested, goal=at.goal)
    place = enter(script, msgspec.structs.replace(at, stack=(*below, frame)), target, onward)
    return unwind(at, opened.index(place.block)) if place.block in opened else place


def step_to(script: Script, at: Place, target: str, onward: Onward) -> Place:
    """To any block, by the operator's own choice. One that only jumps lead to is jumped to, so that there is a way
    back from it; one of the main line ends the jumps that are open.
    """
    if target in main_line(script):
        return enter(script, msgspec.structs.replace(at, stack=()), target, onward)
    return leap(script, at, target, onward)


def unwind(at: Place, depth: int) -> Place:
    """Back to where jump number `depth` began. What it suggested is forgotten, unless it met the goal."""
    frame = at.stack[depth]
    suggested = at.suggested if at.goal and not frame.goal else frame.suggested
    return msgspec.structs.replace(at, block=frame.block, stack=at.stack[:depth], suggested=suggested)
