"""A card number is said while the recording is paused: not a sound of it is in the file, and time is kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.asterisk.test_recording import Call
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import FarEnd, provider
from tests.rig.fixtures import ami, asterisk, network, phones
from tests.rig.network import Network
from tests.rig.sound import Samples, read_wav
from tests.rig.wire import RawAmi

__all__ = ["ami", "asterisk", "network", "phones"]

RATE = 8000
A_LAW_ZERO = 8 / 32768  # the least value that A-law has: its silence is not 0
LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477)
KEYS = "123456789*0#"
CARD = "4111111111111111"


def digits(text: str) -> Samples:
    """Keys as a phone sounds them in the voice band: 80 ms of two tones, 40 ms of silence."""
    t = np.arange(round(0.08 * RATE)) / RATE
    parts = []
    for key in text:
        row, column = divmod(KEYS.index(key), 3)
        pair = np.sin(2 * np.pi * LOW[row] * t) + np.sin(2 * np.pi * HIGH[column] * t)
        parts += [0.4 * pair, np.zeros(round(0.04 * RATE))]
    return np.concatenate(parts)


def of_keys(samples: Samples) -> float:
    """The share of full scale that sounds at the keys' own frequencies: what an eavesdropper would look for."""
    if not samples.size:
        return 0.0
    t = np.arange(samples.size) / RATE
    found = [abs(np.mean(samples * np.exp(-2j * np.pi * hz * t))) for hz in (*LOW, *HIGH)]
    return float(2 * max(found))


@pytest.fixture(scope="module")
def far_end(network: Network) -> Iterator[FarEnd]:
    """A client who says a card number without end."""
    client = provider(voice=np.concatenate([digits(CARD) for _ in range(5)]))
    yield client
    client.remove()


def sounds_into(sound: Samples, first: float, last: float) -> tuple[float, float]:
    """How far (s) sound reaches into a pause at its beginning, and out of its end."""
    loud = np.flatnonzero(np.abs(sound) > A_LAW_ZERO) / RATE
    middle = (first + last) / 2
    before, after = loud[loud < middle], loud[loud > middle]
    into = max(0.0, float(before[-1]) - first) if before.size else 0.0
    return into, max(0.0, last - float(after[0])) if after.size else 0.0


def paused(ami: RawAmi, call: Call, on: bool) -> float:
    since = ami.mark
    ami.ask("MixMonitorMute", ("Channel", call.id), ("Direction", "both"), ("State", "1" if on else "0"))
    return float(ami.event("MixMonitorMute", since=since, Uniqueid=call.id)["Timestamp"])


def test_no_sound_of_the_digits_in_a_recording_paused_for_them(
    asterisk: AsteriskServer, far_end: FarEnd, phones: FarEnd, ami: RawAmi
) -> None:
    call = Call(ami, asterisk, "+79161110200")
    call.bridge()
    ami.drain(1.0)
    windows = []
    for seconds in (1.4, 0.9):
        began = paused(ami, call, True)
        ami.drain(seconds)
        windows.append((began, paused(ami, call, False)))
        ami.drain(1.0)
    lasted = call.end()
    start = float(ami.event("MixMonitorStart", Uniqueid=call.id)["Timestamp"])
    for path in call.files():
        sound, _ = read_wav(path)
        assert len(sound) / RATE == pytest.approx(lasted, abs=0.2), "time is kept"
        before = 0.5
        for began, ended in windows:
            first, last = began - start, ended - start
            into, out = sounds_into(sound, first, last)
            print(
                f"{path.name}: sound {1000 * into:.0f} ms into the pause, {1000 * out:.0f} ms before its end"
            )
            # The digits were said from a guard (and a tenth) after the pause began, to as long before its end.
            said = sound[int((first + 0.1) * RATE) : int((last - 0.1) * RATE)]
            assert np.abs(said).max() <= A_LAW_ZERO, "energy in the window and its guards of 200 ms"
            around = sound[int(before * RATE) : int((first - 0.1) * RATE)]
            assert np.sqrt((around**2).mean()) > 0.05, "what was said before is there"
            if path.name.endswith("-in.wav"):
                assert of_keys(around[:800]) > 0.02 and of_keys(said) < A_LAW_ZERO
            before = last + 0.2


def test_who_comes_to_the_clients_place_again_is_recorded_into_further_files(
    asterisk: AsteriskServer, far_end: FarEnd, phones: FarEnd, ami: RawAmi
) -> None:
    call = Call(ami, asterisk, "+79161110200")
    call.bridge()
    ami.drain(1.0)
    since = ami.mark
    ami.ask(
        "Redirect", ("Channel", call.id), ("Context", "callwright-client"), ("Exten", "s"), ("Priority", "1")
    )
    again = float(ami.event("MixMonitorStart", since=since, Uniqueid=call.id)["Timestamp"])
    call.bridge()
    ami.drain(1.0)
    call.end()
    ended = float(ami.event("Hangup", Uniqueid=call.id)["Timestamp"])
    folder = call.files()[0].parent
    for name in (f"{call.id}-in.wav", f"{call.id}-2-in.wav", f"{call.id}-2-out.wav"):
        sound, _ = read_wav(folder / name)
        assert np.sqrt((sound[-RATE // 2 :] ** 2).mean()) > 0.05, name
    second, _ = read_wav(folder / f"{call.id}-2-in.wav")
    assert len(second) / RATE == pytest.approx(ended - again, abs=0.2)
