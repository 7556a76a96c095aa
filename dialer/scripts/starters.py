"""The scripts that are shipped to start from (spec: issue's point 9): real talks, in both languages."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Final, get_args

from msgspec import Struct

from dialer.scripts.model import Language, Script
from dialer.scripts.yaml_form import load

NAMES: Final = ("cold_call", "water_order", "complaint", "survey", "debt_reminder", "appointment")


class Starter(Struct, frozen=True, kw_only=True):
    """One of them, ready to become a draft."""

    id: str
    language: Language
    name: str
    about: str
    script: Script


def text(name: str, language: Language) -> str | None:
    """The YAML of one; None where there is none of that name."""
    if name not in NAMES:
        return None
    return (files("dialer.scripts") / "library" / language / f"{name}.yaml").read_text(encoding="utf-8")


@lru_cache(1)
def starters() -> tuple[Starter, ...]:
    """All of them, Russian ones first, in their order. Raises ValueError for a file that was damaged."""
    return tuple(_read(name, language) for language in get_args(Language) for name in NAMES)


def _read(name: str, language: Language) -> Starter:
    script = load(text(name, language) or "").script
    if script is None:
        raise ValueError(f"the library's {language}/{name} cannot be read")
    return Starter(id=name, language=language, name=script.name, about=script.about, script=script)
