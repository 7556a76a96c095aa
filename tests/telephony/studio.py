"""Calls with recordings in a store, and their files in folders: for what works on them afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, insert, select

from dialer.store import Store
from dialer.telephony import wav
from dialer.telephony.naming import side_name, stem
from dialer.telephony.tables import calls, recordings, segments

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
RATE = 8000


def speech(seconds: float, seed: int = 1) -> wav.Samples:
    """Two sides that take turns of a second, in bands as voices have them."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    both = np.zeros((len(t), 2))
    for side in (0, 1):
        for _ in range(6):
            both[:, side] += np.sin(2 * np.pi * rng.uniform(150, 3000) * t + rng.uniform(0, 6))
        both[:, side] *= (np.floor(t) % 2 == side) * 2000
    return both.astype(np.int16)


def mono(seconds: float = 1.0) -> bytes:
    sound = speech(seconds)[:, 0].astype("<i2").tobytes()
    return wav.header(RATE, 1, len(sound)) + sound


@dataclass
class Shelf:
    """`kept` is ours, `source` the PBX's."""

    store: Store
    kept: Path
    source: Path

    async def add(
        self,
        call_id: str,
        *,
        age: timedelta = timedelta(),
        state: str = "ready",
        numbers: int = 1,
        **more: Any,
    ) -> None:
        """A call that ended so long ago, with its finished recording; `more` of the call."""

        def write(conn: Connection) -> None:
            row = {"id": call_id, "direction": "outbound", "leg": call_id, "line": "main", "number": "+7"}
            times = {"started_at": NOW - age, "answered_at": NOW - age, "ended_at": NOW - age}
            conn.execute(insert(calls), {**row, **times, **more})
            conn.execute(insert(recordings), {"call_id": call_id, "state": state})
            for number in range(1, numbers + 1):
                first = {"call_id": call_id, "number": number, "state": state, "started_at": NOW - age}
                conn.execute(insert(segments), {**first, "duration_s": 2.5})

        await self.store.write(write)
        for number in range(1, numbers + 1):
            self.write(call_id, number)

    def write(self, call_id: str, number: int = 1, seconds: float = 2.5) -> None:
        self.kept.mkdir(exist_ok=True)
        wav.write_stereo(self.kept / f"{stem(call_id, number)}.wav", RATE, speech(seconds, number))

    def pbx_writes(self, call_id: str, number: int = 1) -> None:
        self.source.mkdir(exist_ok=True)
        for side in ("in", "out"):
            (self.source / side_name(call_id, number, side)).write_bytes(mono())

    async def row(self, call_id: str, number: int = 1) -> Row[Any]:
        query = select(segments).where(segments.c.call_id == call_id, segments.c.number == number)
        return await self.store.read(lambda conn: conn.execute(query).one())

    def names(self) -> list[str]:
        return sorted(path.name for path in self.kept.iterdir())
