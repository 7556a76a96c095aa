"""Processes that die with us: started with a death signal, ended by their own id, with a deadline."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
FIRST = ("nice", "-n", "-10")


class TooLate(Exception):
    """What was waited for did not come before the deadline."""


def wait_until(condition: Callable[[], T], deadline_s: float, what: str, pause_s: float = 0.02) -> T:
    """The first true value of `condition`. For the outside world, which has no event to wait for."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TooLate(f"{what}: not within {deadline_s} s")
        time.sleep(pause_s)


def start(
    command: list[str], log: Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Run a command; its output goes to `log`. It is killed when the thread that started it dies.

    It goes before other work on the machine: sound that comes late is sound lost, and tests measure that.
    """
    with log.open("ab") as out:
        return subprocess.Popen(
            [*FIRST, "setpriv", "--pdeathsig", "KILL", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        )


def end(process: subprocess.Popen[bytes], deadline_s: float = 5) -> None:
    """Ask to end, then insist."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(deadline_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(deadline_s)
