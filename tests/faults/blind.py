"""A press of a button whose answer nobody waits for: the daemon is about to stand still or to die."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tests.rig.daemon import Page


def press_blind(page: Page, verb: str, *, key: str, **body: Any) -> http.client.HTTPConnection:
    """Put the request into the daemon's socket, and go on at once. Close what comes back when all is over."""
    connection = http.client.HTTPConnection("127.0.0.1", page.daemon.port, timeout=5)
    headers = {
        "Content-Type": "application/json",
        "X-Callwright": "1",
        "Origin": page.daemon.url,
        "Idempotency-Key": key,
        "Cookie": page.cookie,
    }
    connection.request("POST", f"/api/v1/desk/{verb}", json.dumps(body), headers)
    return connection
