"""Signed links to a recording: for one listener, one segment, and a few minutes."""

from __future__ import annotations

import hashlib
import hmac

LIFETIME_S = 300


def sign(secret: bytes, *, call_id: str, segment: int, user_id: int, expires: int) -> str:
    text = f"recording:{call_id}:{segment}:{user_id}:{expires}".encode()
    return hmac.new(secret, text, hashlib.sha256).hexdigest()


def is_valid(
    secret: bytes, signature: str, *, call_id: str, segment: int, user_id: int, expires: int, now: int
) -> bool:
    """Whether the link was signed for this listener and has not run out."""
    expected = sign(secret, call_id=call_id, segment=segment, user_id=user_id, expires=expires)
    return now <= expires <= now + LIFETIME_S and hmac.compare_digest(expected.encode(), signature.encode())
