"""Sub-scripts: a block that passes through another script is woven into the version that is published.

So a run needs one value, and keeps it: who changes a sub-script publishes it, and then those that use it. A block of
the other script is called `block.its-id` here; a dot stands in no id that people write, so nothing can clash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from dialer.scripts.actions import Action, templates, with_texts
from dialer.scripts.findings import Finding, Path
from dialer.scripts.model import RETURN, Answer, Block, Field, Jump, Script, all_fields
from dialer.scripts.placeholders import moved

Library = Callable[[str], Script | None]
"""A script as it was written, by its name."""

MAX_DEPTH: Final = 5
MAX_WOVEN: Final = 3_000
DOT: Final = "."


class CannotWeave(Exception):
    """A sub-script is missing, or scripts lead into each other without end: `check_subs` says where."""


def uses(script: Script) -> list[str]:
    """The names of the scripts that this one passes through, each once."""
    return list(dict.fromkeys(block.sub for block in script.blocks if block.sub))


def weave(script: Script, library: Library) -> Script:
    """The script with all that it passes through in it. Raises `CannotWeave`."""
    if not any(block.sub for block in script.blocks):
        return script
    blocks, jumps, common = _woven(script, library, (script.name,))
    if len(blocks) > MAX_WOVEN:
        raise CannotWeave(script.name)
    return msgspec.structs.replace(script, blocks=tuple(blocks), jumps=tuple(jumps), common=tuple(common))


def check_subs(script: Script, library: Library) -> Iterator[Finding]:
    """What is wrong with the blocks that pass through another script, as far as the library tells."""
    mine = {field.id: field for field in all_fields(script)}
    for block in script.blocks:
        if not block.sub:
            continue
        path: Path = ("blocks", block.id, "sub")
        named: dict[str, str | int] = {"name": block.sub[:80]}
        other = library(block.sub)
        if other is None:
            yield Finding(code="sub_unknown", path=path, params=named)
            continue
        try:
            woven = weave(msgspec.structs.replace(script, blocks=(block,)), library)
        except CannotWeave:
            yield Finding(code="sub_endless", path=path, params=named)
            continue
        if other.language != script.language:
            yield Finding(code="sub_language", level="warning", path=path, params=named)
        for field in all_fields(woven):
            if field.id in mine and _other_kind(field, mine[field.id]):
                yield Finding(code="sub_field", path=path, params={**named, "field": field.id})


def _other_kind(one: Field, other: Field) -> bool:
    return (one.kind, one.choices, one.of) != (other.kind, other.choices, other.of)


def _woven(
    script: Script, library: Library, within: tuple[str, ...]
) -> tuple[list[Block], list[Jump], list[Field]]:
    blocks: list[Block] = []
    jumps = list(script.jumps)
    common = list(script.common)
    for block in script.blocks:
        if not block.sub:
            blocks.append(block)
            continue
        other = library(block.sub)
        if other is None or block.sub in within or len(within) > MAX_DEPTH:
            raise CannotWeave(block.sub)
        inner, their_jumps, their_common = _woven(other, library, (*within, block.sub))
        entry = msgspec.structs.replace(
            block, sub="", ways=(), actions=(), next=_within(block.id, other.start)
        )
        blocks.append(entry)
        blocks += [_moved(each, block) for each in inner]
        jumps += [
            Jump(id=_within(block.id, jump.id), text=jump.text, to=_within(block.id, jump.to))
            for jump in their_jumps
        ]
        known = {field.id for field in common}
        common += [field for field in their_common if field.id not in known]
    return blocks, jumps, common


def _moved(inner: Block, outer: Block) -> Block:
    """A block of the sub-script in its new place: where that script ends, the outer block's own arrows lead on."""
    here = outer.id

    def to(target: str) -> str:
        return target if target in ("", RETURN) else _within(here, target)

    placed = msgspec.structs.replace(
        inner,
        id=_within(here, inner.id),
        stage=inner.stage or outer.stage,
        text=moved(inner.text, here),
        hint=moved(inner.hint, here),
        fields=tuple(
            msgspec.structs.replace(field, default=moved(field.default, here)) for field in inner.fields
        ),
        answers=tuple(_moved_answer(answer, to(answer.to), here) for answer in inner.answers),
        actions=_moved_actions(inner.actions, here),
        ways=tuple(msgspec.structs.replace(way, to=to(way.to)) for way in inner.ways),
        next=to(inner.next),
        goal=False,  # the goal of an order is not that of asking for an address
    )
    if inner.end == "end":
        actions = (*placed.actions, *outer.actions)  # here one leaves the outer block
        return msgspec.structs.replace(
            placed, end="", answers=(), ways=outer.ways, next=outer.next, actions=actions
        )
    return placed


def _moved_answer(answer: Answer, to: str, here: str) -> Answer:
    return msgspec.structs.replace(
        answer, to=to, text=moved(answer.text, here), actions=_moved_actions(answer.actions, here)
    )


def _moved_actions(actions: tuple[Action, ...], here: str) -> tuple[Action, ...]:
    return tuple(
        with_texts(action, {name: moved(text, here) for name, text in templates(action)})
        for action in actions
    )


def _within(outer: str, inner: str) -> str:
    return f"{outer}{DOT}{inner}"
