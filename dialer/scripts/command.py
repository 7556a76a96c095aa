"""The body of `dialer script check FILE`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from dialer.scripts.check import check, spotted
from dialer.scripts.findings import Finding, Spot, has_errors
from dialer.scripts.model import Language, Script
from dialer.scripts.yaml_form import load
from dialer.scripts.yaml_tree import MAX_BYTES

_LEVELS: dict[Language, dict[str, str]] = {
    "ru": {"error": "ошибка", "warning": "замечание"},
    "en": {"error": "error", "warning": "warning"},
}


def read_script(
    path: Path, dispositions: Collection[str] | None = None
) -> tuple[Script | None, list[Finding]]:
    """A script from its file, and all that is wrong with it; None where it must not be published."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as wrong:
        return None, [_unreadable(wrong.strerror or type(wrong).__name__)]
    except UnicodeDecodeError:
        return None, [_unreadable("UTF-8?")]
    loaded = load(text)
    if loaded.script is None:
        return None, spotted(loaded.findings, loaded.spots)
    findings = spotted([*loaded.findings, *check(loaded.script, dispositions)], loaded.spots)
    return (None if has_errors(findings) else loaded.script), findings


def check_file(path: Path, dispositions: Collection[str] | None = None) -> list[Finding]:
    """All that is wrong with the script in a file."""
    return read_script(path, dispositions)[1]


def rendered(path: Path, findings: list[Finding], language: Language) -> str:
    """One line a finding, as compilers write it: `file:line:column: error: text [code]`."""
    lines: list[str] = []
    for finding in findings:
        spot = finding.spot or Spot(1, 1)
        level = _LEVELS[language][finding.level]
        lines.append(f"{path}:{spot.line}:{spot.column}: {level}: {finding.text(language)} [{finding.code}]")
    return "\n".join(lines)


def _unreadable(why: str) -> Finding:
    return Finding(code="file_unreadable", params={"why": why}, spot=Spot(1, 1))
