"""WAV files as a PBX leaves them: their header mended, both sides put together, their outline for a picture.

Source: RIFF WAVE, PCM 16 bit mono, as Asterisk's `wav` format writes it (8 kHz).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

HEADER: Final = 44
USUAL_RATE: Final = 8000  # of Asterisk's format `wav`
MOST_PEAKS: Final = 2000

Samples = npt.NDArray[np.int16]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a call: `rate` in Hz, `frames` of sound in the file, `repaired` = its header lied."""

    rate: int
    frames: int
    repaired: bool

    @property
    def duration_s(self) -> float:
        return self.frames / self.rate


class NotWav(ValueError):
    """The file is no PCM 16 bit mono WAV that we can read."""


def inspect(head: bytes, size: int) -> Side:
    """Read a file's first 44 bytes against its size. A header that lies, or never reached the disk, is repaired."""
    if size < HEADER:  # torn before the first sound
        return Side(rate=USUAL_RATE, frames=0, repaired=True)
    if head == bytes(HEADER):  # the disk never saw it: it can only have been what Asterisk writes
        return Side(rate=USUAL_RATE, frames=(size - HEADER) // 2, repaired=True)
    if len(head) < HEADER or head[:4] != b"RIFF" or head[8:16] != b"WAVEfmt " or head[36:40] != b"data":
        raise NotWav("not a plain WAV file")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", head[20:36])
    if kind != 1 or channels != 1 or bits != 16 or not rate:
        raise NotWav(f"not PCM 16 bit mono: format {kind}, {channels} channels, {bits} bits")
    claimed = struct.unpack("<I", head[40:44])[0]
    there = (size - HEADER) // 2 * 2
    return Side(rate=rate, frames=there // 2, repaired=claimed != there)


def header(rate: int, channels: int, data_bytes: int) -> bytes:
    block = channels * 2
    return struct.pack(
        "<4sI8sIHHIIHH4sI",
        b"RIFF",
        36 + data_bytes,
        b"WAVEfmt ",
        16,
        1,
        channels,
        rate,
        rate * block,
        block,
        16,
        b"data",
        data_bytes,
    )


def read(path: Path) -> tuple[Side, Samples]:
    """One side's sound, whatever its header says of its length. Raises OSError, `NotWav`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        side = inspect(file.read(HEADER), size)
        samples = np.frombuffer(file.read(side.frames * 2), dtype="<i2").astype(np.int16, copy=False)
    return side, samples


def stereo(left: Samples, right: Samples) -> Samples:
    """Both sides interleaved, the shorter one filled up with silence."""
    frames = max(len(left), len(right))
    both = np.zeros((frames, 2), dtype=np.int16)
    both[: len(left), 0] = left
    both[: len(right), 1] = right
    return both


def peaks(samples: Samples, most: int = MOST_PEAKS) -> bytes:
    """The outline of one side: at most `most` loudest values in order, each 0 to 255."""
    if not len(samples):
        return b""
    bins = min(most, len(samples))
    edges = np.linspace(0, len(samples), bins + 1).astype(np.int64)
    loudest = np.maximum.reduceat(np.abs(samples.astype(np.int32)), edges[:-1])
    return bytes((np.minimum(loudest, 32767) * 255 // 32767).astype(np.uint8))


def write_stereo(path: Path, rate: int, both: Samples) -> None:
    """Write beside the target and rename, so that a listed file is a whole one."""
    data = both.astype("<i2").tobytes()
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(header(rate, 2, len(data)))
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
