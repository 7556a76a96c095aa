"""A script as a value: blocks and the arrows between them.

Ids are short words of Latin letters, digits, `_` and `-`, unique within their list; fields are unique within
the whole script. A target (`to`, `next`) is a block's id, `return` (to where a jump began), or "" (none).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from dialer.scripts.actions import Action

RETURN: Final = "return"
"""The target that leads back from a jump; no block may be called so."""

NEXT: Final = "next"
"""The id of the answer that the engine itself offers on a block that has a default arrow and no answers."""

ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")

Language = Literal["ru", "en"]
Tone = Literal["positive", "neutral", "negative"]
FieldKind = Literal[
    "text", "number", "money", "date", "time", "choice", "choices", "yes_no", "phone", "email", "reference"
]
Ending = Literal["", "end", "refused"]
Haste = Literal["", "mark", "refuse"]
"""What becomes of an answer that comes before the text can have been read: nothing, a mark in the log, a refusal."""

Mode = Literal["strict", "free"]
"""Only along the arrows, or to any block at any time."""

PACE: Final = 25
"""Characters a second that nobody reads aloud: half as much again as the fastest speech."""

Value = str | bool | list[str] | None
"""What a field holds: numbers, dates and times are kept as canonical text; None and "" are "not filled"."""


class Field(Struct, frozen=True, kw_only=True):
    id: str
    label: str
    kind: FieldKind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    of: str = (
        ""  # what a reference is to: `client`, or anything else (then it is free text until it has a room)
    )
    default: str = ""  # text with placeholders; what it renders to stands in the field until it is changed


class Answer(Struct, frozen=True, kw_only=True):
    id: str
    text: str
    to: str = ""  # "" follows the block's default arrow
    tone: Tone = "neutral"
    disposition: str = ""  # the result that this answer suggests
    needs_fields: bool = True  # False: a refusal need not wait for the block's required fields
    actions: tuple[Action, ...] = ()  # done when it is given, before those of the block


class Jump(Struct, frozen=True, kw_only=True):
    """Offered on every block ("Who are you, anyway?"): leads to a block, and back to where one was."""

    id: str
    text: str
    to: str


class Task(Struct, frozen=True, kw_only=True):
    """Something to do in the course of the conversation: ticked off by the operator, never in the way."""

    id: str
    text: str


class Way(Struct, frozen=True, kw_only=True):
    """An arrow that is taken when its condition over the fields holds (see `dialer.expressions`)."""

    when: str
    to: str


class Block(Struct, frozen=True, kw_only=True):
    """One thing to say. One with nothing to show (no text, answers, fields) is automatic: it is passed."""

    id: str
    title: str = ""
    stage: str = ""
    text: str = ""
    hint: str = ""  # for the operator's eyes, never read aloud
    fields: tuple[Field, ...] = ()
    answers: tuple[Answer, ...] = ()
    ways: tuple[Way, ...] = ()  # the first whose condition holds is taken, before `next`
    next: str = ""  # the default arrow
    sub: str = ""  # the name of another script that is gone through here, before `ways` and `next`
    goal: bool = False  # to come here is to have met the script's goal
    end: Ending = ""
    disposition: str = ""  # the result that coming here suggests
    actions: tuple[Action, ...] = ()  # done when it is left by an answer, a default arrow or the script's end
    pause_recording: bool = False  # silence is recorded while it is on the page: a card number is said

    @property
    def automatic(self) -> bool:
        says = self.text or self.hint or self.fields or self.answers or self.end
        return bool(self.next) and not says


class Script(Struct, frozen=True, kw_only=True, cache_hash=True):
    name: str
    language: Language
    start: str
    blocks: tuple[Block, ...]
    about: str = ""
    haste: Haste = ""
    pace: int = PACE  # characters a second
    mode: Mode = "strict"
    scheme_visible: bool = False  # the list of blocks can be opened while one talks; always so in free mode
    call_needed: bool = False  # nothing may be answered before the client is on the line
    keep_log: bool = True  # False: no step is written down, and what was typed goes when the run ends
    tasks: tuple[Task, ...] = ()
    common: tuple[Field, ...] = ()  # fields that are shown on every block
    jumps: tuple[Jump, ...] = ()

    def block(self, block_id: str) -> Block | None:
        return next((block for block in self.blocks if block.id == block_id), None)


class Arrow(Struct, frozen=True, kw_only=True):
    """One way out of a block."""

    by: str  # an answer's id, or "" for the block's own arrows
    to: str
    when: str = ""  # a condition, or "" for the default


def arrows(block: Block) -> Iterator[Arrow]:
    """Every way out of a block that leads somewhere, answers first; none leaves an end."""
    if block.end:
        return
    for answer in block.answers:
        if target := answer.to or block.next:
            yield Arrow(by=answer.id, to=target)
    for way in block.ways:
        yield Arrow(by="", to=way.to, when=way.when)
    if block.next:
        yield Arrow(by="", to=block.next)


def all_fields(script: Script) -> Iterator[Field]:
    """Common fields first, then the blocks' in the order of the script."""
    yield from script.common
    for block in script.blocks:
        yield from block.fields


def stages(script: Script) -> tuple[str, ...]:
    """The stages of the conversation, in the order in which the script names them first."""
    return tuple(dict.fromkeys(block.stage for block in script.blocks if block.stage))
