"""What the checks have to say about a script."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from dialer.scripts.model import Language
from dialer.scripts.texts import finding_text

Path = tuple[str, ...]
"""Where in a script: `("blocks", "hello", "answers", "yes", "to")`, by ids."""


class Spot(Struct, frozen=True):
    """A place in a text, both from 1."""

    line: int
    column: int


class Finding(Struct, frozen=True, kw_only=True):
    """One fault. An error forbids publishing; a warning does not. Texts: `dialer.scripts.texts`."""

    code: str
    level: Literal["error", "warning"] = "error"
    path: Path = ()
    params: dict[str, str | int] = {}
    spot: Spot | None = None  # None where the script did not come from a text

    def text(self, language: Language) -> str:
        return finding_text(self.code, self.params, language)


def has_errors(findings: list[Finding]) -> bool:
    return any(finding.level == "error" for finding in findings)
