"""What stands open at the block where a run is: its answers, its fields and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from dialer.scripts.model import NEXT, RETURN, Answer, Block, Field, Script, Value
from dialer.scripts.placeholders import ANSWER, Context, render, table
from dialer.scripts.run import Refusal, RunState
from dialer.scripts.said import templates
from dialer.scripts.texts import next_text
from dialer.scripts.values import Invalid, clean, from_text


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


def known_to(script: Script, state: RunState, context: Context, *, words: bool = True) -> dict[str, str]:
    """What placeholders stand for as the run stands."""
    answers = {visit.at.block: visit.answer for visit in state.trail} if _tells_answers(script) else {}
    known = table(script, state.fields, context, words=words)
    if not answers:
        return known
    return known | {ANSWER + block: render(answer, known, gap="") for block, answer in answers.items()}


@lru_cache(64)
def _tells_answers(script: Script) -> bool:
    """Whether any text says what was answered before."""
    return any(ANSWER in text for _, _, text in templates(script))


def shown_fields(script: Script, block: Block) -> tuple[Field, ...]:
    """Common fields first, then the block's own."""
    return (*script.common, *block.fields)


def value_of(script: Script, state: RunState, field: Field, known: Mapping[str, str]) -> Value:
    """What stands in a field: what was typed (None if it was emptied), else its default."""
    if field.id in state.fields:
        return state.fields[field.id]
    if not field.default:
        return None
    return from_text(field, render(field.default, known, gap=""))


def checked_fields(
    script: Script, block: Block, state: RunState, context: Context, *, strict: bool
) -> RunState | Refusal:
    """The block's fields and the common ones in canonical form; the first that is wrong, or missing, refuses.

    Not strict (the client refuses to go on): what is missing is let be, what is half-typed stays as it is.
    """
    known = known_to(script, state, context)
    values: dict[str, Value] = {}
    for field in shown_fields(script, block):
        value = value_of(script, state, field, known)
        try:
            value = clean(field, value)
        except Invalid:
            if strict:
                return Refusal(code="field_invalid", params={**named(field), "kind": field.kind})
        if value is None and field.required and strict:
            return Refusal(code="field_missing", params=named(field))
        if value is not None or field.id in state.fields:  # what was never touched keeps its default
            values[field.id] = value
    return msgspec.structs.replace(state, fields={**state.fields, **values})


def named(field: Field) -> dict[str, str | int]:
    """What a refusal says of a field."""
    return {"field": field.id, "label": field.label}
