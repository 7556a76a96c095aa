"""A script's readable text form: YAML to Script, with the place of every fault.

The form is described in docs/scripts.md. Blocks, fields, answers and jumps are maps by id, in their order.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, get_args

import msgspec
from msgspec import Struct

from dialer.scripts.actions import KINDS, Action, Part
from dialer.scripts.findings import Finding, Path, Spot, has_errors
from dialer.scripts.model import (
    Answer,
    Block,
    Field,
    FieldKind,
    Haste,
    Jump,
    Language,
    Mode,
    Script,
    Task,
    Tone,
    Way,
)
from dialer.scripts.yaml_tree import Entries, Items, Node, Scalar, Unreadable, read_tree

FORMAT: Final = "1"
MAX_PACE: Final = 1_000
MAX_MINUTES: Final = 366 * 24 * 60

T = TypeVar("T")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]")
_YES_NO: Final = {"true": True, "yes": True, "false": False, "no": False}
_ENDS: Final = {"true": "end", "yes": "end", "end": "end", "refused": "refused", "false": "", "no": ""}


class Loaded(Struct, frozen=True, kw_only=True):
    """What came of a text: the script unless there are errors, and where each part of it stands."""

    script: Script | None
    findings: list[Finding]
    spots: dict[Path, Spot]


def load(text: str) -> Loaded:
    """Read a script. Only its form is judged here; its sense is judged by `check`."""
    reader = _Reader()
    try:
        script = reader.script(read_tree(text))
    except Unreadable as unreadable:
        return Loaded(script=None, findings=[unreadable.finding], spots={})
    script = None if has_errors(reader.findings) else script
    return Loaded(script=script, findings=reader.findings, spots=reader.spots)


def spot_of(path: Path, spots: Mapping[Path, Spot]) -> Spot | None:
    """Where a part stands, or the nearest part around it that has a place."""
    while path and path not in spots:
        path = path[:-1]
    return spots.get(path)


Take = Callable[[Node, Path], Any]


class _Reader:
    """Walks the tree, gathers every fault instead of stopping at the first."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.spots: dict[Path, Spot] = {}

    # --- the parts of a script

    def script(self, node: Node) -> Script | None:
        if not isinstance(node, Entries):
            self._fault("value_wrong", (), node.spot, expected="name, language, start, blocks")
            return None
        parts = self._parts(
            node,
            (),
            {
                "format": self._format,
                "name": self._text,
                "about": self._text,
                "language": self._one_of(get_args(Language)),
                "start": self._text,
                "haste": self._one_of(get_args(Haste)),
                "pace": self._whole(1, MAX_PACE),
                "mode": self._one_of(get_args(Mode)),
                "scheme_visible": self._yes_no,
                "call_needed": self._yes_no,
                "keep_log": self._yes_no,
                "tasks": self._by_id(self._task),
                "common": self._by_id(self._field),
                "jumps": self._by_id(self._jump),
                "blocks": self._by_id(self._block),
            },
            needed=("name", "language", "start", "blocks"),
        )
        parts.pop("format", None)
        return self._made(Script, parts)

    def _block(self, node: Node, path: Path) -> Block | None:
        return self._struct(
            Block,
            node,
            path,
            {
                "title": self._text,
                "stage": self._text,
                "text": self._text,
                "hint": self._text,
                "fields": self._by_id(self._field),
                "answers": self._by_id(self._answer),
                "sub": self._text,
                "ways": self._listed("when: …, to: …", self._way),
                "next": self._text,
                "goal": self._yes_no,
                "end": self._end,
                "disposition": self._text,
                "actions": self._listed("do: …", self._action),
                "pause_recording": self._yes_no,
            },
        )

    def _answer(self, node: Node, path: Path) -> Answer | None:
        return self._struct(
            Answer,
            node,
            path,
            {
                "text": self._text,
                "to": self._text,
                "tone": self._one_of(get_args(Tone)),
                "disposition": self._text,
                "needs_fields": self._yes_no,
                "actions": self._listed("do: …", self._action),
            },
            needed=("text",),
        )

    def _field(self, node: Node, path: Path) -> Field | None:
        return self._struct(
            Field,
            node,
            path,
            {
                "label": self._text,
                "kind": self._one_of(get_args(FieldKind)),
                "required": self._yes_no,
                "choices": self._texts,
                "of": self._text,
                "default": self._text,
            },
            needed=("label",),
        )

    def _way(self, node: Entries, path: Path) -> Way | None:
        keys: dict[str, Take] = {"when": self._text, "to": self._text}
        return self._made(Way, self._parts(node, path, keys, ("when", "to")))

    def _action(self, node: Entries, path: Path) -> Action | None:
        named = next((entry.value for entry in node.entries if entry.key.text == "do"), None)
        kind = KINDS.get(named.text) if isinstance(named, Scalar) else None
        keys: dict[str, Take] = {"do": self._one_of(tuple(KINDS))}
        if kind is None:
            do = Entries([entry for entry in node.entries if entry.key.text == "do"], node.spot)
            self._parts(do, path, keys, ("do",))
            return None
        parts = msgspec.structs.fields(kind)
        takes: dict[Any, Take] = {
            str: self._text,
            bool: self._yes_no,
            int: self._whole(0, MAX_MINUTES),
            tuple[Part, ...]: self._by_id(self._body_part),
        }
        keys |= {part.name: takes[part.type] for part in parts}
        given = self._parts(node, path, keys, tuple(part.name for part in parts if part.required))
        given.pop("do", None)
        return self._made(kind, given)

    def _body_part(self, node: Node, path: Path) -> Part | None:
        text = self._text(node, path)
        return None if text is None else Part(key=path[-1], value=text)

    def _task(self, node: Node, path: Path) -> Task | None:
        if isinstance(node, Scalar) and (text := self._text(node, path)):
            return Task(id=path[-1], text=text)
        self._fault("value_wrong", path, node.spot, expected="text")
        return None

    def _jump(self, node: Node, path: Path) -> Jump | None:
        keys: dict[str, Take] = {"text": self._text, "to": self._text}
        return self._struct(Jump, node, path, keys, needed=("text", "to"))

    # --- shapes

    def _listed(self, expected: str, take: Callable[[Entries, Path], Any]) -> Take:
        def taken(node: Node, path: Path) -> tuple[Any, ...] | None:
            if not isinstance(node, Items):
                self._fault("value_wrong", path, node.spot, expected=f"- {expected}")
                return None
            found = []
            for at, item in enumerate(node.items):
                here = (*path, str(at))
                self.spots[here] = item.spot
                if isinstance(item, Entries):
                    found.append(take(item, here))
                else:
                    self._fault("value_wrong", here, item.spot, expected=expected)
            return tuple(part for part in found if part is not None)

        return taken

    def _struct(
        self, kind: type[T], node: Node, path: Path, keys: Mapping[str, Take], needed: tuple[str, ...] = ()
    ) -> T | None:
        if isinstance(node, Scalar) and not node.text and not node.quoted:
            node = Entries([], node.spot)
        if not isinstance(node, Entries):
            self._fault("value_wrong", path, node.spot, expected=", ".join(keys))
            return None
        parts = self._parts(node, path, keys, needed)
        return self._made(kind, {"id": path[-1], **parts})

    def _made(self, kind: type[T], parts: dict[str, Any]) -> T | None:
        """None when a part is missing: a finding has said so already."""
        try:
            return kind(**parts)
        except TypeError:
            return None

    def _parts(
        self, node: Entries, path: Path, keys: Mapping[str, Take], needed: tuple[str, ...]
    ) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        for entry in node.entries:
            key, here = entry.key.text, (*path, entry.key.text)
            if key not in keys:
                self._unknown(entry.key, path, list(keys))
            elif key in parts:
                self._fault("key_twice", here, entry.key.spot, key=key)
            else:
                self.spots[here] = entry.value.spot
                parts[key] = keys[key](entry.value, here)
        for key in needed:
            if key not in parts:
                self._fault("key_missing", path, node.spot, key=key)
        return {key: value for key, value in parts.items() if value is not None}

    def _by_id(self, take: Take) -> Take:
        def taken(node: Node, path: Path) -> tuple[Any, ...] | None:
            if not isinstance(node, Entries):
                self._fault("value_wrong", path, node.spot, expected="id: {…}")
                return None
            found: dict[str, Any] = {}
            for entry in node.entries:
                here = (*path, entry.key.text)
                if entry.key.text in found:
                    self._fault("key_twice", here, entry.key.spot, key=entry.key.text)
                    continue
                self.spots[here] = entry.key.spot
                found[entry.key.text] = take(entry.value, here)
            return tuple(part for part in found.values() if part is not None)

        return taken

    # --- values

    def _text(self, node: Node, path: Path) -> str | None:
        if not isinstance(node, Scalar):
            self._fault("value_wrong", path, node.spot, expected="text")
            return None
        text = node.text.replace("\t", " ")
        if _CONTROL.search(text):
            self._fault("text_control", path, node.spot)
        return "\n".join(line.rstrip() for line in text.split("\n")).strip()

    def _texts(self, node: Node, path: Path) -> tuple[str, ...] | None:
        if not isinstance(node, Items):
            self._fault("value_wrong", path, node.spot, expected="[text, text, …]")
            return None
        texts = [self._text(item, (*path, str(at))) for at, item in enumerate(node.items)]
        return tuple(text for text in texts if text is not None)

    def _one_of(self, words: tuple[str, ...]) -> Take:
        def taken(node: Node, path: Path) -> str | None:
            if isinstance(node, Scalar) and node.text in words:
                return node.text
            self._fault("value_wrong", path, node.spot, expected=" | ".join(words))
            return None

        return taken

    def _whole(self, least: int, most: int) -> Take:
        def taken(node: Node, path: Path) -> int | None:
            text = node.text if isinstance(node, Scalar) and len(node.text) < 10 else ""
            if text.isascii() and text.isdecimal() and least <= int(text) <= most:
                return int(text)
            self._fault("value_wrong", path, node.spot, expected=f"{least} … {most}")
            return None

        return taken

    def _yes_no(self, node: Node, path: Path) -> bool | None:
        if isinstance(node, Scalar) and node.text.lower() in _YES_NO:
            return _YES_NO[node.text.lower()]
        self._fault("value_wrong", path, node.spot, expected="true | false")
        return None

    def _end(self, node: Node, path: Path) -> str | None:
        if isinstance(node, Scalar) and node.text.lower() in _ENDS:
            return _ENDS[node.text.lower()]
        self._fault("value_wrong", path, node.spot, expected="true | refused | false")
        return None

    def _format(self, node: Node, path: Path) -> None:
        if not isinstance(node, Scalar) or node.text != FORMAT:
            word = node.text[:20] if isinstance(node, Scalar) else "?"
            self._fault("format_unknown", path, node.spot, format=word)

    # --- faults

    def _fault(self, code: str, path: Path, spot: Spot, **params: str | int) -> None:
        self.findings.append(Finding(code=code, path=path, spot=spot, params=params))

    def _unknown(self, key: Scalar, path: Path, keys: list[str]) -> None:
        word = key.text[:40]
        like = difflib.get_close_matches(word, keys, n=1)
        if like:
            self._fault("key_unknown_like", path, key.spot, key=word, like=like[0])
        else:
            self._fault("key_unknown", path, key.spot, key=word)
