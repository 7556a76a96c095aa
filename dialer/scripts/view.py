"""What the operator's page shows of a script: the block to say, its answers and fields, the way so far."""

from __future__ import annotations

from msgspec import Struct

from dialer.scripts.model import FieldKind, Tone, Value


class ScriptFieldView(Struct, frozen=True, kw_only=True):
    id: str
    label: str
    kind: FieldKind
    required: bool
    choices: list[str]
    of: str  # what a reference is to
    value: Value
    common: bool  # a common field, shown on every block


class AnswerView(Struct, frozen=True, kw_only=True):
    id: str
    text: str
    tone: Tone


class JumpView(Struct, frozen=True, kw_only=True):
    id: str
    text: str


class BlockView(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    text: str  # plain text with placeholders filled; blank lines part paragraphs
    hint: str
    answers: list[AnswerView]
    fields: list[ScriptFieldView]
    end: bool  # nothing follows: the script ends here
    goal: bool


class TrailStep(Struct, frozen=True, kw_only=True):
    step: int
    title: str
    answer: str


class TaskView(Struct, frozen=True, kw_only=True):
    id: str
    text: str
    done: bool


class SchemeBlock(Struct, frozen=True, kw_only=True):
    """A block in the list of all blocks: where one may go, or what one may look up."""

    id: str
    title: str
    stage: str
    text: str
    goal: bool
    end: bool
    aside: bool  # only jumps lead to it
    visited: bool


class SchemeView(Struct, frozen=True, kw_only=True):
    """The script as a list of its blocks. `free`: one may go to any of them."""

    run: str
    script: str
    free: bool
    now: str  # the block where one is
    blocks: list[SchemeBlock]


class RunView(Struct, frozen=True, kw_only=True):
    id: str
    script: str
    version: int
    step: int  # number of the current step; sent back with every move
    progress: float  # 0..1
    block: BlockView
    jumps: list[JumpView]
    trail: list[TrailStep]
    can_go_back: bool
    in_jump: bool  # a jump was taken; the way back to the script is open (Esc)
    resumed: bool = False  # it was set aside before: one may begin anew, by going to `start`
    start: str = ""
    scheme: bool = False  # the list of blocks may be opened
    tasks: list[TaskView] = []
