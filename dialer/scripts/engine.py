"""The run of a script as a pure state machine: start, move, fill, finish.

A move names the step that it answers. Step numbers only grow; a repeat of the last move (same number, same
content) changes nothing and gives the same state again, any other old number is refused as `step_stale`.

Refusals: run_ended, step_stale{step}, answer_unknown{answer}, jump_unknown{jump}, already_there, not_in_jump,
nothing_to_go_back, note_too_long{limit}, field_unknown{field}, field_too_long{field,label},
field_missing{field,label}, field_invalid{field,label,kind}.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from dialer.scripts.graph import main_line
from dialer.scripts.model import NEXT, RETURN, Answer, Block, Field, Script, Value, all_fields, stages
from dialer.scripts.placeholders import Context, paragraphs, render, table
from dialer.scripts.run import (
    Back,
    Ended,
    Frame,
    Give,
    JumpTo,
    KeptField,
    Move,
    Moved,
    NoneFits,
    Place,
    Refusal,
    Return,
    RunEnd,
    RunState,
    Step,
    Visit,
)
from dialer.scripts.texts import next_text
from dialer.scripts.values import Invalid, Typed, clean, raw

MAX_NOTE: Final = 2_000
MAX_ANSWER_TEXT: Final = 500
MAX_TRAIL: Final = 200  # one goes no further back than this; the log keeps all

NOBODY: Final = Context()


def start(script: Script, now: datetime) -> RunState:
    """A new run, at the script's first block."""
    return RunState(step=1, at=_enter(script, Place(block=script.start), script.start), since=now)


def move(
    script: Script, state: RunState, step: int, made: Move, now: datetime, context: Context = NOBODY
) -> Moved | Refusal:
    """Answer the step, jump, return or go back. Gives the new state and the step to be logged."""
    if state.answered == made and state.step - 1 == step:
        return Moved(state=state, step=None)
    if state.ended:
        return Refusal(code="run_ended")
    if step != state.step:
        return Refusal(code="step_stale", params={"step": state.step})
    filled = fill(script, state, step, made.fields)
    if isinstance(filled, Refusal):
        return filled
    way = _way(script, filled, made, context)
    if isinstance(way, Refusal):
        return way
    return _log(script, filled, made, way, now, context)


def fill(script: Script, state: RunState, step: int, fields: Mapping[str, Typed]) -> RunState | Refusal:
    """Keep what was typed, half-typed words too; whether it fits is asked when the block is left."""
    if state.ended:
        return Refusal(code="run_ended")
    if step != state.step:
        return Refusal(code="step_stale", params={"step": state.step})
    known = {field.id: field for field in all_fields(script)}
    values: dict[str, Value] = {}
    for field_id, typed in fields.items():
        if field_id not in known:
            return Refusal(code="field_unknown", params={"field": field_id[:40]})
        try:
            values[field_id] = raw(typed)
        except Invalid:
            return Refusal(code="field_too_long", params=_named(known[field_id]))
    return msgspec.structs.replace(state, fields={**state.fields, **values}) if values else state


def finish(
    script: Script, state: RunState, now: datetime, context: Context = NOBODY, *, reason: str = ""
) -> Moved | Refusal:
    """Close the run: the conversation is over. The last block is logged with its fields; required ones must
    be filled only at the script's own end, when no `reason` (a code: hung_up, ...) says it was broken off.
    """
    if state.ended:
        return Moved(state=state, step=None)
    block = current(script, state)
    checked = _checked(script, block, state, context, strict=at_end(block) and not reason)
    if isinstance(checked, Refusal):
        return checked
    state = checked
    end = RunEnd(
        kind=_ending(block, state),
        block=block.id,
        stage=state.at.stage,
        suggested=state.at.suggested,
        reason="" if at_end(block) else reason or "broken_off",
    )
    step = _step(script, state, block, now, context, kind="end")
    state = msgspec.structs.replace(state, step=state.step + 1, since=now, answered=None, ended=end)
    return Moved(state=state, step=step)


# --- where one stands ---------------------------------------------------------------------------------------


def current(script: Script, state: RunState) -> Block:
    """The block that is shown; the first one where the script does not know it (never, if it was checked)."""
    return script.block(state.at.block) or script.block(script.start) or Block(id=script.start, end="end")


def at_end(block: Block) -> bool:
    """Whether nothing follows."""
    return bool(block.end) or not (block.answers or block.next)


