"""Audio that tells the time, and ears that read it back.

A clock voice sounds another tone each second (400 Hz, 440 Hz, ...), starting anew each minute. Wherever it is
recorded, `Clock` tells which moment of the voice sounds at which position, to a few milliseconds.
"""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

MUSIC_HZ = 3100.0
SECONDS = 60
_LOWEST_HZ = 400.0
_STEP_HZ = 40.0
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


def strength(samples: Samples, hz: float, rate: int = 8000) -> float:
    """How loud a tone of `hz` is in it: its amplitude, 0 to 1."""
    if not samples.size:
        return 0.0
    turned = samples * np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate)
    return float(2 * abs(turned.mean()))


def a_law(samples: Samples) -> bytes:
    """G.711 A-law, as RTP carries it."""
    out = io.BytesIO()
    soundfile.write(out, samples, 8000, format="RAW", subtype="ALAW")
    return out.getvalue()


def second_hz(second: int) -> float:
    """The tone of that second of the clock voice."""
    return _LOWEST_HZ + _STEP_HZ * (second % SECONDS)


def clock_voice(rate: int, seconds: int = SECONDS, level: float = 0.5) -> Samples:
    return np.concatenate([tone(second_hz(n), 1, rate, level) for n in range(seconds)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The clock voice passes to `second` (0 to 59) at `position` (s) of the recording."""

    position: float
    second: int


class ClockSilent(Exception):
    """No tick of a clock voice was heard near that position."""


@dataclass(frozen=True, slots=True)
class Clock:
    """All the ticks in a recording of a clock voice."""

    ticks: tuple[Tick, ...]

    @classmethod
    def listen(cls, samples: Samples, rate: int) -> Clock:
        """Hear the ticks. What is no clock voice is passed over."""
        hop = rate // 20
        heard = [_second_of(samples[i : i + 2 * hop], rate) for i in range(0, len(samples) - 2 * hop, hop)]
        ticks: list[Tick] = []
        for index in range(2, len(heard) - 2):
            before, after = heard[index - 2], heard[index + 2]
            if before is None or after is None or after != (before + 1) % SECONDS:
                continue
            position = _boundary(samples, rate, index * hop + hop, before)
            if position is not None and not (ticks and position - ticks[-1].position < 0.5):
                ticks.append(Tick(position=position, second=after))
        # Where the voice begins in mid-tone, noise before it may pass for the tone of the second before.
        if len(ticks) > 1:
            steps = moments_apart(ticks[1].second, ticks[0].second)
            if abs(ticks[1].position - ticks[0].position - steps) > 0.03:
                del ticks[0]
        return cls(tuple(ticks))

    def moment(self, position: float) -> float:
        """Which moment of the clock voice (s, 0 to 60) sounds at that position; from the nearest tick."""
        if not self.ticks:
            raise ClockSilent("no tick in the whole recording")
        nearest = min(self.ticks, key=lambda tick: abs(tick.position - position))
        if abs(nearest.position - position) > 2:
            raise ClockSilent(f"no tick within 2 s of {position:.3f} s")
        return (nearest.second + position - nearest.position) % SECONDS


def moments_apart(one: float, other: float) -> float:
    """The signed way (s) from `other` to `one` around the clock voice's minute."""
    return (one - other + SECONDS / 2) % SECONDS - SECONDS / 2


def loudest_hz(samples: Samples, rate: int) -> float:
    """The strongest tone; 0 in silence."""
    if loudness(samples) < 1e-4:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 4 * len(samples)))
    return float(spectrum.argmax() * rate / (4 * len(samples)))


def _second_of(samples: Samples, rate: int) -> int | None:
    hz = loudest_hz(samples, rate)
    second = round((hz - _LOWEST_HZ) / _STEP_HZ)
    near = abs(hz - second_hz(second)) < _STEP_HZ / 2
    return second if 0 <= second < SECONDS and near else None


def _boundary(samples: Samples, rate: int, around: int, before: int) -> float | None:
    """Where, within 0.25 s, the tone of `before` gives way to the next: the split that both fit best."""
    first, last = max(0, around - rate // 4), min(len(samples), around + rate // 4)
    piece = samples[first:last]
    at = np.arange(len(piece)) / rate

    def fit(second: int) -> tuple[Samples, Samples]:
        turned = np.cumsum(piece * np.exp(-2j * np.pi * second_hz(second) * at))
        length = np.arange(1, len(piece) + 1)
        from_start = np.abs(turned) ** 2 / length
        to_end = np.abs(turned[-1] - turned) ** 2 / np.maximum(len(piece) - length, 1)
        return from_start, to_end

    score = fit(before)[0] + fit(before + 1)[1]
    split = int(score.argmax())
    edge = rate // 50
    return (first + split + 1) / rate if edge < split < len(piece) - edge else None
