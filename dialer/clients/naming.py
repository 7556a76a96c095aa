"""How a client is addressed."""

from __future__ import annotations


def first_name(name: str, language: str) -> str:
    """What one says after "Hello": in Russian the name and patronymic of "Surname Name Patronymic"."""
    words = name.split()
    if language == "ru" and len(words) >= 3:
        return " ".join(words[1:3])
    if language == "ru" and len(words) == 2:
        return words[1]
    return words[0] if words else ""
