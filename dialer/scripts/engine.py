"""The run of a script as a pure state machine: start, move, fill, finish.

A move names the step that it answers. Step numbers only grow; a repeat of the last move (same number, same
content) changes nothing and gives the same state again, any other old number is refused as `step_stale`.

Refusals: run_ended, step_stale{step}, too_fast{seconds}, answer_unknown{answer}, jump_unknown{jump},
already_there, not_free, go_unknown{block}, task_unknown{task}, not_in_jump, nothing_to_go_back, note_too_long{limit},
field_unknown{field}, field_too_long{field,label}, field_missing{field,label}, field_invalid{field,label,kind}.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from dialer.scripts.due import at_the_end, due
from dialer.scripts.model import Block, Script, Value, all_fields
from dialer.scripts.placeholders import NOBODY, Context, paragraphs, render
from dialer.scripts.places import enter, follow, leap, step_to, unwind
from dialer.scripts.run import (
    Back,
    Ended,
    Give,
    Go,
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
from dialer.scripts.standing import (
    at_end,
    can_go_back,
    checked_fields,
    current,
    known_to,
    named,
    offered,
    shown_fields,
)
from dialer.scripts.texts import next_text
from dialer.scripts.values import Invalid, Typed, printable, raw
from dialer.scripts.ways import onward

MAX_NOTE: Final = 2_000
MAX_ANSWER_TEXT: Final = 500
MAX_TRAIL: Final = 200  # one goes no further back than this; the log keeps all


def start(script: Script, now: datetime, context: Context = NOBODY) -> RunState:
    """A new run, at the script's first block."""
    state = RunState(step=1, at=Place(block=script.start), since=now)
    at = enter(script, state.at, script.start, onward(script, state, context))
    return msgspec.structs.replace(state, at=at)


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
    state = msgspec.structs.replace(state, at=msgspec.structs.replace(state.at, passed=()))
    hurry_s = left_to_read(script, state, made, now, context)
    if hurry_s and script.haste == "refuse":
        return Refusal(code="too_fast", params={"seconds": math.ceil(hurry_s)})
    filled = fill(script, state, step, made.fields)
    if isinstance(filled, Refusal):
        return filled
    way = _way(script, filled, made, context)
    if isinstance(way, Refusal):
        return way
    return _log(script, filled, made, way, now, context, hasty=hurry_s > 0)


def left_to_read(script: Script, state: RunState, made: Move, now: datetime, context: Context) -> float:
    """Seconds that an answer comes too early for the text to have been said (spec S3.4), 0 if it does not.

    Only what is answered for the first time is said: one that was answered was read before, wherever one has
    gone since. The trail knows it not: it loses what one goes back over, and has what one jumped away from unread.
    """
    if not script.haste or not isinstance(made, Give | NoneFits):
        return 0.0
    block = current(script, state)
    if block.id in state.read:
        return 0.0
    said = render(paragraphs(block.text), known_to(script, state, context))
    return max(0.0, len(said) / script.pace - (now - state.since).total_seconds())


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
            return Refusal(code="field_too_long", params=named(known[field_id]))
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
    checked = checked_fields(script, block, state, context, strict=at_end(block) and not reason)
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
    left = () if end.reason else at_the_end(script, state, block, context)
    state = msgspec.structs.replace(state, step=state.step + 1, since=now, answered=None, ended=end)
    return Moved(state=state, step=step, due=left)


def set_aside(script: Script, state: RunState, now: datetime, context: Context = NOBODY) -> Moved | Refusal:
    """Put the run away where it stands ("call me later"): what was typed is logged, nothing has to be complete."""
    if state.ended:
        return Refusal(code="run_ended")
    block = current(script, state)
    checked = checked_fields(script, block, state, context, strict=False)
    if isinstance(checked, Refusal):
        return checked
    step = _step(script, checked, block, now, context, kind="aside")
    return Moved(
        state=msgspec.structs.replace(checked, step=state.step + 1, since=now, answered=None), step=step
    )


def resume(state: RunState, now: datetime) -> RunState:
    """Take up a run that was set aside: the block is shown from now on."""
    return msgspec.structs.replace(state, since=now, resumed=True)


def tick(script: Script, state: RunState, task: str, on: bool) -> RunState | Refusal:
    """Tick one of the script's tasks off, or on again."""
    if all(known.id != task for known in script.tasks):
        return Refusal(code="task_unknown", params={"task": task[:40]})
    done = {*state.done, task} if on else {*state.done} - {task}
    return msgspec.structs.replace(state, done=tuple(known.id for known in script.tasks if known.id in done))


