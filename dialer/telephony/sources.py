"""Where a PBX's recordings come from: a folder that we share with it, or its web server (fetching.py)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from dialer.telephony import wav
from dialer.telephony.naming import MOST_SEGMENTS, SIDES, parse, side_name


class Source(Protocol):
    """One PBX's recordings. Every method raises OSError where they can't be got at now."""

    async def numbers(self, call_id: str) -> list[int]:
        """The segments of which there is a file, in order."""
        ...

    async def measure(self, call_id: str, number: int) -> tuple[int, bool]:
        """The size of both sides together, and whether both say themselves that they are whole."""
        ...

    async def bring(self, call_id: str, number: int) -> Path:
        """The folder of this machine in which both sides stand, as far as there are any."""
        ...

    async def done(self, call_id: str) -> None:
        """What was brought is kept now: nothing of it is needed here any more."""
        ...

    async def remove(self, call_id: str) -> None:
        """Delete the call's files for good, where that is ours to do."""
        ...

    async def close(self) -> None: ...


class SharedFolder:
    """The PBX writes where we read. What it wrote stays until the recording's time is over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def numbers(self, call_id: str) -> list[int]:
        def look() -> list[int]:
            return [
                number
                for number in range(1, MOST_SEGMENTS + 1)
                if any((self.folder / side_name(call_id, number, side)).exists() for side in SIDES)
            ]

        return await asyncio.to_thread(look)

    async def measure(self, call_id: str, number: int) -> tuple[int, bool]:
        return await asyncio.to_thread(_measure, self.folder, call_id, number)

    async def bring(self, call_id: str, number: int) -> Path:
        return self.folder

    async def done(self, call_id: str) -> None:
        pass

    async def remove(self, call_id: str) -> None:
        def unlink() -> None:
            for number in range(1, MOST_SEGMENTS + 1):
                for side in SIDES:
                    (self.folder / side_name(call_id, number, side)).unlink(missing_ok=True)

        await asyncio.to_thread(unlink)

    async def close(self) -> None:
        pass

    def list_names(self) -> Iterator[str]:
        """All files that bear a name of ours, as they come. Blocking."""
        if self.folder.is_dir():
            with os.scandir(self.folder) as entries:
                yield from (entry.name for entry in entries if parse(entry.name) is not None)


def _measure(folder: Path, call_id: str, number: int) -> tuple[int, bool]:
    total, whole = 0, True
    for side in SIDES:
        path = folder / side_name(call_id, number, side)
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                side_now = wav.inspect(file.read(wav.HEADER), size)
            # An empty file says "0 bytes" while it is being written, too: its silence proves nothing.
            whole = whole and side_now.frames > 0 and not side_now.repaired
        except (OSError, wav.NotWav):
            whole = False
            continue
        total += size
    return total, whole
