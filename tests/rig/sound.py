"""Audio that tells the time, and ears that read it back."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

MUSIC_HZ = 1900.0
Samples = NDArray[np.float64]


def tone(hz: float, seconds: float, rate: int, level: float = 0.5) -> Samples:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def write_wav(path: Path, samples: Samples, rate: int) -> None:
    """One channel, 16 bit."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def read_wav(path: Path) -> tuple[Samples, int]:
    """Samples from -1 to 1 and their rate."""
    with wave.open(str(path), "rb") as source:
        raw = source.readframes(source.getnframes())
        return np.frombuffer(raw, dtype="<i2").astype(np.float64) / 32768, source.getframerate()


def write_music(path: Path) -> None:
    """Hold music that no voice of the tests sounds like, so that a leak into a call can be found."""
    write_wav(path, tone(MUSIC_HZ, 5, 8000, 0.3), 8000)


def loudness(samples: Samples) -> float:
    """Root mean square, 0 to 1."""
    return float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0


def a_law(samples: Samples) -> bytes:
    """G.711 A-law, as RTP carries it."""
    out = io.BytesIO()
    soundfile.write(out, samples, 8000, format="RAW", subtype="ALAW")
    return out.getvalue()
