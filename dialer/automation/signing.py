"""How a receiver knows that a web hook comes from here: HMAC-SHA-256 of the moment and the body."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

DELIVERY: Final = "Idempotency-Key"
TIMESTAMP: Final = "Callwright-Timestamp"
SIGNATURE: Final = "Callwright-Signature"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """`sha256=<hex>` over `<timestamp>.<body>`."""
    return "sha256=" + hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def headers(secret: str, delivery: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes with a body; unsigned where there is no secret."""
    told = {"Content-Type": "application/json", DELIVERY: delivery, TIMESTAMP: str(timestamp)}
    return {**told, SIGNATURE: sign(secret, timestamp, body)} if secret else told
