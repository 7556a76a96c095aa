"""Voices that say nothing: syllables of vowels with a speech-like melody and rhythm, made once and cut up.

8 kHz, 16 bit. A voice is a set of phrases; a conversation is who says which phrase when.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

RATE: Final = 8000
Samples = npt.NDArray[np.int16]

# First three formants of five vowels, Hz (Peterson and Barney's averages, rounded).
_VOWELS: Final = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
_LOUDNESS: Final = 7000.0
_HISS: Final = 12.0


@dataclass(frozen=True, slots=True)
class Voice:
    phrases: tuple[Samples, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody speaks from `at` (s) on, saying these phrases of their voice."""

    at: float
    client: bool
    phrases: tuple[int, ...]


def make_voice(pitch_hz: float, seed: int, phrases: int = 10) -> Voice:
    """A voice of a given pitch. Takes some tens of milliseconds."""
    rng = random.Random(seed)  # noqa: S311
    return Voice(tuple(_phrase(pitch_hz, rng.randint(3, 11), rng) for _ in range(phrases)))


def _phrase(pitch_hz: float, syllables: int, rng: random.Random) -> Samples:
    parts = []
    for number in range(syllables):
        # The melody falls towards the end of a phrase, with an accent here and there.
        fall = 1.15 - 0.3 * number / max(1, syllables - 1)
        accent = 1.12 if rng.random() < 0.3 else 1.0
        parts.append(_syllable(pitch_hz * fall * accent, rng))
        if rng.random() < 0.2:
            parts.append(np.zeros(int(RATE * rng.uniform(0.02, 0.06))))
    sound = np.concatenate(parts)
    loudest = float(np.abs(sound).max()) or 1.0
    return np.asarray(sound * (_LOUDNESS / loudest), dtype=np.int16)


def _syllable(pitch_hz: float, rng: random.Random) -> npt.NDArray[np.float64]:
    seconds = rng.uniform(0.12, 0.26)
    time = np.arange(int(RATE * seconds)) / RATE
    formants = rng.choice(_VOWELS)
    harmonics = np.arange(1, int(3600 / pitch_hz) + 1)
    weights = sum(
        np.exp(-(((harmonics * pitch_hz - centre) / (90 + 0.06 * centre)) ** 2)) / (1 + place)
        for place, centre in enumerate(formants)
    )
    glide = 1 + rng.uniform(-0.05, 0.05) * time / seconds
    phase = 2 * np.pi * pitch_hz * time * glide
    voiced = (weights[:, None] * np.sin(harmonics[:, None] * phase)).sum(axis=0)
    envelope = np.minimum(1, time / 0.025) * np.minimum(1, (seconds - time) / 0.05)
    breath = np.random.default_rng(rng.getrandbits(32)).normal(0, 0.15, len(time))
    onset = np.exp(-time / 0.015) * (rng.random() < 0.6)
    return np.asarray(voiced * envelope + breath * onset, dtype=np.float64)


def plan(seconds: float, joined: float | None, client: Voice, operator: Voice, seed: str) -> list[Turn]:
    """Who speaks when: the client says hello; once the operator is there (`joined`, s) they take turns."""
    rng = random.Random(seed)  # noqa: S311
    turns: list[Turn] = []
    hello = min(range(len(client.phrases)), key=lambda one: len(client.phrases[one]))
    at = rng.uniform(0.1, 0.3)
    while not turns or at < (seconds if joined is None else joined):
        turns.append(Turn(at, True, (hello,)))
        at = _after(turns[-1], client) + rng.uniform(1.5, 2.5)
    if joined is None:
        return turns
    at = max(joined, _after(turns[-1], client)) + 0.2
    clients = False
    while at < seconds:
        voice = client if clients else operator
        turns.append(_turn(at, clients, voice, rng.randint(1, 2 if clients else 3), rng))
        at = _after(turns[-1], voice) + rng.uniform(0.2, 0.8)
        clients = not clients
    return turns


def _turn(at: float, clients: bool, voice: Voice, most: int, rng: random.Random) -> Turn:
    return Turn(at, clients, tuple(rng.randrange(len(voice.phrases)) for _ in range(most)))


def _after(turn: Turn, voice: Voice) -> float:
    return turn.at + sum(len(voice.phrases[one]) for one in turn.phrases) / RATE


def sound(frames: int, turns: Sequence[Turn], voice: Voice, *, clients: bool) -> Samples:
    """One side of a conversation: its turns on a line that hisses a little."""
    hiss = np.random.default_rng(1).normal(0, _HISS, RATE).astype(np.int16)
    side = np.resize(hiss, frames)
    for turn in turns:
        at = int(turn.at * RATE)
        for number in turn.phrases if turn.client == clients else ():
            phrase = voice.phrases[number]
            room = frames - at
            if room <= 0:
                break
            side[at : at + room] = _laid(side[at : at + room], phrase[:room])
            at += len(phrase)
    return side


def _laid(under: Samples, phrase: Samples) -> Samples:
    under[: len(phrase)] = phrase
    return under
