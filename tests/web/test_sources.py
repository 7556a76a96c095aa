"""What is held of the pages' sources: types and accessibility by the compiler, unit tests, budgets of first loads."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.browser.conftest import built
from tools.build_web import WEB, packaged_node, system_node

__all__ = ["built"]

BUDGETS = {
    "login": 40,
    "operator": 60,
    "console": 60,
    "console/calls/CallPage.svelte": 30,
    "console/scripts/Scripts.svelte": 95,
    "lib/phone/softphone.ts": 60,
}


def npm(script: str, *arguments: str) -> str:
    node = system_node() or packaged_node()
    done = subprocess.run(
        [*node.npm, "run", "--silent", script, "--", *arguments],
        cwd=WEB,
        env={**os.environ, "PATH": f"{node.folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("script", ["check", "test"])
def test_the_pages_own_checks(built: None, script: str) -> None:
    npm(script)


def test_the_types_of_the_api_are_those_of_its_description(built: None) -> None:
    """After a change of the API: dialer openapi > web/openapi.json, then npm run types."""
    npm("types", "--check")


def test_first_loads_keep_their_budgets(built: None) -> None:
    sizes = json.loads(npm("size"))
    assert {name: sizes[name] for name, most in BUDGETS.items() if sizes[name] > most} == {}


def test_no_component_is_over_200_lines() -> None:
    long = [path.name for path in WEB.glob("src/**/*.svelte") if len(path.read_text().splitlines()) > 200]
    assert long == []
