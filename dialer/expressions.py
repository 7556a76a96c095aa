"""The safe language of conditions: `field.delivery == 'intercity' && field.bottles > 2`.

A part of CEL, evaluated by its Rust implementation; docs/decisions/0007 says which part and why. Before that
library sees a text, our own scan lets through nothing but names, literals, comparisons and a few methods: no macros
(their cost grows with a power of the nesting), no regular expressions, no maps, no comments, no escapes. So what is
left takes time in proportion to its length, which is bounded.

A name that is not filled in is `null`. A condition that cannot be answered (a number compared with nothing) does
not hold; it never raises.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, Literal

import cel
from msgspec import Struct

Kind = Literal["text", "number", "yes_no", "list"]
Known = str | float | bool | list[str] | None
"""What a name may stand for; None: it is not filled in."""

MAX_SOURCE: Final = 500
MAX_DEPTH: Final = 20
MAX_TRIES: Final = 48
METHODS: Final = frozenset({"contains", "startsWith", "endsWith", "size"})
_WORDS: Final = frozenset({"true", "false", "null", "in"})

_TOKEN = re.compile(
    r"(?P<space>[ \t]+)"
    r"|(?P<string>'[^'\\\n]*'|\"[^\"\\\n]*\")"
    r"|(?P<number>\d+(?:\.\d+)?(?![\w.]))"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<sign>&&|\|\||[=!<>]=|[-+*%<>!?:,()\[\]]|/(?!/))",
    re.ASCII,
)


class Name(Struct, frozen=True, kw_only=True):
    """What a condition may speak of. `choices`: all that a text or a list may hold; empty: anything."""

    kind: Kind
    choices: tuple[str, ...] = ()


class Wrong(Struct, frozen=True, kw_only=True):
    """Why a condition may not be used: a stable code and what it is about."""

    code: str
    params: dict[str, str | int] = {}


class _Token(Struct, frozen=True):
    kind: str
    text: str


def check(source: str, names: Mapping[str, Name]) -> Wrong | None:
    """The first thing that is wrong with a condition over these names, or None.

    Codes: condition_empty, condition_long{limit}, condition_sign{sign}, condition_deep{limit}, condition_name{name},
    condition_call{name}, condition_broken, condition_types, condition_choice{name,choice}.
    """
    if not source.strip():
        return Wrong(code="condition_empty")
    if len(source) > MAX_SOURCE:
        return Wrong(code="condition_long", params={"limit": MAX_SOURCE})
    tokens = _tokens(source)
    if isinstance(tokens, Wrong):
        return tokens
    wrong = _wrong_shape(tokens) or _wrong_names(tokens, names)
    if wrong is not None:
        return wrong
    if _program(source) is None:
        return Wrong(code="condition_broken")
    return _wrong_comparison(tokens, names) or _wrong_types(source, tokens, names)


def holds(source: str, known: Mapping[str, Known]) -> bool:
    """Whether a checked condition is met. One that was never checked, or can't be answered, is not."""
    program = _program(source)
    return program is not None and _answer(program, known) is True


# --- what may stand in a condition ------------------------------------------------------------------------------


def _tokens(source: str) -> list[_Token] | Wrong:
    found, at = [], 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            return Wrong(code="condition_sign", params={"sign": source[at]})
        if match.lastgroup != "space":
            found.append(_Token(str(match.lastgroup), match[0]))
        at = match.end()
    return found


def _wrong_shape(tokens: list[_Token]) -> Wrong | None:
    depth = 0
    for before, token in itertools.pairwise([_Token("", ""), *tokens]):
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if depth > MAX_DEPTH:
            return Wrong(code="condition_deep", params={"limit": MAX_DEPTH})
        valued = before.kind in ("string", "number") or before.text in (")", "]")
        named = before.kind == "name" and before.text not in _WORDS
        # 'a' 'b', r'a', f[0], (f)[0]: forms of CEL that mean something else than our scan would think.
        if (valued or named) and token.kind in ("string", "number"):
            return Wrong(code="condition_sign", params={"sign": token.text[:20]})
        if before.text in _WORDS - {"in"} and token.kind == "string":
            return Wrong(code="condition_sign", params={"sign": token.text[:20]})
        if (valued or named) and token.text == "[":
            return Wrong(code="condition_sign", params={"sign": "["})
    return None


def _wrong_names(tokens: list[_Token], names: Mapping[str, Name]) -> Wrong | None:
    for token, follows in itertools.pairwise([*tokens, _Token("", "")]):
        if token.kind != "name" or token.text in _WORDS:
            continue
        name, _, method = token.text.rpartition(".")
        if follows.text == "(":
            if token.text == "size" or (method in METHODS and name in names):
                continue
            return Wrong(code="condition_call", params={"name": (method or token.text)[:40]})
        if token.text not in names:
            return Wrong(code="condition_name", params={"name": token.text[:80]})
    return None


