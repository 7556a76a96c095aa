"""The list of scenarios is whole, and the page for people is up to date."""

from __future__ import annotations

import pytest

from tests.scenarios import report
from tests.scenarios.catalogue import SCENARIOS

STALE = "python -m tests.scenarios.report > docs/reliability.md"


def test_the_page_in_docs_is_of_these_tests() -> None:
    assert (report.TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8") == report.page(), (
        STALE
    )


def test_every_scenario_has_its_number() -> None:
    assert [scenario.number for scenario in SCENARIOS] == list(range(1, 45))
    assert set(report.covers()) <= {scenario.number for scenario in SCENARIOS}


def test_what_is_not_covered_says_why_and_what_is_says_nothing() -> None:
    found = report.covers()
    for scenario in SCENARIOS:
        covered = found[scenario.number]
        assert bool(scenario.open) != bool(covered), f"scenario {scenario.number}: a reason, or a test"
        real = any(cover.is_real for cover in covered)
        assert not (real and scenario.replayed), f"scenario {scenario.number} runs on the real Asterisk"
        assert real or scenario.replayed or scenario.open, f"scenario {scenario.number}: why only replayed?"


def test_marks_are_read_as_pytest_reads_them(request: pytest.FixtureRequest) -> None:
    """Of the tests that were collected together with this one: by the folder, by the file, by the test."""
    said = {(cover.path, cover.name): cover.is_real for found in report.covers().values() for cover in found}
    for item in request.session.items:
        name = getattr(item, "originalname", item.name)
        if name.startswith("test_scenario_"):
            path = str(item.path.relative_to(report.TESTS))
            assert said[path, name] == (item.get_closest_marker("asterisk") is not None), item.nodeid
