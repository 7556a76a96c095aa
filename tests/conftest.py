"""Which tests can run here, and how thoroughly.

A test marked `asterisk` or `browser` that cannot run says what is missing and is skipped. With REQUIRE=all in
the environment (CI) it fails instead, so that nothing is quietly left out.

A test that opens a socket of the network, on this machine too, is marked `network` (tests/marks.py): any other
that tries to fails.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from dialer.auth import passwords
from tests.marks import PLACES
from tests.rig import missing

REQUIRE_ALL = os.environ.get("REQUIRE") == "all"
_HERE = Path(__file__).parent
_BEGAN = time.monotonic()
NETWORKED = ("network", "many", "alone", "asterisk", "browser")
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


_USED: list[str] = []  # what the running test did with the network


def _watch(happens: str, about: tuple[Any, ...]) -> None:
    """An audit hook. Addresses of the network are tuples; those of UNIX sockets are text."""
    if happens in ("socket.bind", "socket.connect") and isinstance(about[1], tuple):
        _USED.append(happens)


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def within_its_marks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Only what is marked uses the network."""
    _USED.clear()
    yield
    if _USED and not any(request.node.get_closest_marker(mark) for mark in NETWORKED):
        pytest.fail(f"{set(_USED)}: name this file in tests/marks.py, or do without the network")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for place, mark in PLACES.items():
            if item.path.is_relative_to(_HERE / place):
                item.add_marker(mark)
    items.sort(key=lambda item: item.get_closest_marker("many") is None)  # the longest ones begin first
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
    if "not network" in config.option.markexpr and took > FAST_S:
        terminalreporter.write_line(f"These tests took {took:.0f} s and may take {FAST_S}.", yellow=True)
