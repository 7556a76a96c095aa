"""What of a run the operator's page shows."""

from __future__ import annotations

from collections.abc import Mapping

from dialer.scripts.graph import main_line, progress
from dialer.scripts.model import Block, Field, Script
from dialer.scripts.placeholders import NOBODY, Context, paragraphs, render
from dialer.scripts.run import RunState, Visit
from dialer.scripts.standing import at_end, can_go_back, current, known_to, offered, shown_fields, value_of
from dialer.scripts.texts import NO_ANSWER
from dialer.scripts.view import (
    AnswerView,
    BlockView,
    JumpView,
    RunView,
    SchemeBlock,
    SchemeView,
    ScriptFieldView,
    TaskView,
    TrailStep,
)


def view(
    script: Script, state: RunState, context: Context = NOBODY, *, run_id: str = "", version: int = 1
) -> RunView:
    """The run as the page draws it. Never raises, whatever the client's data hold."""
    block = current(script, state)
    known = known_to(script, state, context)
    outside = state.at.stack[0].block if state.at.stack else block.id
    return RunView(
        id=run_id,
        script=script.name,
        version=version,
        step=state.step,
        progress=1.0 if at_end(block) and not state.at.stack else _progress(script, state, outside),
        block=_block(script, state, block, known),
        jumps=[JumpView(id=jump.id, text=jump.text) for jump in script.jumps],
        trail=[_trail(script, visit, known) for visit in state.trail],
        can_go_back=can_go_back(state),
        in_jump=bool(state.at.stack) and state.ended is None,
        resumed=state.resumed,
        start=script.start,
        scheme=shows_scheme(script),
        tasks=[TaskView(id=task.id, text=task.text, done=task.id in state.done) for task in script.tasks],
    )


def shows_scheme(script: Script) -> bool:
    """Whether the operator may look at the blocks beside the one that is to be said."""
    return script.scheme_visible or script.mode == "free"


def scheme(script: Script, state: RunState, context: Context = NOBODY, *, run_id: str = "") -> SchemeView:
    """The blocks of a script in its order; those with nothing to show are left out."""
    known = known_to(script, state, context)
    main, been = main_line(script), {visit.at.block for visit in state.trail}
    return SchemeView(
        run=run_id,
        script=script.name,
        free=script.mode == "free",
        now=current(script, state).id,
        blocks=[
            SchemeBlock(
                id=block.id,
                title=block.title or block.id,
                stage=block.stage,
                text=render(paragraphs(block.text), known),
                goal=block.goal,
                end=at_end(block),
                aside=block.id not in main,
                visited=block.id in been,
            )
            for block in script.blocks
            if not block.automatic
        ],
    )


def _progress(script: Script, state: RunState, block_id: str) -> float:
    return round(progress(script, block_id, goal_met=state.at.goal), 3)


def _block(script: Script, state: RunState, block: Block, known: Mapping[str, str]) -> BlockView:
    return BlockView(
        id=block.id,
        title=block.title or block.id,
        text=render(paragraphs(block.text), known),
        hint=render(paragraphs(block.hint), known),
        answers=[
            AnswerView(id=answer.id, text=render(answer.text, known), tone=answer.tone)
            for answer in offered(script, block)
        ],
        fields=[
            _field(script, state, field, known, common=field in script.common)
            for field in shown_fields(script, block)
        ],
        end=at_end(block),
        goal=block.goal,
    )


def _field(
    script: Script, state: RunState, field: Field, known: Mapping[str, str], *, common: bool
) -> ScriptFieldView:
    return ScriptFieldView(
        id=field.id,
        label=field.label,
        kind=field.kind,
        required=field.required,
        choices=list(field.choices),
        of=field.of,
        value=value_of(script, state, field, known),
        common=common,
    )


def _trail(script: Script, visit: Visit, known: Mapping[str, str]) -> TrailStep:
    block = script.block(visit.at.block)
    title = block.title or block.id if block else visit.at.block
    answer = render(visit.answer, known) or NO_ANSWER[script.language]
    return TrailStep(step=visit.step, title=title, answer=answer)
