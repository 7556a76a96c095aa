"""What every benchmark prints: figures on standard output, one JSON object a line; everything else on the other."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Literal

Size = Literal["smoke", "default", "full"]


def size() -> Size:
    """How much is measured: BENCH_SIZE=smoke (seconds, the figures mean nothing), full (spec 13), or neither."""
    wanted = os.environ.get("BENCH_SIZE", "default")
    if wanted not in ("smoke", "default", "full"):
        raise SystemExit(f"BENCH_SIZE is {wanted!r}; it may be smoke, default or full")
    return wanted  # type: ignore[return-value]


def figure(bench: str, name: str, value: float, unit: str, *, baseline: float | None = None, n: int) -> None:
    """Print one figure; `ratio` is value / baseline."""
    row = {
        "bench": bench,
        "figure": name,
        "value": _short(value),
        "unit": unit,
        "baseline": None if baseline is None else _short(baseline),
        "ratio": round(value / baseline, 2) if baseline else None,
        "n": n,
    }
    print(json.dumps(row), flush=True)


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(seconds: Sequence[float]) -> str:
    """A distribution in words, of times in seconds."""
    shares = (0.5, 0.9, 0.99, 1.0)
    names = ("p50", "p90", "p99", "max")
    return ", ".join(
        f"{name} {percentile(seconds, share) * 1000:.1f}" for name, share in zip(names, shares, strict=True)
    )


def _short(value: float) -> float:
    return round(value) if value >= 1000 else round(value, 2)
