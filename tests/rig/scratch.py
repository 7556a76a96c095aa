"""Folders of a test process, swept away by the next one if it had no time to do it itself."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path

_serial = itertools.count(1)


def sweep(home: Path) -> None:
    """Remove folders whose owner is gone. A folder's name begins with its owner's process id."""
    if not home.is_dir():
        return
    for folder in home.iterdir():
        owner = folder.name.split("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


def claim(home: Path) -> Path:
    """A folder under `home` that is ours alone; not made yet."""
    sweep(home)
    return home / f"{os.getpid()}-{next(_serial)}"


def scratch() -> Path:
    """A fresh empty folder for small things."""
    folder = claim(Path(tempfile.gettempdir()) / "callwright-rig")
    folder.mkdir(parents=True)
    return folder
