"""Run benchmarks: `python -m bench` all of them, one after the other; `python -m bench NAME` one.

Each runs in a process of its own, so that none inherits another's heap, threads or settings.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = ("pages", "ami_parse", "answers", "next_entry", "screen_pop", "ami_flood")
ROOT = Path(__file__).resolve().parents[1]
DEADLINE_S = 3600


def main(arguments: list[str]) -> int:
    unknown = [name for name in arguments if name not in NAMES]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    failed = [name for name in arguments or NAMES if not _run(name)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str) -> bool:
    print(f"--- {name}", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, timeout=DEADLINE_S, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
