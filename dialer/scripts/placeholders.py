"""Placeholders: `{{client.name}}`, `{{field.size | 19 l}}`: a name of a fixed list, and maybe a spare text.

There is nothing to execute: a name is looked up in a flat table, in one pass, and what it stands for is never
looked at again. What is unknown or empty shows as a gap, or as the spare text; nothing is ever raised.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from dialer.scripts.actions import CLIENT_FIELD, DEAL_FIELD
from dialer.scripts.model import Script, Value, all_fields
from dialer.scripts.values import canonical, in_words

GAP: Final = "«…»"
MAX_OUTPUT_BYTES: Final = 64 * 1024
MAX_VALUE: Final = 1_000

NAMES: Final = frozenset(
    {
        "client.name",
        "client.first_name",
        "client.city",
        "client.number",
        "deal.stage",
        "deal.title",
        "operator.name",
        "campaign.name",
        "company",
    }
)
LABELLED: Final = (CLIENT_FIELD, DEAL_FIELD)
FIELD: Final = "field."
ANSWER: Final = "answer."

# Each try at a match ends at the next brace, or after 200 characters: the time is linear in the text.
_PLACEHOLDER = re.compile(r"\{\{([^{}]{1,200})\}\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Context(Struct, frozen=True, kw_only=True):
    """Whom one talks to, and who talks. What is not known is ""."""

    client_name: str = ""
    client_first_name: str = ""
    client_city: str = ""
    client_number: str = ""  # the one that is spoken with
    client_fields: dict[str, str] = {}
    deal_stage: str = ""
    deal_title: str = ""
    deal_fields: dict[str, str] = {}
    operator_name: str = ""
    campaign_name: str = ""
    company: str = ""


NOBODY: Final = Context()


class Placeholder(Struct, frozen=True, kw_only=True):
    name: str
    spare: str | None  # what to say when there is no value; None: show the gap
    offset: int


def _read(found: re.Match[str]) -> Placeholder:
    name, bar, spare = found[1].partition("|")
    return Placeholder(name=name.strip(), spare=spare.strip() if bar else None, offset=found.start())


def placeholders(text: str) -> Iterator[Placeholder]:
    """Those of a text, in order."""
    return (_read(found) for found in _PLACEHOLDER.finditer(text))


def broken_at(text: str) -> int | None:
    """Where a `{{` or `}}` stands that belongs to no placeholder."""
    rest = _PLACEHOLDER.sub(lambda found: "." * len(found[0]), text)
    found = re.search(r"\{\{|\}\}", rest)
    return found.start() if found else None


def is_known(name: str, fields: Collection[str], blocks: Collection[str] = ()) -> bool:
    """Whether a name may stand in a script with these fields and blocks; labels of a client's fields may be any."""
    for room in LABELLED:
        if name.startswith(room):
            return len(name) > len(room)
    if name.startswith(FIELD):
        return name[len(FIELD) :] in fields
    if name.startswith(ANSWER):
        return name[len(ANSWER) :] in blocks
    return name in NAMES


def table(
    script: Script,
    values: Mapping[str, Value],
    context: Context,
    answers: Mapping[str, str] | None = None,
    *,
    words: bool = True,
) -> dict[str, str]:
    """What each name stands for at this moment of a run. `answers`: what was answered to blocks, in words.

    Fields stand for what one says of them, or (not `words`) for the canonical values that programs read.
    """
    known = {
        "client.name": context.client_name,
        "client.first_name": context.client_first_name,
        "client.city": context.client_city,
        "client.number": context.client_number,
        "deal.stage": context.deal_stage,
        "deal.title": context.deal_title,
        "operator.name": context.operator_name,
        "campaign.name": context.campaign_name,
        "company": context.company,
    }
    known |= {_key(CLIENT_FIELD + label): value for label, value in context.client_fields.items()}
    known |= {_key(DEAL_FIELD + label): value for label, value in context.deal_fields.items()}
    known |= {ANSWER + block: said for block, said in (answers or {}).items()}
    for field in all_fields(script):
        value = values.get(field.id)
        known[FIELD + field.id] = (
            in_words(field, value, script.language) if words else canonical(field, value)
        )
    return known


def moved(text: str, within: str) -> str:
    """The text of a block that came to stand in another script, where its blocks are called `within.id`."""

    def renamed(found: re.Match[str]) -> str:
        before, name, after = found[0].partition(ANSWER)
        return before + name + within + "." + after if _read(found).name.startswith(ANSWER) else found[0]

    return _PLACEHOLDER.sub(renamed, text) if ANSWER in text else text


def _key(name: str) -> str:
    return name.casefold() if name.startswith(LABELLED) else name


def render(text: str, known: Mapping[str, str], *, gap: str = GAP) -> str:
    """The text with its placeholders filled; at most 64 KB of UTF-8, what is beyond is cut off."""

    def fill(found: re.Match[str]) -> str:
        placeholder = _read(found)
        value = _CONTROL.sub(" ", known.get(_key(placeholder.name), "")[:MAX_VALUE]).strip()
        return value or (gap if placeholder.spare is None else placeholder.spare)

    text = text[:MAX_OUTPUT_BYTES]
    out: list[str] = []
    left = MAX_OUTPUT_BYTES
    at = 0
    for found in _PLACEHOLDER.finditer(text):
        for part in (text[at : found.start()], fill(found)):
            out.append(part)
            left -= len(part)
        at = found.end()
        if left <= 0:
            break
    out.append(text[at:])
    return "".join(out).encode("utf-8", "replace")[:MAX_OUTPUT_BYTES].decode("utf-8", "ignore")


_ITEM = re.compile(r"\s*([-•*]|\d+[.)])\s")


@lru_cache(2048)  # of the blocks that are shown over and over
def paragraphs(text: str) -> str:
    """Text as it is read: lines of one paragraph are joined, blank lines and list items stay apart."""
    out: list[str] = []
    for line in text.splitlines():
        line = line.strip()
        if line and out and out[-1] and not _ITEM.match(line + " "):
            out[-1] += " " + line
        elif line or (out and out[-1]):
            out.append(line)
    return "\n".join(out).strip()
