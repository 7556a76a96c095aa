"""How Asterisk itself reads an action: a strict model of main/manager.c and main/app.c (22).

Written from what these files do, for the encoder to be held against: lines end at LF with a CR before it dropped,
the buffer of a line ends at 1,025, a header's name is compared without regard to case, whatever is not above a
space is skipped before the value, NUL ends a value, and the value of `Variable` is split at commas by
`__ast_app_separate_args`.
"""

from __future__ import annotations

from dataclasses import dataclass

LINE_BUFFER = 1025
MOST_HEADERS = 128
MOST_VARIABLES = 64
BLANKS = "".join(map(chr, range(33)))  # ast_skip_blanks


class Refused(Exception):
    """Asterisk answers such a message with an error."""


@dataclass(frozen=True)
class Read:
    headers: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        return next((value for each, value in self.headers if each.lower() == name.lower()), "")


def read(data: bytes) -> list[Read]:
    """All actions in a stream; it must end after a whole one."""
    actions: list[Read] = []
    lines: list[bytes] = []
    assert data.endswith(b"\n")
    for raw in data[:-1].split(b"\n"):
        line = raw.removesuffix(b"\r")
        if len(raw) + 1 > LINE_BUFFER:
            raise Refused("line too long")
        if line:
            lines.append(line.split(b"\0")[0])
        elif lines:
            actions.append(_action(lines))
            lines = []
        else:
            raise Refused("missing action")
    assert not lines
    return actions


def _action(lines: list[bytes]) -> Read:
    if len(lines) > MOST_HEADERS:
        raise Refused("too many lines")
    headers = []
    for line in lines:
        name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
        if colon:
            headers.append((name, value.lstrip(BLANKS)))
    variables = [pair for name, value in headers if name.lower() == "variable" for pair in _variables(value)]
    return Read(tuple(headers), tuple(variables))


def _variables(value: str) -> list[tuple[str, str]]:
    pairs = []
    for argument in separate(value, ",", MOST_VARIABLES):
        name, equals, content = argument.partition("=")
        if equals and name:
            pairs.append((name, content))
    return pairs


def separate(text: str, delimiter: str, most: int) -> list[str]:
    """`__ast_app_separate_args` with remove_chars: quotes and backslashes go, brackets guard the delimiter."""
    found: list[str] = []
    position, delimited = 0, False
    parens = brackets = 0
    quoted = False
    while position < len(text) and len(found) < most - 1:
        argument = ""
        delimited = False
        while position < len(text):
            char = text[position]
            position += 1
            if char == "(":
                parens += 1
            elif char == ")":
                parens = max(0, parens - 1)
            elif char == "[":
                brackets += 1
            elif char == "]":
                brackets = max(0, brackets - 1)
            elif char == '"':
                quoted = not quoted
                continue
            elif char == "\\":
                argument += text[position : position + 1]
                position += 1
                continue
            elif char == delimiter and not parens and not brackets and not quoted:
                delimited = True
                break
            argument += char
        found.append(argument)
    if position < len(text) or delimited:
        found.append(text[position:])
    return found
