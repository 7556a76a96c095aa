"""Where things that are fetched once live: outside the checkout, shared by all runs."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """The cache, moved by the environment's DIALER_CACHE."""
    return Path(os.environ.get("DIALER_CACHE") or Path.home() / ".cache" / "callwright")


def asterisk_root() -> Path:
    """The small Debian that holds Asterisk; made by tests/rig/provision.sh."""
    return cache_folder() / "asterisk-root"
