"""Every benchmark runs and prints figures in their one form; what they say at this size means nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORM = {"bench": str, "figure": str, "value": (int, float), "unit": str, "n": int}
DEADLINE_S = 100
FIGURES = {
    "pages": {"operator_first_load_gz_kb"},
    "answers": {"search_p99_ms", "stats_ms"},
    "next_entry": {"p99_ms", "rate_vs_bare", "at_once"},
    "screen_pop": {"socket_p99_ms"},
    "ami_flood": {"events_per_s", "lag_p99_ms", "pop_p99_ms", "rss_growth_mb"},
}


def figures(name: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", name],
        cwd=ROOT,
        env={**os.environ, "BENCH_SIZE": "smoke"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("pages", marks=pytest.mark.many),
        pytest.param("answers", marks=pytest.mark.many),
        pytest.param("next_entry", marks=pytest.mark.many),
        pytest.param("screen_pop", marks=pytest.mark.browser),
        pytest.param("ami_flood", marks=pytest.mark.asterisk),
    ],
)
def test_figures_have_their_form(name: str) -> None:
    if name == "pages" and not (ROOT / "dialer/http/static/manifest.json").is_file():
        pytest.skip("the pages are not built")
    rows = figures(name)
    assert {row["figure"] for row in rows} >= FIGURES[name]
    for row in rows:
        assert row["bench"] == name
        for key, kind in FORM.items():
            assert isinstance(row[key], kind), row  # type: ignore[arg-type]
        baseline, ratio = row["baseline"], row["ratio"]
        assert (baseline is None) == (ratio is None)
        assert set(row) == {*FORM, "baseline", "ratio"}


def test_an_unknown_benchmark_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "nothing"], cwd=ROOT, timeout=DEADLINE_S, check=False
    )
    assert done.returncode == 2
    assert "next_entry" in capfd.readouterr().err
