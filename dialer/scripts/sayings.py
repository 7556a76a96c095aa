"""What was said and filled in at a step, kept so that it can be searched for."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from dialer.scripts.model import Script, Value
from dialer.scripts.run import KeptField, Step
from dialer.scripts.tables import sayings, step_fields
from dialer.store import prepared

MOST_VALUE: Final = 100
_YES_NO: Final = {True: "yes", False: "no"}
_SAME_WORD: Final = {"да": "yes", "нет": "no"}
_SPACE = re.compile(r"\s+")

_FIND = select(sayings.c.id).where(sayings.c.digest == bindparam("digest"))
_SAY = insert(sayings)
_FIELD = insert(step_fields)


def plain(text: str) -> str:
    """A text as it is searched: in lower case, ё as е, one space between words."""
    return _SPACE.sub(" ", text.casefold().replace("ё", "е")).strip()


def plain_value(text: str) -> str:
    """A field's value as it is searched."""
    short = plain(text)[:MOST_VALUE]
    return _SAME_WORD.get(short, short)


def keep(conn: Connection, script: Script, run_id: str, step: Step) -> int | None:
    """Keep what a step can be found by; gives the number of what was said, None where nothing was."""
    for field in _new_fields(script, step):
        for value in {plain_value(word) for word in _words(field.value)} - {""}:
            row = {"field": field.id, "value": value, "answered_at": step.answered_at}
            prepared.add(conn, _FIELD, row | {"run_id": run_id, "seq": step.step})
    words = plain(step.note or step.answer_text) if step.kind in ("answer", "none") else ""
    return _number(conn, words) if words else None


def _new_fields(script: Script, step: Step) -> list[KeptField]:
    """A field is found where it is asked; a common one, which stands on every block, at the run's end."""
    block = script.block(step.block)
    asked = {field.id for field in block.fields} if block else set()
    if step.kind == "end":
        asked |= {field.id for field in script.common}
    return [field for field in step.fields if field.id in asked]


def _words(value: Value) -> list[str]:
    if isinstance(value, bool):
        return [_YES_NO[value]]
    return value if isinstance(value, list) else [value or ""]


def _number(conn: Connection, words: str) -> int:
    digest = hashlib.blake2b(words.encode(), digest_size=16).hexdigest()
    known = prepared.first(conn, _FIND, {"digest": digest})
    return known.id if known is not None else prepared.add(conn, _SAY, {"digest": digest, "words": words})