def offered(script: Script, block: Block) -> tuple[Answer, ...]:
    """The buttons of a block: its answers, or "go on" where there are none and a default arrow leads on."""
    if block.end:
        return ()
    if not block.answers and block.next:
        return (Answer(id=NEXT, text=next_text(script.language, returns=block.next == RETURN)),)
    return block.answers


def can_go_back(state: RunState) -> bool:
    return state.ended is None and any(not visit.stayed for visit in state.trail)


def shown_fields(script: Script, block: Block) -> tuple[Field, ...]:
    """Common fields first, then the block's own."""
    return (*script.common, *block.fields)


def value_of(script: Script, state: RunState, field: Field, known: Mapping[str, str]) -> Value:
    """What stands in a field: what was typed (None if it was emptied), else its default."""
    if field.id in state.fields:
        return state.fields[field.id]
    if not field.default:
        return None
    text = render(field.default, known, gap="").strip()
    if field.kind == "yes_no":
        return {"true": True, "false": False}.get(text)
    return text or None


# --- what a move does ---------------------------------------------------------------------------------------


class _Way(msgspec.Struct, frozen=True, kw_only=True):
    """A decided move: the state with its fields judged, the new place, and what to write of it."""

    state: RunState
    place: Place
    trail: tuple[Visit, ...]
    answer: str = ""
    answer_text: str = ""
    note: str = ""


def _way(script: Script, state: RunState, made: Move, context: Context) -> _Way | Refusal:
    match made:
        case Give():
            return _give(script, state, made.answer, context)
        case NoneFits():
            return _none_fits(script, state, made.note.strip(), context)
        case JumpTo():
            return _jump(script, state, made.jump)
        case Return():
            return _return(script, state)
        case Back():
            return _back(state)


def _give(script: Script, state: RunState, answer_id: str, context: Context) -> _Way | Refusal:
    block = current(script, state)
    answer = next((answer for answer in offered(script, block) if answer.id == answer_id), None)
    if answer is None:
        return Refusal(code="answer_unknown", params={"answer": answer_id[:40]})
    checked = _checked(script, block, state, context, strict=answer.needs_fields)
    if isinstance(checked, Refusal):
        return checked
    at = state.at
    if answer.disposition:
        at = msgspec.structs.replace(at, suggested=answer.disposition)
    place = _follow(script, at, answer.to or block.next or block.id)
    return _Way(
        state=checked,
        place=place,
        trail=_walked(state, answer.text),
        answer=answer.id,
        answer_text=answer.text,
    )


def _none_fits(script: Script, state: RunState, note: str, context: Context) -> _Way | Refusal:
    """Goes on by the default arrow, if there is one; else the note is kept and one stays on the block."""
    if len(note) > MAX_NOTE:
        return Refusal(code="note_too_long", params={"limit": MAX_NOTE})
    block = current(script, state)
    if not block.next or block.end:
        return _Way(state=state, place=state.at, trail=_walked(state, note, stayed=True), note=note)
    checked = _checked(script, block, state, context, strict=True)
    if isinstance(checked, Refusal):
        return checked
    return _Way(
        state=checked, place=_follow(script, state.at, block.next), trail=_walked(state, note), note=note
    )


def _jump(script: Script, state: RunState, jump_id: str) -> _Way | Refusal:
    jump = next((jump for jump in script.jumps if jump.id == jump_id), None)
    if jump is None or script.block(jump.to) is None:
        return Refusal(code="jump_unknown", params={"jump": jump_id[:40]})
    at = state.at
    if jump.to == at.block:
        return Refusal(code="already_there")
    opened = [frame.block for frame in at.stack]
    if jump.to in opened:  # the way back to where that jump began; so the stack stays bounded
        depth = opened.index(jump.to)
        place = _unwind(at, depth)
    else:
        frame = Frame(block=at.block, suggested=at.suggested, goal=at.goal)
        place = _enter(script, msgspec.structs.replace(at, stack=(*at.stack, frame)), jump.to)
    return _Way(
        state=state, place=place, trail=_walked(state, jump.text), answer=jump.id, answer_text=jump.text
    )


def _return(script: Script, state: RunState) -> _Way | Refusal:
    if not state.at.stack:
        return Refusal(code="not_in_jump")
    text = next_text(script.language, returns=True)
    place = _unwind(state.at, len(state.at.stack) - 1)
    return _Way(state=state, place=place, trail=_walked(state, text), answer_text=text)


