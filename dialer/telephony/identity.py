"""Our own identifiers: ULIDs, sortable by time, never given out twice."""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]  # two characters, ten bits, at a time


def ulid(milliseconds: int, random_bits: int) -> str:
    """26 characters: 48 bits of time, 80 bits of chance."""
    value = ((milliseconds & ((1 << 48) - 1)) << 80) | (random_bits & ((1 << 80) - 1))
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(120, -1, -10)])
