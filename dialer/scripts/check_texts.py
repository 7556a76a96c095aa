"""What is wrong with a script's texts: placeholders of nothing, fields said before they are asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from dialer.scripts.findings import Finding, Path
from dialer.scripts.graph import distances, edges
from dialer.scripts.model import Field, Script, all_fields
from dialer.scripts.placeholders import FIELD, broken_at, is_known, placeholders
from dialer.scripts.said import ACTIONS, templates

MAX_TEXT: Final = 8_000
MAX_LINE: Final = 200


def check_texts(script: Script) -> list[Finding]:
    """Every fault of every text, in the order of the script."""
    found: list[Finding] = []
    for path, text, limit in _lines(script):
        if len(text) > limit:
            found.append(Finding(code="text_too_long", path=path, params={"limit": limit}))
        if not text.strip() and path[-1] in ("name", "label", "text"):
            found.append(Finding(code="text_missing", path=path))
    known = _Asked(script)
    for path, block_id, text in templates(script):
        found += _placeholders(known, path, block_id, text)
    return found


def _lines(script: Script) -> Iterator[tuple[Path, str, int]]:
    yield ("name",), script.name, MAX_LINE
    if script.about:
        yield ("about",), script.about, MAX_TEXT
    for field in script.common:
        yield from _field_lines(("common", field.id), field)
    for jump in script.jumps:
        yield ("jumps", jump.id, "text"), jump.text, MAX_LINE
    for task in script.tasks:
        yield ("tasks", task.id, "text"), task.text, MAX_LINE
    for block in script.blocks:
        here = ("blocks", block.id)
        yield (*here, "title"), block.title, MAX_LINE
        yield (*here, "stage"), block.stage, MAX_LINE
        if block.text:
            yield (*here, "text"), block.text, MAX_TEXT
        yield (*here, "hint"), block.hint, MAX_TEXT
        for answer in block.answers:
            yield (*here, "answers", answer.id, "text"), answer.text, MAX_LINE
        for field in block.fields:
            yield from _field_lines((*here, "fields", field.id), field)


def _field_lines(path: Path, field: Field) -> Iterator[tuple[Path, str, int]]:
    yield (*path, "label"), field.label, MAX_LINE
    yield (*path, "default"), field.default, MAX_LINE
    for choice in field.choices:
        yield (*path, "choices"), choice, MAX_LINE


def _placeholders(known: _Asked, path: Path, block_id: str, text: str) -> Iterator[Finding]:
    if broken_at(text) is not None:
        yield Finding(code="placeholder_broken", path=path)
    for placeholder in placeholders(text):
        if not is_known(placeholder.name, known.fields, known.blocks):
            yield Finding(code="placeholder_unknown", path=path, params={"name": placeholder.name[:80]})
        elif placeholder.name.startswith(FIELD) and block_id:
            field_id = placeholder.name[len(FIELD) :]
            if ACTIONS in path and known.asked_at(field_id) == block_id:
                continue  # it is done as one leaves
            yield from known.before(path, block_id, field_id, spare=placeholder.spare is not None)


class _Asked:
    """Which fields are filled where. Arrows are looked at; what operators do by jumps is not foretold."""

    def __init__(self, script: Script) -> None:
        self.fields = {field.id for field in all_fields(script)}
        self._block = {field.id: block.id for block in script.blocks for field in block.fields}
        self.blocks = {block.id for block in script.blocks}
        self._graph = edges(script)
        self._jumps = [jump.to for jump in script.jumps]
        self._start = script.start
        self._after: dict[str, Collection[str]] = {}
        self._past: dict[str, Collection[str]] = {}

    def asked_at(self, field_id: str) -> str | None:
        """The block that asks for a field; None for a common one."""
        return self._block.get(field_id)

    def before(self, path: Path, block_id: str, field_id: str, *, spare: bool) -> Iterator[Finding]:
        """What is wrong with saying a field at a block."""
        asked = self._block.get(field_id)
        if asked is None:  # a common field: it is asked everywhere
            return
        if asked not in self._after:
            # One may jump once it is filled; and one may jump before.
            self._after[asked] = distances(self._graph, [*self._graph[asked], *self._jumps])
            self._past[asked] = distances(self._graph, [self._start, *self._jumps], without=asked)
        named: dict[str, str | int] = {"field": field_id}
        if block_id not in self._after[asked]:
            yield Finding(code="field_never_filled", path=path, params=named)
        elif not spare and (block_id == asked or block_id in self._past[asked]):
            named["block"] = asked
            yield Finding(code="field_maybe_empty", level="warning", path=path, params=named)
