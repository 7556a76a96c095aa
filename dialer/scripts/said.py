"""Where in a script templates stand: every text that may hold placeholders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dialer.scripts.actions import Action
from dialer.scripts.actions import templates as templates_of
from dialer.scripts.model import Block, Script

Path = tuple[str, ...]

ACTIONS: Final = "actions"


def templates(script: Script) -> Iterator[tuple[Path, str, str]]:
    """Each template with its path and the block it belongs to ("": every one)."""
    for field in script.common:
        yield ("common", field.id, "default"), "", field.default
    for block in script.blocks:
        here = ("blocks", block.id)
        yield (*here, "text"), block.id, block.text
        yield (*here, "hint"), block.id, block.hint
        for answer in block.answers:
            yield (*here, "answers", answer.id, "text"), block.id, answer.text
        for field in block.fields:
            yield (*here, "fields", field.id, "default"), block.id, field.default
    for path, block, action in actions(script):
        for name, text in templates_of(action):
            yield (*path, *name.split(".")), block.id, text


def actions(script: Script) -> Iterator[tuple[Path, Block, Action]]:
    """Every action of a script, with its path and the block that it belongs to."""
    for block in script.blocks:
        here = ("blocks", block.id)
        for answer in block.answers:
            for at, action in enumerate(answer.actions):
                yield (*here, "answers", answer.id, ACTIONS, str(at)), block, action
        for at, action in enumerate(block.actions):
            yield (*here, ACTIONS, str(at)), block, action
