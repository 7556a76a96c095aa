"""Our own identifiers: ULIDs, sortable by time, never given out twice."""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(milliseconds: int, random_bits: int) -> str:
    """26 characters: 48 bits of time, 80 bits of chance."""
    value = ((milliseconds & ((1 << 48) - 1)) << 80) | (random_bits & ((1 << 80) - 1))
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))
