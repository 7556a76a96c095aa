"""What may stand in a field: cleaning what was typed, and saying it in words.

Canonical forms: number and money `-?digits[.digits]` (no exponent), date `YYYY-MM-DD`, time `HH:MM`,
phone digits with an optional leading `+`, a reference its id and, after a space, its name. What is not filled
is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from dialer.scripts.model import Field, FieldKind, Language, Value

MAX_TEXT: Final = 4_000
MAX_LIST: Final = 100
MAX_CHOICE: Final = 200
MAX_WHOLE: Final = 10**15
REFERENCES: Final = "client"
"""What a reference can be looked up in; one to anything else is text that somebody writes."""

Typed = str | int | float | bool | list[str] | None
"""What a page may send for a field."""


class Invalid(ValueError):
    """What was typed is not of the field's kind."""


_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_MONEY = re.compile(r"\d{1,13}(\.\d{1,2})?", re.ASCII)
_DATE_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DATE_RU = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(:\d{2})?", re.ASCII)
_PHONE = re.compile(r"\+?\d{2,15}", re.ASCII)
_REFERENCE = re.compile(r"(\d{1,12})(?: (.{0,200}))?", re.ASCII)
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]{1,63}(\.[^\s@.]{1,63}){1,8}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = dict.fromkeys(map(ord, " \u00a0\u2009\u202f"))


def _number(text: str, pattern: re.Pattern[str]) -> str:
    text = text.translate(_SPACES).replace(",", ".").replace("−", "-")
    if not pattern.fullmatch(text):
        raise Invalid
    return text


def _date(text: str) -> str:
    if found := _DATE_ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DATE_RU.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
    else:
        raise Invalid
    try:
        return date(year, month, day).isoformat()
    except ValueError as wrong:
        raise Invalid from wrong


def _time(text: str) -> str:
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise Invalid
    return f"{int(found[1]):02}:{found[2]}"


def _phone(text: str) -> str:
    text = re.sub(r"[\s()\-–.]", "", text)
    if not _PHONE.fullmatch(text):
        raise Invalid
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise Invalid
    return text


_OF_TEXT: Final[dict[FieldKind, Callable[[str], str]]] = {
    "text": str,
    "number": lambda text: _number(text, _NUMBER),
    "money": lambda text: _number(text, _MONEY),
    "date": _date,
    "time": _time,
    "phone": _phone,
    "email": _email,
}


def _reference(text: str) -> str:
    if not _REFERENCE.fullmatch(text):
        raise Invalid
    return text


def raw(typed: Typed) -> Value:
    """What was typed, bounded and tidied but not judged, so that a half-typed word is not lost.

    Raises Invalid only when it is too long to keep.
    """
    if typed is None or isinstance(typed, bool):
        return typed
    if isinstance(typed, list):
        if len(typed) > MAX_LIST or any(len(item) > MAX_CHOICE for item in typed):
            raise Invalid
        return [printable(item) for item in typed] or None
    if isinstance(typed, (int, float)):
        if not abs(typed) <= MAX_WHOLE:  # so that what is no number at all fails too
            raise Invalid
        return f"{typed:.6f}".rstrip("0").rstrip(".")
    if len(typed) > MAX_TEXT:
        raise Invalid
    return printable(typed) or None


def printable(text: str) -> str:
    """Without control characters (a store may refuse them); lines and tabs stay."""
    return _CONTROL.sub("", text)


def from_text(field: Field, text: str) -> Value:
    """A default, written as text, as the field's value; several choices are parted by commas."""
    text = text.strip()
    if field.kind == "yes_no":
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
    if field.kind == "choices":
        chosen = {part.strip() for part in text.split(",")}
        return [choice for choice in field.choices if choice in chosen] or None
    return text or None


def clean(field: Field, value: Value) -> Value:
    """The canonical value of a field, None when nothing is filled in; raises Invalid."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "" or value == []:
        return None
    if field.kind == "yes_no":
        if not isinstance(value, bool):
            raise Invalid
        return value
    if field.kind == "choices":
        chosen = [value] if isinstance(value, str) else value
        if not isinstance(chosen, list) or not set(chosen) <= set(field.choices):
            raise Invalid
        return [choice for choice in field.choices if choice in chosen]
    if not isinstance(value, str):
        raise Invalid
    if field.kind == "choice":
        if value not in field.choices:
            raise Invalid
        return value
    if field.kind == "reference":
        return _reference(value) if field.of == REFERENCES else value[:MAX_CHOICE]
    return _OF_TEXT[field.kind](value)


_WORDS: Final[dict[Language, tuple[str, str]]] = {"ru": ("да", "нет"), "en": ("yes", "no")}
_MONTHS: Final[dict[Language, str]] = {
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "en": "January February March April May June July August September October November December",
}


def in_words(field: Field, value: Value, language: Language) -> str:
    """A value as one says it: "12 марта 2026", "yes", "a, b"; "" when nothing is filled in."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _WORDS[language][0 if value else 1]
    if isinstance(value, list):
        return ", ".join(value)
    if field.kind == "date" and (found := _DATE_ISO.fullmatch(value)) and 1 <= int(found[2]) <= 12:
        return f"{int(found[3])} {_MONTHS[language].split()[int(found[2]) - 1]} {found[1]}"
    if field.kind in ("number", "money") and language == "ru":
        return value.replace(".", ",")
    if field.kind == "reference" and field.of == REFERENCES and (told := _REFERENCE.fullmatch(value)):
        return told[2] or told[1]
    return value


def canonical(field: Field, value: Value) -> str:
    """A value as a program reads it: `2026-03-12`, `true`, `12.5`, the id of a reference; "" when not filled in."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(value)
    if field.kind == "reference" and field.of == REFERENCES and (told := _REFERENCE.fullmatch(value)):
        return told[1]
    return value
