"""Where the browser and the bare phone's page are."""

from __future__ import annotations

from pathlib import Path

CHROMIUM = Path("/usr/bin/chromium")
PHONE = Path(__file__).with_name("phone")
BUNDLE = PHONE / "phone.bundle.js"
FIRST_CHROMIUM = Path(__file__).with_name("chromium-first")
