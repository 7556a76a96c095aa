"""The list of scenarios as a page for people: `python -m tests.scenarios.report > docs/reliability.md`.

A test covers the scenario whose number its name bears: `test_scenario_07_...`. That it runs on the real Asterisk
is said by its mark; which recorded traces it plays, by their names in it. All three are read from the source.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.marks import PLACES
from tests.scenarios.catalogue import SCENARIOS, Scenario

TESTS = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"test_scenario_(\d\d)_\w+")
CAPTURES = frozenset(path.stem for path in (TESTS / "captures").rglob("*.capture"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Cover:
    """One test of one scenario."""

    scenario: int
    name: str
    path: str  # within tests/
    marks: frozenset[str]
    captures: frozenset[str]

    @property
    def is_real(self) -> bool:
        return "asterisk" in self.marks


def covers() -> dict[int, list[Cover]]:
    """All tests that bear a scenario's number, by that number."""
    found: dict[int, list[Cover]] = defaultdict(list)
    for file in sorted(TESTS.rglob("test_*.py")):
        source = file.read_text(encoding="utf-8")
        for cover in _in_file(file, source) if "test_scenario_" in source else ():
            found[cover.scenario].append(cover)
    return found


def _in_file(file: Path, source: str) -> Iterator[Cover]:
    path = file.relative_to(TESTS)
    module = ast.parse(source)
    of_file = {mark for folder, mark in PLACES.items() if path.parts[0] == folder}
    for node in module.body:
        if isinstance(node, ast.Assign) and any(ast.unparse(to) == "pytestmark" for to in node.targets):
            of_file |= _marks(node.value)
    for node in module.body:
        if isinstance(node, Function) and (match := NAMED.fullmatch(node.name)):
            marks = of_file.union(*(_marks(decorator) for decorator in node.decorator_list))
            yield Cover(int(match[1]), node.name, str(path), frozenset(marks), _captures(node))


def _marks(expression: ast.expr) -> set[str]:
    return set(re.findall(r"pytest\.mark\.(\w+)", ast.unparse(expression)))


def _captures(function: Function) -> frozenset[str]:
    texts = {
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return frozenset({text.removeprefix("foreign/") for text in texts} & CAPTURES)


def page() -> str:
    found = covers()
    covered = [scenario for scenario in SCENARIOS if found[scenario.number]]
    real = [scenario for scenario in covered if any(cover.is_real for cover in found[scenario.number])]
    lines = [
        "# What telephony survives",
        "",
        "Generated from the tests by `python -m tests.scenarios.report`; a test fails when it is stale.",
        "",
        "*Every run*: traces that were recorded on a real Asterisk (tests/captures) are played, or the fault is",
        "brought about on the virtual PBX, on a store, on a page. *Real Asterisk*: the fault on a running Asterisk,",
        "with sipp as the provider and the phones. Where there is none, such a test is skipped and says so; with",
        "`REQUIRE=all`, as in CI, it fails.",
        "",
        f"{len(covered)} of {len(SCENARIOS)} are covered, {len(real)} of them on the real Asterisk too.",
        "",
        "| | What goes wrong | What must come of it | Every run | Real Asterisk |",
        "| --- | --- | --- | --- | --- |",
        *(_row(scenario, found[scenario.number]) for scenario in SCENARIOS),
        "",
        "## Not covered",
        "",
        *(f"- {each.number}: {each.open}." for each in SCENARIOS if each not in covered),
        "",
        "## Not on the real Asterisk",
        "",
        *(f"- {each.number}: {each.replayed}." for each in covered if each not in real),
        "",
    ]
    return "\n".join(lines)


def _row(scenario: Scenario, found: list[Cover]) -> str:
    every = "<br>".join(_link(cover) for cover in found if not cover.is_real)
    real = "<br>".join(_link(cover) for cover in found if cover.is_real)
    traces = sorted(set[str]().union(*(cover.captures for cover in found)))
    if traces:
        every += "<br>traces: " + ", ".join(f"`{name}`" for name in traces)
    return f"| {scenario.number} | {scenario.fault} | {scenario.outcome} | {every or '—'} | {real or '—'} |"


def _link(cover: Cover) -> str:
    words = cover.name.removeprefix(f"test_scenario_{cover.scenario:02d}_").replace("_", " ")
    where = " (in Chromium)" if "browser" in cover.marks else ""
    return f"[{words}](../tests/{cover.path}){where}"


if __name__ == "__main__":
    sys.stdout.write(page())
