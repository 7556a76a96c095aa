"""What a recording wants to know of a call while it lasts."""

from __future__ import annotations

from typing import Protocol


class Tape(Protocol):
    """Times are the PBX's clock. `call` is the file's name without its side."""

    def start(self, call: str, at: float) -> None: ...

    def join(self, call: str, at: float) -> None:
        """From now on the operator is there to be heard."""
        ...

    def part(self, call: str, at: float) -> None: ...

    def mute(self, call: str, muted: bool, at: float) -> None:
        """What the operator says does not reach the client, and so not the file."""
        ...

    def pause(self, call: str, paused: bool, at: float) -> None:
        """Silence is written for both sides; time goes on."""
        ...

    def end(self, call: str, at: float) -> None: ...

    def lose(self, at: float) -> None:
        """The PBX died: what was not flushed is gone, headers stay as they were."""
        ...


class NoTape:
    """Records nothing: for load."""

    def start(self, call: str, at: float) -> None:
        pass

    def join(self, call: str, at: float) -> None:
        pass

    def part(self, call: str, at: float) -> None:
        pass

    def mute(self, call: str, muted: bool, at: float) -> None:
        pass

    def pause(self, call: str, paused: bool, at: float) -> None:
        pass

    def end(self, call: str, at: float) -> None:
        pass

    def lose(self, at: float) -> None:
        pass
