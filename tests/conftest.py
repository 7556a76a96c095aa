"""Which tests can run here, and how thoroughly.

A test marked `asterisk` or `browser` that cannot run says what is missing and is skipped. With REQUIRE=all in
the environment (CI) it fails instead, so that nothing is quietly left out.
"""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from dialer.auth import passwords
from tests.marks import FOLDERS
from tests.rig import missing

REQUIRE_ALL = os.environ.get("REQUIRE") == "all"
_HERE = Path(__file__).parent
_BEGAN = time.monotonic()
FAST_S = 60  # what the tests that need neither network nor browser may take on two cores
_QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

# No deadline: what a busy machine takes for one example says nothing about the code.
settings.register_profile("daily", max_examples=50, deadline=None)
settings.register_profile("long", max_examples=1_000, deadline=None)
settings.load_profile("long" if os.environ.get("DIALER_LONG") else "daily")


@pytest.fixture(autouse=True)
def quick_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing, but where their cost is what is tested."""
    if request.path.name != "test_passwords.py":
        monkeypatch.setattr(passwords, "_HASHER", _QUICK)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for folder, mark in FOLDERS.items():
            if item.path.is_relative_to(_HERE / folder):
                item.add_marker(mark)
    if not os.environ.get("DIALER_LONG"):
        later = [item for item in items if item.get_closest_marker("slow")]
        items[:] = [item for item in items if item not in later]
        config.hook.pytest_deselected(items=later)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark, lacking in (("asterisk", missing.for_asterisk), ("browser", missing.for_browser)):
        if item.get_closest_marker(mark) and (reason := lacking()):
            if REQUIRE_ALL:
                pytest.fail(f"REQUIRE=all, but {reason}", pytrace=False)
            pytest.skip(reason)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no collection of garbage walks it 2,000 times over."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Said, not failed: a busy machine says nothing about the tests."""
    took = time.monotonic() - _BEGAN
    if "not alone" in config.option.markexpr and took > FAST_S:
        terminalreporter.write_line(f"These tests took {took:.0f} s and may take {FAST_S}.", yellow=True)