def _back(state: RunState) -> _Way | Refusal:
    if not can_go_back(state):
        return Refusal(code="nothing_to_go_back")
    trail = state.trail
    while trail[-1].stayed:
        trail = trail[:-1]
    return _Way(state=state, place=trail[-1].at, trail=trail[:-1])


# --- places -------------------------------------------------------------------------------------------------


def _follow(script: Script, at: Place, target: str) -> Place:
    """Along an arrow. One that leads into the main line closes the jumps that are open."""
    if target == RETURN:
        return _unwind(at, len(at.stack) - 1) if at.stack else at
    if at.stack and target in main_line(script):
        at = msgspec.structs.replace(at, stack=())
    return _enter(script, at, target)


def _enter(script: Script, at: Place, target: str) -> Place:
    """Come to a block, and on through automatic ones: at most as many as there are blocks."""
    order = stages(script)
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
        )
        if not block.automatic:
            return at
        if block.next == RETURN:
            return _unwind(at, len(at.stack) - 1) if at.stack else at
        target = block.next
    return at


def _unwind(at: Place, depth: int) -> Place:
    """Back to where jump number `depth` began. What it suggested is forgotten, unless it met the goal."""
    frame = at.stack[depth]
    suggested = at.suggested if at.goal and not frame.goal else frame.suggested
    return msgspec.structs.replace(at, block=frame.block, stack=at.stack[:depth], suggested=suggested)


def _walked(state: RunState, answer: str, *, stayed: bool = False) -> tuple[Visit, ...]:
    visit = Visit(step=state.step, at=state.at, answer=answer, stayed=stayed)
    return (*state.trail, visit)[-MAX_TRAIL:]


def _ending(block: Block, state: RunState) -> Ended:
    if block.end == "refused":  # whatever was agreed before
        return Ended.REFUSED
    if state.at.goal:
        return Ended.GOAL_MET
    return Ended.COMPLETED if at_end(block) else Ended.FAILED


# --- fields and the log -------------------------------------------------------------------------------------


def _checked(
    script: Script, block: Block, state: RunState, context: Context, *, strict: bool
) -> RunState | Refusal:
    """The block's fields and the common ones in canonical form; the first that is wrong, or missing, refuses.

    Not strict (the client refuses to go on): what is missing is let be, what is half-typed stays as it is.
    """
    known = table(script, state.fields, context)
    values: dict[str, Value] = {}
    for field in shown_fields(script, block):
        value = value_of(script, state, field, known)
        try:
            value = clean(field, value)
        except Invalid:
            if strict:
                return Refusal(code="field_invalid", params={**_named(field), "kind": field.kind})
        if value is None and field.required and strict:
            return Refusal(code="field_missing", params=_named(field))
        if value is not None or field.id in state.fields:  # what was never touched keeps its default
            values[field.id] = value
    return msgspec.structs.replace(state, fields={**state.fields, **values})


def _named(field: Field) -> dict[str, str | int]:
    return {"field": field.id, "label": field.label}


def _log(script: Script, before: RunState, made: Move, way: _Way, now: datetime, context: Context) -> Moved:
    step = _step(script, way.state, current(script, before), now, context, kind=_kind(made))
    step = msgspec.structs.replace(
        step,
        answer=way.answer,
        answer_text=render(way.answer_text, table(script, before.fields, context))[:MAX_ANSWER_TEXT],
        note=way.note,
        to=way.place.block,
    )
    state = msgspec.structs.replace(
        way.state, step=before.step + 1, at=way.place, since=now, trail=way.trail, answered=made
    )
    return Moved(state=state, step=step)


def _kind(made: Move) -> str:
    return str(made.__struct_config__.tag)


def _step(
    script: Script, state: RunState, block: Block, now: datetime, context: Context, *, kind: str
) -> Step:
    known = table(script, state.fields, context)
    return Step(
        step=state.step,
        kind=kind,  # type: ignore[arg-type]
        block=block.id,
        title=block.title or block.id,
        stage=block.stage,
        text=render(paragraphs(block.text), known),
        answer="",
        answer_text="",
        note="",
        fields=tuple(
            KeptField(id=field.id, label=field.label, value=state.fields[field.id])
            for field in shown_fields(script, block)
            if state.fields.get(field.id) is not None
        ),
        to="",
        entered_at=state.since,
        answered_at=now,
    )
