"""Which tests can run here.

A test marked `asterisk` or `browser` that cannot run says what is missing and is skipped. With REQUIRE=all in
the environment (CI) it fails instead, so that nothing is quietly left out.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.rig import missing

REQUIRE_ALL = os.environ.get("REQUIRE") == "all"
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE / "asterisk"):
            item.add_marker(pytest.mark.asterisk)
        if item.path.is_relative_to(_HERE / "browser"):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark, lacking in (("asterisk", missing.for_asterisk), ("browser", missing.for_browser)):
        if item.get_closest_marker(mark) and (reason := lacking()):
            if REQUIRE_ALL:
                pytest.fail(f"REQUIRE=all, but {reason}", pytrace=False)
            pytest.skip(reason)
