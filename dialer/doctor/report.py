"""What the command prints: findings for a person, or for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dialer.doctor.model import Finding, Part, Severity
from dialer.doctor.words import Words

_SIGNS = {Severity.OK: "  ok", Severity.NOTE: "note", Severity.WARNING: "WARN", Severity.ERROR: "FAIL"}
_PARTS: dict[str, dict[Part, str]] = {
    "ru": {
        Part.PBX: "АТС",
        Part.DIALPLAN: "Диалплан",
        Part.LINES: "Линии",
        Part.PHONES: "Телефоны",
        Part.RECORDINGS: "Записи",
        Part.STORE: "Хранилище",
        Part.PAGES: "Страницы",
    },
    "en": {
        Part.PBX: "PBX",
        Part.DIALPLAN: "Dialplan",
        Part.LINES: "Lines",
        Part.PHONES: "Phones",
        Part.RECORDINGS: "Recordings",
        Part.STORE: "Store",
        Part.PAGES: "Pages",
    },
}
_SUMS = {
    "ru": "итого: ошибок {errors}, предупреждений {warnings}",
    "en": "in all: errors {errors}, warnings {warnings}",
}


def part_name(part: Part, language: str) -> str:
    return _PARTS[language][part]


def in_words(findings: Sequence[Finding], language: str) -> str:
    """Part by part; under what is not well, what mends it."""
    return "\n".join(_lines(findings, language))


def _lines(findings: Sequence[Finding], language: str) -> Iterator[str]:
    words = Words()
    several = len({finding.pbx for finding in findings if finding.pbx}) > 1
    part = None
    for finding in findings:
        if finding.part is not part:
            part = finding.part
            yield f"{part_name(part, language)}"
        of = f"[{finding.pbx}] " if several and finding.pbx else ""
        yield f"  {_SIGNS[finding.severity]}  {of}{words.what(finding, language)}"
        if mend := words.mend(finding, language):
            yield f"        {mend}"
    yield _SUMS[language].format(
        errors=_count(findings, Severity.ERROR), warnings=_count(findings, Severity.WARNING)
    )


def for_programs(findings: Sequence[Finding], language: str) -> dict[str, Any]:
    """The same as a value for JSON; `code` and `params` are stable, the words are not."""
    words = Words()
    return {
        "errors": _count(findings, Severity.ERROR),
        "warnings": _count(findings, Severity.WARNING),
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "part": finding.part,
                "pbx": finding.pbx,
                "params": dict(finding.params),
                "what": words.what(finding, language),
                "mend": words.mend(finding, language),
            }
            for finding in findings
        ],
    }


def _count(findings: Sequence[Finding], severity: Severity) -> int:
    return sum(finding.severity is severity for finding in findings)
