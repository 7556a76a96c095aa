"""Every no that the code can say has its words, in Russian and in English, filled from the same parameters."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dialer.http.problems import Catalogue
from dialer.telephony.port import PbxError

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("ru", "en")
SAYING_NO = {"Problem": 1, "DeskRefused": 0, "Refusal": None, "RefusedPress": None}


def sources() -> Iterator[tuple[Path, ast.AST]]:
    """The files that say no at all: reading every file costs a second in each process of the tests."""
    for path in sorted((ROOT / "dialer").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if any(name in text for name in SAYING_NO):
            yield path, ast.parse(text)


def code_of(call: ast.Call, position: int | None) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == "code":
            return keyword.value
    return call.args[position] if position is not None and len(call.args) > position else None


def constants(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def said() -> dict[str, set[str]]:
    """Each code that is raised or returned anywhere, with the files that say it."""
    found: dict[str, set[str]] = {}
    for path, tree in sources():
        for node in ast.walk(tree):
            name = getattr(getattr(node, "func", None), "id", "") if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in SAYING_NO:
                for code in constants(code_of(node, SAYING_NO[name])):
                    found.setdefault(code, set()).add(path.name)
    for kind in PbxError.__subclasses__():
        found.setdefault(kind.code, set()).add("port.py")
    return found


SAID = said()
PROBLEMS = Catalogue().texts
PAGES: dict[str, dict[str, Any]] = {
    language: json.loads((ROOT / f"web/src/locales/{language}.json").read_text(encoding="utf-8"))
    for language in LANGUAGES
}


def texts_of(code: str) -> dict[str, str]:
    """The words for a code, by language: the server's own, else the page's."""
    known = PROBLEMS.get(code, {})
    return {
        language: str(known.get(language) or PAGES[language].get(f"refusal.{code}", ""))
        for language in LANGUAGES
    }


def test_the_sources_were_read() -> None:
    assert len(SAID) > 30
    assert {"not_found", "pool_empty", "window", "work_changed", "pbx_away", "header_missing"} <= set(SAID)


@pytest.mark.parametrize("code", sorted(SAID))
def test_every_code_has_words_in_both_languages(code: str) -> None:
    texts = texts_of(code)
    assert all(texts.values()), f"{code} (said in {', '.join(sorted(SAID[code]))}) has no text: {texts}"
    assert texts["ru"] != texts["en"]
    assert re.search("[а-яё]", texts["ru"])
    assert not re.search("[а-яё]", texts["en"])


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_both_languages_take_the_same_parameters(code: str) -> None:
    assert set(PROBLEMS[code]) == set(LANGUAGES)
    wanted = [set(re.findall(r"{(\w+)}", PROBLEMS[code][language])) for language in LANGUAGES]
    assert wanted[0] == wanted[1]


def test_no_text_is_left_of_a_code_that_nobody_says() -> None:
    """Codes that reach a person through a variable are said in the sources too."""
    everywhere = " ".join(path.read_text(encoding="utf-8") for path in (ROOT / "dialer").rglob("*.py"))
    unused = [code for code in PROBLEMS if f'"{code}"' not in everywhere]
    assert unused == []


def test_what_stands_on_the_desk_has_its_words_on_the_page() -> None:
    """A refusal that the page draws by itself (with a countdown) is worded by the page."""
    desk = {
        code
        for code, files in SAID.items()
        if files & {"claim.py", "rules.py", "orders.py", "following.py", "rooms.py", "sweep.py", "port.py"}
    }
    assert len(desk) > 10
    for language in LANGUAGES:
        missing = [code for code in sorted(desk) if f"refusal.{code}" not in PAGES[language]]
        assert missing == [], language


def test_a_text_is_filled_and_falls_back() -> None:
    catalogue = Catalogue()
    assert catalogue.text("header_missing", {"header": "X-Callwright"}, "en").endswith(
        "X-Callwright is missing."
    )
    assert catalogue.text("no_client", {}, "de") == catalogue.text("no_client", {}, "en")
    assert catalogue.text("no such code", {}, "ru") == "no such code"
    hostile = catalogue.text("body_wrong", {"detail": "{detail} {header} %s"}, "en")
    assert hostile.endswith("{detail} {header} %s"), "what is filled in is not filled in again"
