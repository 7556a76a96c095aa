"""Files as a PBX, a crash or a full disk leaves them: all playable, none longer or shorter than its sound."""

from __future__ import annotations

import io
import tempfile
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.telephony import wav
from dialer.telephony.recordings import merge

CALL = "01JCW0000000000000000C0001"
RATE = 8000


def file_of(frames: int, *, claimed: int | None = None, rate: int = RATE, seed: int = 1) -> bytes:
    """A mono file of noise; `claimed` is what its header says of the data's length."""
    samples = np.random.default_rng(seed).integers(-32768, 32768, frames).astype("<i2")
    head = wav.header(rate, 1, 2 * frames)
    if claimed is not None:
        head = head[:40] + claimed.to_bytes(4, "little")
    if claimed == 0:
        head = head[:4] + bytes(4) + head[8:]  # as Asterisk writes it while it records: both lengths are 0
    return head + samples.tobytes()


def frames_in(content: bytes) -> int:
    return max(len(content) - wav.HEADER, 0) // 2


@st.composite
def torn_files(draw: st.DrawFn) -> bytes:
    """One side as a crash leaves it: its header unfinished or never written, cut at any byte."""
    content = file_of(
        draw(st.integers(0, 4000)),
        claimed=draw(st.sampled_from([None, 0, 1, 2**32 - 1])),
        seed=draw(st.integers(0, 9)),
    )
    if draw(st.booleans()):
        content = content[: draw(st.integers(0, len(content)))]
    if draw(st.integers(0, 9)) == 0:
        content = (
            bytes(min(len(content), wav.HEADER)) + content[wav.HEADER :]
        )  # the disk never saw the header
    if draw(st.integers(0, 9)) == 0:
        content += b"\x7f"
    return content


def written(folder: Path, left: bytes | None, right: bytes | None) -> None:
    for side, content in (("out", left), ("in", right)):
        if content is not None:
            (folder / f"{CALL}-{side}.wav").write_bytes(content)


@settings(max_examples=500, deadline=None)
@pytest.mark.many
@given(left=torn_files() | st.none(), right=torn_files() | st.none())
@example(left=bytes(wav.HEADER) + b"\x7f", right=wav.header(RATE, 1, 2) + b"ab")
@example(
    left=wav.header(RATE, 1, 0)[:4] + bytes(4) + wav.header(RATE, 1, 0)[8:] + b"x",
    right=wav.header(RATE, 1, 2) + b"ab",
)
def test_scenario_39_whatever_is_left_of_two_sides_plays(left: bytes | None, right: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(folder, left, right)
        finished = merge(folder, folder / "kept", CALL)
        there = [content for content in (left, right) if content is not None]
        frames = max(map(frames_in, there), default=0)
        if not there:
            assert finished.state == "missing"
            return
        if frames == 0:
            assert (finished.state, finished.duration_s) == ("no_audio", 0.0)
            return
        assert finished.state in ("ready", "repaired")
        assert finished.duration_s == frames / RATE
        with wave.open(str(folder / "kept" / f"{CALL}.wav")) as strict:
            assert (strict.getnframes(), strict.getnchannels(), strict.getframerate()) == (frames, 2, RATE)
        other, rate = soundfile.read(folder / "kept" / f"{CALL}.wav", dtype="int16")
        assert (len(other), rate) == (frames, RATE)
        for column, content in enumerate((left, right)):
            sound = np.frombuffer(
                (content or b"")[wav.HEADER :][: 2 * frames_in(content or b"")], dtype="<i2"
            )
            assert np.array_equal(other[: len(sound), column], sound), "not a sample was changed"
            assert not other[len(sound) :, column].any(), "the shorter side ends in silence"
        assert (finished.state == "ready") == (len(there) == 2 and all(map(honest, there)))


def honest(content: bytes) -> bool:
    """Whether the file's own header says how much sound is in it; one that the disk never saw says nothing."""
    return content[:4] == b"RIFF" and content[40:44] == wav.header(RATE, 1, 2 * frames_in(content))[40:44]


@given(frames=st.integers(0, 50), odd=st.booleans(), claimed=st.none() | st.integers(0, 2**32 - 1))
def test_a_header_that_lies_is_said_to_be_repaired(frames: int, odd: bool, claimed: int | None) -> None:
    content = file_of(frames, claimed=claimed) + (b"\x01" if odd else b"")
    side = wav.inspect(content[: wav.HEADER], len(content))
    assert side.frames == frames
    assert side.repaired == (claimed not in (None, 2 * frames))


@pytest.mark.parametrize(
    "head",
    [
        b"OggS" + bytes(40),
        wav.header(RATE, 2, 0),
        b"RIFF" + bytes(4) + b"WAVEfmt " + b"\xff" * 28,
        wav.header(RATE, 1, 0)[:36] + b"LIST" + bytes(4),
        wav.header(0, 1, 0),
    ],
)
def test_what_is_no_plain_wav_is_refused(head: bytes) -> None:
    with pytest.raises(wav.NotWav):
        wav.inspect(head, 1000)


@given(st.binary(max_size=100), st.integers(0, 2**40))
def test_any_bytes_are_a_side_or_are_refused(head: bytes, size: int) -> None:
    try:
        side = wav.inspect(head[: wav.HEADER], max(size, len(head)))
    except wav.NotWav:
        return
    assert side.frames >= 0
    assert side.rate > 0


@given(st.lists(st.integers(-32768, 32767), max_size=300), st.integers(1, 50))
def test_the_outline_shows_the_loudest_of_each_part(samples: list[int], most: int) -> None:
    outline = wav.peaks(np.array(samples, dtype=np.int16), most)
    assert len(outline) == min(most, len(samples))
    loudest = max((min(abs(value), 32767) for value in samples), default=0)
    assert max(outline, default=0) == loudest * 255 // 32767


def test_our_own_header_is_what_the_standard_library_writes() -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(400))
    assert out.getvalue()[: wav.HEADER] == wav.header(RATE, 2, 400)
