"""On which line of a TOML text a key stands: for people, who look for it with their editor."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_TABLE = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]\]?")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


def line_of(text: str, wanted: tuple[str, ...]) -> int:
    """The line, counted from 1, of a key or a table; of what holds it, if it stands in a value; 0 = nowhere."""
    nearest, depth = 0, 0
    for number, path in _places(text):
        if path == wanted:
            return number
        if len(path) > depth and path == wanted[: len(path)]:
            nearest, depth = number, len(path)
    return nearest


def _places(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TABLE.match(line):
            table = _parts(found.group(1))
            yield number, table
        elif found := _KEY.match(line):
            yield number, table + _parts(found.group(1))


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in re.findall(_NAME, dotted))