# --- what it compares ---------------------------------------------------------------------------------------------


def _wrong_comparison(tokens: list[_Token], names: Mapping[str, Name]) -> Wrong | None:
    """CEL calls a number unequal to any text; whoever writes that meant something else."""
    for one, sign, other in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if sign.text not in ("==", "!=", "in"):
            continue
        for name, literal in ((one, other), (other, one)):
            known = names.get(name.text)
            if known is not None and literal.kind in ("string", "number"):
                if not _fits(known, literal, member=sign.text == "in"):
                    return Wrong(code="condition_types")
                value = literal.text[1:-1]
                if known.choices and value not in known.choices:
                    return Wrong(
                        code="condition_choice", params={"name": name.text[:80], "choice": value[:40]}
                    )
    return None


def _fits(known: Name, literal: _Token, *, member: bool) -> bool:
    if literal.kind == "number":
        return known.kind == "number" and not member
    return known.kind == "list" if member else known.kind == "text"


def _wrong_types(source: str, tokens: list[_Token], names: Mapping[str, Name]) -> Wrong | None:
    """Try it on values of the right kinds: one that ever gives no yes or no is refused."""
    program = _program(source)
    used = sorted({_named(token.text, names) for token in tokens if token.kind == "name"} - {""})
    texts = [token.text[1:-1] for token in tokens if token.kind == "string"]
    numbers = [float(token.text) for token in tokens if token.kind == "number"]
    for known in _tries(used, names, texts, numbers):
        try:
            answer = program.execute(_tree(known)) if program is not None else None
        except (ZeroDivisionError, OverflowError):
            continue
        except (TypeError, ValueError, RuntimeError, KeyError):
            return Wrong(code="condition_types")
        if not isinstance(answer, bool):
            return Wrong(code="condition_types")
    return None


def _named(text: str, names: Mapping[str, Name]) -> str:
    return text if text in names else text.rpartition(".")[0] if text.rpartition(".")[0] in names else ""


def _tries(
    used: list[str], names: Mapping[str, Name], texts: list[str], numbers: list[float]
) -> Iterator[dict[str, Known]]:
    """Values for the names that a condition uses, each in many companies."""
    pools: list[list[Known]] = []
    for name in used:
        match names[name].kind:
            case "number":
                pools.append([0.0, 1_000_000.0, *numbers, *(number + 1 for number in numbers)])
            case "yes_no":
                pools.append([True, False])
            case "list":
                pools.append([[], [text] * 2] if (text := next(iter(texts), "x")) else [[]])
            case _:
                pools.append(["", "x", *texts])
    for at in range(MAX_TRIES if pools else 1):
        # Strides that have no common divisor with the pools' usual sizes: the companies differ each time.
        yield {
            name: pool[at * (2 * n + 1) % len(pool)]
            for n, (name, pool) in enumerate(zip(used, pools, strict=True))
        }


# --- the library --------------------------------------------------------------------------------------------------


@lru_cache(4096)
def _program(source: str) -> cel.Program | None:
    """The compiled condition; None for one that our scan or the library's grammar refuses."""
    tokens = _tokens(source) if len(source) <= MAX_SOURCE else Wrong(code="condition_long")
    if isinstance(tokens, Wrong) or _wrong_shape(tokens) is not None or _calls(tokens):
        return None
    try:
        return cel.compile(" ".join(_spelt(token) for token in tokens))
    except ValueError:
        return None


def _spelt(token: _Token) -> str:
    """CEL counts `3` and `3.0` with different kinds of numbers; we know one kind."""
    return token.text + ".0" if token.kind == "number" and "." not in token.text else token.text


def _calls(tokens: list[_Token]) -> bool:
    """Whether something else is called than what we know."""
    return any(
        token.kind == "name"
        and token.text not in _WORDS
        and follows.text == "("
        and token.text.rpartition(".")[2] not in METHODS
        for token, follows in itertools.pairwise([*tokens, _Token("", "")])
    )


def _answer(program: cel.Program, known: Mapping[str, Known]) -> object:
    try:
        return program.execute(_tree(known))
    except (TypeError, ValueError, KeyError, RuntimeError, ArithmeticError):
        return None  # it cannot be answered


def _tree(known: Mapping[str, Known]) -> dict[str, dict[str, Known]]:
    """`field.size` as the library wants it; all names have two parts."""
    tree: dict[str, dict[str, Known]] = {}
    for name, value in known.items():
        room, _, leaf = name.partition(".")
        tree.setdefault(room, {})[leaf] = value
    return tree
