"""Recordings as MixMonitor leaves them: two files a call, `<call>-in.wav` (client) and `<call>-out.wav`.

Measured on a real Asterisk: the header is 0/0 while recording, data goes out in blocks of 32 KiB, the file is
final within 20 ms of the hang-up. A PBX that is killed leaves its headers so and loses the last block.
"""

from __future__ import annotations

import logging
import struct
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from dialer.simulation.voice import RATE, Samples, Voice, make_voice, plan, sound

log = logging.getLogger(__name__)

BLOCK: Final = 32 * 1024
FRAME: Final = 160  # 20 ms
MOST_WAITING: Final = 64


@dataclass(slots=True)
class _Take:
    """One recording under way. Times are the PBX's; `gaps` holds (from, to) of an operator who is not heard."""

    start: float
    joined: float | None = None
    gaps: list[tuple[float, float]] = field(default_factory=list)
    muted_at: float | None = None
    pauses: list[tuple[float, float]] = field(default_factory=list)
    paused_at: float | None = None
    parted_at: float | None = None


class WavTape:
    """Writes into `folder`, in a thread of its own that `close` ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._takes: dict[str, _Take] = {}
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="virtual-pbx-wav")
        self._waiting: set[Future[None]] = set()
        self._writer.submit(_voices)  # so that the first recording is finished as quickly as the others

    def start(self, call: str, at: float) -> None:
        self._takes[call] = _Take(at)
        self._folder.mkdir(parents=True, exist_ok=True)
        for side in ("in", "out"):
            self._path(call, side).write_bytes(_header(0, closed=False))

    def join(self, call: str, at: float) -> None:
        take = self._takes.get(call)
        if take is None:
            return
        if take.joined is None:
            take.joined = at
        if take.parted_at is not None:
            take.gaps.append((take.parted_at, at))
            take.parted_at = None

    def part(self, call: str, at: float) -> None:
        take = self._takes.get(call)
        if take is not None and take.joined is not None and take.parted_at is None:
            take.parted_at = at

    def mute(self, call: str, muted: bool, at: float) -> None:
        take = self._takes.get(call)
        if take is None:
            return
        if muted and take.muted_at is None:
            take.muted_at = at
        elif not muted and take.muted_at is not None:
            take.gaps.append((take.muted_at, at))
            take.muted_at = None

    def pause(self, call: str, paused: bool, at: float) -> None:
        take = self._takes.get(call)
        if take is None:
            return
        if paused and take.paused_at is None:
            take.paused_at = at
        elif not paused and take.paused_at is not None:
            take.pauses.append((take.paused_at, at))
            take.paused_at = None

    def end(self, call: str, at: float) -> None:
        take = self._takes.pop(call, None)
        if take is None:
            return
        if len(self._waiting) >= MOST_WAITING:  # the disk is behind: wait for it, as Asterisk's threads would
            self._write(call, take, at)
            return
        job = self._writer.submit(self._write, call, take, at)
        self._waiting.add(job)
        job.add_done_callback(self._waiting.discard)

    def lose(self, at: float) -> None:
        for call, take in self._takes.items():
            self._write(call, take, at, died=True)
        self._takes.clear()

    def close(self) -> None:
        """Blocking: wait for what is being written."""
        self._writer.shutdown()

    def _write(self, call: str, take: _Take, end: float, *, died: bool = False) -> None:
        try:
            for side, samples in zip(("in", "out"), self._sides(call, take, end), strict=True):
                data = samples.astype("<i2").tobytes()
                if died:
                    data = data[: max(0, (44 + len(data)) // BLOCK * BLOCK - 44)]
                self._path(call, side).write_bytes(_header(len(data), closed=not died) + data)
        except OSError as error:
            log.warning("virtual_pbx_recording_lost %s: %s", call, error.strerror)

    def _sides(self, call: str, take: _Take, end: float) -> tuple[Samples, Samples]:
        frames = max(0, int((end - take.start) * RATE) // FRAME * FRAME)
        clients, operators = _voices()
        number = sum(call.encode())
        client, operator = clients[number % len(clients)], operators[number // 7 % len(operators)]
        joined = None if take.joined is None else take.joined - take.start
        turns = plan(frames / RATE, joined, client, operator, call)
        heard, said = (
            sound(frames, turns, client, clients=True),
            sound(frames, turns, operator, clients=False),
        )
        gaps = take.gaps + ([(take.muted_at, end)] if take.muted_at is not None else [])
        if take.parted_at is not None:
            gaps = [*gaps, (take.parted_at, end)]
        for begins, ends in gaps:
            said[_frame(begins - take.start) : _frame(ends - take.start)] = 0
        for begins, ends in take.pauses + ([(take.paused_at, end)] if take.paused_at is not None else []):
            for side in (heard, said):
                side[_frame(begins - take.start) : _frame(ends - take.start)] = 0
        return heard, said

    def _path(self, call: str, side: str) -> Path:
        return self._folder / f"{call}-{side}.wav"


_making = threading.Lock()


def _voices() -> tuple[tuple[Voice, ...], tuple[Voice, ...]]:
    """Clients' and operators' voices: the same for every tape, made at the first recording of the process."""
    with _making:
        return _made_voices()


@cache
def _made_voices() -> tuple[tuple[Voice, ...], tuple[Voice, ...]]:
    clients = tuple(make_voice(pitch, seed) for seed, pitch in enumerate((112.0, 205.0, 135.0, 185.0)))
    return clients, tuple(make_voice(pitch, 10 + seed) for seed, pitch in enumerate((220.0, 195.0)))


def _frame(seconds: float) -> int:
    return max(0, int(seconds * RATE))


def _header(data_bytes: int, *, closed: bool) -> bytes:
    """44 bytes; sizes stay 0 until the file is closed."""
    sizes = (36 + data_bytes, data_bytes) if closed else (0, 0)
    form = (b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", sizes[0], b"WAVE", *form, b"data", sizes[1])
