"""Findings in words: what is so, and how to mend it, in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from itertools import pairwise
from typing import Any

from dialer.doctor.model import Finding

LANGUAGES = ("ru", "en")


class Words:
    """The catalogue of texts.json: by code and language `what`, and `mend` where there is something to do."""

    def __init__(self) -> None:
        text = resources.files("dialer.doctor").joinpath("texts.json").read_text(encoding="utf-8")
        self.texts: dict[str, dict[str, dict[str, Any]]] = json.loads(text)

    def what(self, finding: Finding, language: str) -> str:
        return self._said(finding, language, "what") or finding.code

    def mend(self, finding: Finding, language: str) -> str:
        """What to do; "" where nothing is to be done."""
        return self._said(finding, language, "mend")

    def _said(self, finding: Finding, language: str, kind: str) -> str:
        template = self.texts.get(finding.code, {}).get(language, {}).get(kind, "")
        if isinstance(template, dict):
            template = template[plural(language, int(finding.params.get("n", 0)))]
        return filled(template, finding.params)


def filled(template: str, params: Mapping[str, str | int]) -> str:
    """Each `{name}` once; what is filled in is not filled in again. `${...}` is the dialplan's, and stays."""
    parts = template.split("{")
    said = parts[0]
    for before, part in pairwise(parts):
        name, closed, rest = part.partition("}")
        dialplan = before.endswith("$")
        said += f"{params[name]}{rest}" if closed and not dialplan and name in params else "{" + part
    return said


def plural(language: str, n: int) -> str:
    """The form of words behind a number (CLDR): one, few, many in Russian; one, other in English."""
    if language != "ru":
        return "one" if n == 1 else "other"
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "many"
