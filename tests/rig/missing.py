"""What the rig lacks on this machine, in words that say how to get it."""

from __future__ import annotations

import functools
import os
import shutil

from tests.rig.browser_files import BUNDLE, CHROMIUM
from tests.rig.cache import asterisk_root
from tests.rig.network import Network, NoNetwork

HOW = "run tests/rig/provision.sh as root"


@functools.cache
def for_asterisk() -> str:
    """Empty if a real Asterisk can be run, else the reason why not."""
    if os.geteuid() != 0:
        return "a real Asterisk needs root (network namespace, chroot)"
    if not (asterisk_root() / "usr" / "sbin" / "asterisk").exists():
        return f"no Asterisk in {asterisk_root()}: {HOW}"
    for program in ("sipp", "ip", "setpriv", "chroot"):
        if shutil.which(program) is None:
            return f"no program {program}: {HOW}"
    try:
        with Network():
            return ""
    except (NoNetwork, OSError) as error:
        return f"no network namespace: {error}"


@functools.cache
def for_browser() -> str:
    """Empty if Chromium can be driven, else the reason why not."""
    if not CHROMIUM.exists():
        return f"no {CHROMIUM}: {HOW}"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "no Python package playwright: install the extra dev"
    return "" if BUNDLE.exists() else f"no {BUNDLE.name}: {HOW}"
