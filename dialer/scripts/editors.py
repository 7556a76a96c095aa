"""Who has a script open in the editor: said anew every few seconds by each page, forgotten when it falls silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

EXPIRES_S: Final = 30.0
MOST: Final = 2_000  # editors that are remembered; the one who was silent longest is forgotten first


class Editors:
    """In memory alone: after a restart each page has said it again before anybody misses it.

    `clock` gives seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[tuple[int, int], tuple[str, float]] = {}  # by script and user; in order of `seen`

    def here(self, script_id: int, user_id: int, name: str) -> None:
        self.gone(script_id, user_id)
        self._seen[script_id, user_id] = (name, self._clock())
        while len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]

    def gone(self, script_id: int, user_id: int) -> None:
        self._seen.pop((script_id, user_id), None)

    def of(self, script_id: int, *, but: int = 0) -> list[str]:
        """The names of those who have it open, without the user `but`."""
        since = self._clock() - EXPIRES_S
        return [
            name
            for (script, user), (name, seen) in self._seen.items()
            if script == script_id and user != but and seen > since
        ]
