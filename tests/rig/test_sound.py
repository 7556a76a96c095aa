"""The ears of the rig: a clock voice is read back to a few milliseconds from any cut, in noise, through A-law."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rig.sound import Clock, a_law, clock_voice, moments_apart

RATE = 8000
VOICE = clock_voice(RATE)


@settings(max_examples=15, deadline=None)
@given(
    began=st.floats(0, 59.9),
    silence=st.floats(0, 0.5),
    noise=st.floats(0, 0.05),
    level=st.floats(0.05, 1),
)
@example(began=5.5, silence=0.4375, noise=0.03125, level=1.0)
@example(began=40.046489400304495, silence=0.25, noise=0.03125, level=1.0)
@example(began=1.5, silence=0.4921875, noise=0.0078125, level=1.0)
def test_any_cut_of_the_voice_tells_its_moment(
    began: float, silence: float, noise: float, level: float
) -> None:
    first = round(began * RATE)
    piece = np.concatenate([VOICE, VOICE])[first : first + 5 * RATE] * level
    quiet = np.zeros(round(silence * RATE))
    sound = np.concatenate([quiet, piece])
    sound += np.random.default_rng(first).normal(0, noise * level, len(sound))
    heard, _ = soundfile.read(
        io.BytesIO(a_law(sound)), format="RAW", subtype="ALAW", samplerate=RATE, channels=1
    )
    clock = Clock.listen(heard, RATE)
    assert len(clock.ticks) >= 4
    for position in np.arange(0.6, 5, 0.7):
        truth = first / RATE + position - len(quiet) / RATE
        assert abs(moments_apart(clock.moment(position), truth % 60)) < 0.01


def test_what_is_no_clock_voice_has_no_ticks() -> None:
    rng = np.random.default_rng(1)
    for sound in (np.zeros(RATE * 3), rng.normal(0, 0.3, RATE * 3), VOICE[:RATE]):
        assert Clock.listen(sound, RATE).ticks == ()
