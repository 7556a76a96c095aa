"""Which actions a step asks for, with what their templates, fields and conditions stand for at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from dialer.expressions import holds
from dialer.scripts.actions import Action, asked_fields, templates, with_texts
from dialer.scripts.model import Block, Script, all_fields
from dialer.scripts.placeholders import Context, render
from dialer.scripts.run import Due, RunState, Step
from dialer.scripts.standing import known_to
from dialer.scripts.values import Invalid, canonical, clean
from dialer.scripts.ways import facts

MAX_FILLED: Final = 2_000
"""Characters of one text of an action once it is filled in."""


def due(script: Script, state: RunState, step: Step, context: Context) -> tuple[Due, ...]:
    """What a closed step does: its answer's actions, its block's, those of automatic blocks that were passed.

    `state` is the one after the step. A jump does not leave its block, and a step back undoes nothing.
    """
    asked: list[tuple[str, Action]] = []
    block = script.block(step.block)
    stayed = bool(state.trail) and state.trail[-1].stayed
    if block is not None and step.kind in ("answer", "none") and not stayed:
        given = next((answer for answer in block.answers if answer.id == step.answer), None)
        asked += [(f"{block.id}/{given.id}", action) for action in given.actions] if given else []
        asked += _of(block)
    if step.kind in ("answer", "none", "jump"):
        for passed in state.at.passed:
            asked += _of(script.block(passed))
    return tuple(_filled(script, state, asked, context)) if asked else ()


def at_the_end(script: Script, state: RunState, block: Block, context: Context) -> tuple[Due, ...]:
    """What a script does as it is closed at one of its ends."""
    return tuple(_filled(script, state, _of(block), context)) if block.actions else ()


def _of(block: Block | None) -> list[tuple[str, Action]]:
    return [(block.id, action) for action in block.actions] if block is not None else []


def _filled(
    script: Script, state: RunState, asked: list[tuple[str, Action]], context: Context
) -> Iterator[Due]:
    words = known_to(script, state, context)
    values = known_to(script, state, context, words=False)
    true = facts(script, state, context)
    for place, action in asked:
        if action.when and not holds(action.when, true):
            continue
        changed = {
            name: render(text, words if name in action.SAID else values, gap="")[:MAX_FILLED]
            for name, text in templates(action)
        }
        changed |= {name: _value(script, state, field) for name, field, _ in asked_fields(action)}
        yield Due(place=place, action=msgspec.structs.replace(with_texts(action, changed), when=""))


def _value(script: Script, state: RunState, field_id: str) -> str:
    """What a field holds; "" where nothing that fits stands in it."""
    field = next((field for field in all_fields(script) if field.id == field_id), None)
    if field is None:
        return ""
    try:
        return canonical(field, clean(field, state.fields.get(field_id)))
    except Invalid:
        return ""
