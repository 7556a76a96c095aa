"""One passing of a script as values: where it stands, the moves one may make, the steps to be kept.

All of it is plain data, so that a run written down at any step (`msgspec.json`) goes on the same elsewhere.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Literal

from msgspec import Struct

from dialer.scripts.actions import Action
from dialer.scripts.model import Value
from dialer.scripts.values import Typed


class Give(Struct, frozen=True, kw_only=True, tag_field="kind", tag="answer"):
    """The client gave this answer."""

    answer: str
    fields: dict[str, Typed] = {}


class NoneFits(Struct, frozen=True, kw_only=True, tag_field="kind", tag="none"):
    """No answer of the block fits what the client said; the note says what that was."""

    note: str = ""
    fields: dict[str, Typed] = {}


class JumpTo(Struct, frozen=True, kw_only=True, tag_field="kind", tag="jump"):
    jump: str
    fields: dict[str, Typed] = {}


class Return(Struct, frozen=True, kw_only=True, tag_field="kind", tag="return"):
    """Back from a jump to where one was."""

    fields: dict[str, Typed] = {}


class Back(Struct, frozen=True, kw_only=True, tag_field="kind", tag="back"):
    """One step back; what was answered stays in the log."""

    fields: dict[str, Typed] = {}


class Go(Struct, frozen=True, kw_only=True, tag_field="kind", tag="go"):
    """To any block of a script that may be gone through freely."""

    block: str
    fields: dict[str, Typed] = {}


Move = Give | NoneFits | JumpTo | Return | Back | Go


class Frame(Struct, frozen=True, kw_only=True):
    """Where a jump began."""

    block: str
    suggested: str
    goal: bool


class Place(Struct, frozen=True, kw_only=True):
    """Where a run stands: all that a step back gives back."""

    block: str
    stack: tuple[Frame, ...] = ()  # jumps not yet returned from
    suggested: str = ""  # the disposition proposed so far
    goal: bool = False  # the goal is met
    stage: str = ""  # the furthest stage reached
    passed: tuple[str, ...] = ()  # automatic blocks that the last move went through


class Visit(Struct, frozen=True, kw_only=True):
    """A step of the way that leads to the present block."""

    step: int
    at: Place
    answer: str  # in words
    stayed: bool = False  # noted, but the block did not change


class Ended(enum.StrEnum):
    GOAL_MET = "goal_met"
    REFUSED = "refused"
    COMPLETED = "completed"  # an end of the script that is neither
    FAILED = "failed"  # broken off at a block


BrokenOff = Literal[
    "hung_up", "wrong_person", "no_time", "no_interest", "bad_line", "language", "machine", "other"
]
"""Why a conversation did not come to the script's end, as an operator may say."""


class RunEnd(Struct, frozen=True, kw_only=True):
    kind: Ended
    block: str
    stage: str
    suggested: str
    reason: str  # why it was broken off, a code: hung_up, saved, ... "" when the script's end was reached


class RunState(Struct, frozen=True, kw_only=True):
    step: int  # the number of the step that awaits its answer, from 1
    at: Place
    since: datetime  # when the present block was shown
    fields: dict[str, Value] = {}
    trail: tuple[Visit, ...] = ()
    read: tuple[str, ...] = ()  # blocks that were answered, and so read, where the script limits haste
    answered: Move | None = None  # the move that closed step - 1, to know its repeat
    done: tuple[str, ...] = ()  # the script's tasks that were ticked off
    resumed: bool = False  # it was set aside and taken up again: one may begin it anew
    ended: RunEnd | None = None


class KeptField(Struct, frozen=True, kw_only=True):
    id: str
    label: str
    value: Value


class Step(Struct, frozen=True, kw_only=True):
    """A closed step, to be appended to the log and never changed."""

    step: int
    kind: Literal["answer", "none", "jump", "return", "back", "go", "aside", "end"]
    block: str
    title: str
    stage: str
    text: str  # as it was shown
    answer: str  # id of the answer or jump, "" if none
    answer_text: str
    note: str
    fields: tuple[KeptField, ...]
    to: str  # the block that came next, "" at the end
    entered_at: datetime
    answered_at: datetime
    hasty: bool = False  # answered before the text can have been read


class Due(Struct, frozen=True, kw_only=True):
    """An action that a step asks for: its texts are filled in, its condition holds."""

    place: str  # the block, or `block/answer`
    action: Action


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a move is not made; nothing has changed. Texts: `dialer.scripts.texts`."""

    code: str
    params: dict[str, str | int] = {}


class Moved(Struct, frozen=True, kw_only=True):
    state: RunState
    step: Step | None  # None: a repeat of the move before, which is in the log already
    due: tuple[Due, ...] = ()  # what the step does besides, in its order
