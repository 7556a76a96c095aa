"""YAML read as a plain tree of texts, lists and maps that know their places.

Nothing is constructed: a scalar stays the text that was written (`yes`, `12` and `null` included); anchors,
aliases and tags are refused. Built from the parser's events without recursion, within limits of size, depth.
"""

from __future__ import annotations

from typing import Any, Final

import yaml
from msgspec import Struct

from dialer.scripts.findings import Finding, Spot

MAX_BYTES: Final = 512 * 1024
MAX_DEPTH: Final = 12

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(Struct, frozen=True):
    text: str
    spot: Spot
    quoted: bool  # False for a bare word, and so for an empty value


class Items(Struct, frozen=True):
    items: list[Node]
    spot: Spot


class Entry(Struct, frozen=True):
    key: Scalar
    value: Node


class Entries(Struct, frozen=True):
    """A map. A key that stands twice is here twice."""

    entries: list[Entry]
    spot: Spot


Node = Scalar | Items | Entries


class Unreadable(Exception):
    """The text is no YAML that we accept; holds the one finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def read_tree(text: str) -> Node:
    """The tree of a YAML text of one document; raises Unreadable."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Unreadable(Finding(code="file_too_large", params={"limit": MAX_BYTES // 1024}))
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as wrong:
        why = wrong.problem or wrong.context or "syntax"
        raise _broken(why, _spot(wrong.problem_mark or wrong.context_mark)) from wrong
    except (yaml.YAMLError, UnicodeError) as wrong:
        raise _broken(str(getattr(wrong, "reason", "") or "characters that YAML does not allow")) from wrong
    if builder.root is None:
        raise _broken("an empty document", Spot(1, 1))
    return builder.root


def _broken(why: str, spot: Spot | None = None) -> Unreadable:
    return Unreadable(Finding(code="yaml_broken", params={"why": why}, spot=spot))


def _spot(mark: Any) -> Spot | None:
    return Spot(mark.line + 1, mark.column + 1) if mark else None


class _Builder:
    """Stacks what is open; a map's key waits for its value."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Items | Entries] = []
        self._keys: list[Scalar | None] = []

    def take(self, event: yaml.Event) -> None:
        spot = _spot(event.start_mark) or Spot(1, 1)
        if isinstance(event, yaml.AliasEvent) or _marked(event):
            raise Unreadable(Finding(code="yaml_alias", spot=spot))
        if isinstance(event, yaml.ScalarEvent):
            self._put(Scalar(event.value, spot, event.style in ("'", '"', "|", ">")))
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(Items([], spot))
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(Entries([], spot))
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise _broken("more than one document", spot)

    def _begin(self, node: Items | Entries) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise Unreadable(Finding(code="yaml_deep", spot=node.spot))
        self._put(node)
        self._open.append(node)
        self._keys.append(None)

    def _put(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        inside = self._open[-1]
        if isinstance(inside, Items):
            inside.items.append(node)
        elif (key := self._keys[-1]) is not None:
            inside.entries.append(Entry(key, node))
            self._keys[-1] = None
        elif isinstance(node, Scalar):
            self._keys[-1] = node
        else:
            raise _broken("a key that is no text", node.spot)


def _marked(event: yaml.Event) -> bool:
    return bool(getattr(event, "anchor", None) or getattr(event, "tag", None) not in (None, "!"))