def forget(state: RunState) -> RunState:
    """A run that is over, without a word of what was said in it; for scripts that keep no log."""
    at = msgspec.structs.replace(state.at, stack=())
    return msgspec.structs.replace(state, at=at, fields={}, trail=(), read=(), answered=None)


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
            return _none_fits(script, state, printable(made.note).strip(), context)
        case JumpTo():
            return _jump(script, state, made.jump, context)
        case Return():
            return _return(script, state)
        case Back():
            return _back(state)
        case Go():
            return _go(script, state, made.block, context)


def _give(script: Script, state: RunState, answer_id: str, context: Context) -> _Way | Refusal:
    block = current(script, state)
    answer = next((answer for answer in offered(script, block) if answer.id == answer_id), None)
    if answer is None:
        return Refusal(code="answer_unknown", params={"answer": answer_id[:40]})
    checked = checked_fields(script, block, state, context, strict=answer.needs_fields)
    if isinstance(checked, Refusal):
        return checked
    at = state.at
    if answer.disposition:
        at = msgspec.structs.replace(at, suggested=answer.disposition)
    on = onward(script, checked, context)
    place = follow(script, at, answer.to or on(block) or block.id, on)
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
    checked = checked_fields(script, block, state, context, strict=True)
    if isinstance(checked, Refusal):
        return checked
    on = onward(script, checked, context)
    place = follow(script, state.at, on(block), on)
    return _Way(state=checked, place=place, trail=_walked(state, note), note=note)


def _jump(script: Script, state: RunState, jump_id: str, context: Context) -> _Way | Refusal:
    jump = next((jump for jump in script.jumps if jump.id == jump_id), None)
    if jump is None or script.block(jump.to) is None:
        return Refusal(code="jump_unknown", params={"jump": jump_id[:40]})
    place = leap(script, state.at, jump.to, onward(script, state, context))
    if place.block == state.at.block:
        return Refusal(code="already_there")
    trail = _walked(state, jump.text)
    return _Way(state=state, place=place, trail=trail, answer=jump.id, answer_text=jump.text)


def _go(script: Script, state: RunState, block_id: str, context: Context) -> _Way | Refusal:
    anew = state.resumed and block_id == script.start
    if script.mode != "free" and not anew:
        return Refusal(code="not_free")
    block = script.block(block_id)
    if block is None:
        return Refusal(code="go_unknown", params={"block": block_id[:40]})
    place = step_to(script, state.at, block.id, onward(script, state, context))
    if (place.block, place.stack) == (state.at.block, state.at.stack):
        return Refusal(code="already_there")
    text = f"→ {block.title or block.id}"
    return _Way(state=state, place=place, trail=_walked(state, text), answer_text=text)


def _return(script: Script, state: RunState) -> _Way | Refusal:
    if not state.at.stack:
        return Refusal(code="not_in_jump")
    text = next_text(script.language, returns=True)
    place = unwind(state.at, len(state.at.stack) - 1)
    return _Way(state=state, place=place, trail=_walked(state, text), answer_text=text)


def _back(state: RunState) -> _Way | Refusal:
    if not can_go_back(state):
        return Refusal(code="nothing_to_go_back")
    trail = state.trail
    while trail[-1].stayed:
        trail = trail[:-1]
    place = msgspec.structs.replace(trail[-1].at, passed=())
    return _Way(state=state, place=place, trail=trail[:-1])


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


def _log(
    script: Script, before: RunState, made: Move, way: _Way, now: datetime, context: Context, *, hasty: bool
) -> Moved:
    step = _step(script, way.state, current(script, before), now, context, kind=_kind(made))
    step = msgspec.structs.replace(
        step,
        answer=way.answer,
        answer_text=render(way.answer_text, known_to(script, before, context))[:MAX_ANSWER_TEXT],
        note=way.note,
        to=way.place.block,
        hasty=hasty,
    )
    state = msgspec.structs.replace(
        way.state,
        step=before.step + 1,
        at=way.place,
        since=now,
        trail=way.trail,
        read=_read(script, before, made),
        answered=made,
    )
    return Moved(state=state, step=step, due=due(script, state, step, context))


def _read(script: Script, before: RunState, made: Move) -> tuple[str, ...]:
    block = before.at.block
    if not script.haste or not isinstance(made, Give | NoneFits) or block in before.read:
        return before.read
    return (*before.read, block)


def _kind(made: Move) -> str:
    return str(made.__struct_config__.tag)


def _step(
    script: Script, state: RunState, block: Block, now: datetime, context: Context, *, kind: str
) -> Step:
    known = known_to(script, state, context)
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
