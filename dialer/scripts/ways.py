"""Which arrow a block is left by: its conditions over what is filled in, in their order, and then the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dialer.expressions import Kind as NameKind
from dialer.expressions import Known, Name, holds
from dialer.scripts.model import Block, Field, FieldKind, Script, Value, all_fields
from dialer.scripts.placeholders import FIELD, Context
from dialer.scripts.places import Onward
from dialer.scripts.run import RunState
from dialer.scripts.standing import known_to, value_of
from dialer.scripts.values import Invalid, canonical, clean

_OTHERS: Final = ("client.name", "client.first_name", "client.city", "deal.stage", "campaign.name")
_KINDS: Final[dict[FieldKind, NameKind]] = {
    "number": "number",
    "money": "number",
    "yes_no": "yes_no",
    "choices": "list",
}


def names(script: Script) -> dict[str, Name]:
    """What the conditions of a script may speak of. Dates are texts, `2026-12-25`, and compare as such."""
    known = {name: Name(kind="text") for name in _OTHERS}
    return known | {FIELD + field.id: _name(field) for field in all_fields(script)}


def _name(field: Field) -> Name:
    return Name(kind=_KINDS.get(field.kind, "text"), choices=field.choices)


def onward(script: Script, state: RunState, context: Context) -> Onward:
    """Where a block's own arrows lead ("": nowhere), as the run stands."""
    known: dict[str, Known] = {}

    def on(block: Block) -> str:
        if not block.ways:
            return block.next
        if not known:
            known.update(facts(script, state, context))
        return next((way.to for way in block.ways if holds(way.when, known)), block.next)

    return on


def facts(script: Script, state: RunState, context: Context) -> Mapping[str, Known]:
    """What each name of a condition holds, as the run stands."""
    texts = known_to(script, state, context)
    known: dict[str, Known] = {name: texts[name] or None for name in _OTHERS}
    for field in all_fields(script):
        known[FIELD + field.id] = _value(field, value_of(script, state, field, texts))
    return known


def _value(field: Field, value: Value) -> Known:
    """A field's value as conditions see it; what is half-typed is not filled in."""
    try:
        value = clean(field, value)
    except Invalid:
        return None
    if isinstance(value, str) and field.kind in ("number", "money"):
        return float(value)
    if isinstance(value, str) and field.kind == "reference":
        return canonical(field, value)
    return value
