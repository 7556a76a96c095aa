"""The copy is what the original was, and whenever the process dies the file that the store names is whole."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.telephony import wav
from dialer.telephony.compression import Compressor, NotFaithful, compress, verify
from dialer.telephony.naming import stem
from tests.telephony.studio import NOW, RATE, Shelf, speech

DAY = timedelta(days=1)


def compressor(shelf: Shelf, *, originals: timedelta = timedelta()) -> Compressor:
    return Compressor(shelf.store, kept=shelf.kept, now=lambda: NOW, after=DAY, originals=originals)


def test_a_copy_is_as_long_to_the_frame_and_keeps_its_sides(tmp_path: Path) -> None:
    sound = speech(7.77)
    wav.write_stereo(tmp_path / "A.wav", RATE, sound)
    compress(tmp_path, "A")
    copy, rate = soundfile.read(tmp_path / "A.opus", dtype="int16")
    assert (copy.shape, rate) == (sound.shape, RATE)
    assert (tmp_path / "A.opus").stat().st_mode & 0o777 == 0o600
    for second in range(7):
        loud = [np.abs(copy[second * RATE + 800 : (second + 1) * RATE - 800, side]).mean() for side in (0, 1)]
        assert loud[second % 2] > 500 and loud[1 - second % 2] < 50, "nobody is heard on the other's side"


@settings(max_examples=15, deadline=None)
@given(
    frames=st.integers(1, 3 * RATE),
    seed=st.integers(0, 5),
    kind=st.sampled_from(["voice", "noise", "silence"]),
)
@example(frames=RATE + 1, seed=0, kind="voice")
@example(frames=RATE + 157, seed=0, kind="voice")
@example(frames=RATE + 17, seed=0, kind="noise")
@example(frames=2 * RATE + 800, seed=4, kind="voice")
@example(frames=2 * RATE + 1800, seed=4, kind="voice")
def test_any_length_of_any_sound_is_copied_faithfully(
    tmp_path_factory: pytest.TempPathFactory, frames: int, seed: int, kind: str
) -> None:
    folder = tmp_path_factory.mktemp("one")
    sound = speech(4, seed)[:frames]
    if kind == "noise":
        sound = np.random.default_rng(seed).integers(-4000, 4000, (frames, 2)).astype(np.int16)
    elif kind == "silence":
        sound = np.zeros((frames, 2), dtype=np.int16)
    wav.write_stereo(folder / "A.wav", RATE, sound)
    compress(folder, "A")
    assert soundfile.info(folder / "A.opus").frames == frames


@pytest.mark.parametrize("harm", ["shorter", "silent", "one side", "swapped"])
def test_a_copy_that_is_another_is_refused(tmp_path: Path, harm: str) -> None:
    sound = speech(5)
    wav.write_stereo(tmp_path / "A.wav", RATE, sound)
    other = sound.copy()
    if harm == "shorter":
        other = other[:-1]
    elif harm == "silent":
        other[2 * RATE : 3 * RATE] = 0
    elif harm == "one side":
        other[:, 1] = 0
    else:
        other = other[:, ::-1]
    soundfile.write(tmp_path / "B.wav", other, RATE)
    with pytest.raises(NotFaithful):
        verify(tmp_path / "A.wav", tmp_path / "B.wav")


def test_a_rate_that_opus_has_not_stays_as_it_is(tmp_path: Path) -> None:
    wav.write_stereo(tmp_path / "A.wav", 11025, speech(1))
    with pytest.raises(NotFaithful):
        compress(tmp_path, "A")
    assert [path.name for path in tmp_path.iterdir()] == ["A.wav"]


async def test_what_is_old_enough_is_compressed_and_the_original_goes(shelf: Shelf) -> None:
    await shelf.add("OLD", age=2 * DAY, numbers=2)
    await shelf.add("YOUNG", age=DAY / 2)
    assert await compressor(shelf).run() == 2
    assert shelf.names() == ["OLD-2.opus", "OLD.opus", "YOUNG.wav"]
    assert [(await shelf.row("OLD", number)).codec for number in (1, 2)] == ["opus", "opus"]


async def test_an_original_stays_as_long_as_it_is_to(shelf: Shelf) -> None:
    await shelf.add("A", age=2 * DAY)
    await compressor(shelf, originals=DAY).run()
    assert shelf.names() == ["A.opus", "A.wav"]
    later = Compressor(shelf.store, kept=shelf.kept, now=lambda: NOW + DAY, after=DAY, originals=DAY)
    await later.run()
    assert shelf.names() == ["A.opus"]


async def test_no_original_goes_whose_copy_is_gone(shelf: Shelf) -> None:
    await shelf.add("A", age=2 * DAY)
    await compressor(shelf, originals=DAY).run()
    (shelf.kept / "A.opus").unlink()
    await Compressor(shelf.store, kept=shelf.kept, now=lambda: NOW + DAY, after=DAY, originals=DAY).run()
    assert shelf.names() == ["A.wav"]


async def test_one_that_cannot_be_compressed_holds_up_no_other(shelf: Shelf) -> None:
    await shelf.add("A", age=2 * DAY)
    await shelf.add("B", age=2 * DAY)
    (shelf.kept / "A.wav").write_bytes(b"RIFF nonsense")
    assert await compressor(shelf).run() == 1
    assert shelf.names() == ["A.wav", "B.opus"]
    assert (await shelf.row("A")).codec == "wav"


VICTIM = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from dialer.store import Store
from dialer.telephony.compression import Compressor
from tests.telephony.studio import NOW
async def main():
    store = await Store.open("sqlite:///" + sys.argv[1])
    print("at work", flush=True)
    await Compressor(
        store, kept=Path(sys.argv[2]), now=lambda: NOW, after=timedelta(days=1), originals=timedelta()
    ).run()
    await store.close()
asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_killed_at_any_moment_no_sound_is_lost(shelf: Shelf, tmp_path: Path) -> None:
    """Until all are compressed: begun, killed a moment later, and looked at what the store says there is."""
    calls = [f"CALL{n}" for n in range(8)]
    for call_id in calls:
        await shelf.add(call_id, age=2 * DAY)
        shelf.write(call_id, seconds=20)
    await shelf.store.close()  # a store belongs to one process
    rng, kills = random.Random(7), 0
    while True:
        victim = await asyncio.create_subprocess_exec(
            sys.executable, "-c", VICTIM, str(tmp_path / "store.db"), str(shelf.kept),
            stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
        assert victim.stdout is not None
        await victim.stdout.readline()
        try:
            async with asyncio.timeout(rng.uniform(0.0, 0.6) if kills < 8 else 60):
                await victim.wait()
        except TimeoutError:
            victim.send_signal(signal.SIGKILL)
            await victim.wait()
            kills += 1
        shelf.store = await type(shelf.store).open(f"sqlite:///{tmp_path / 'store.db'}")
        codecs = {call_id: (await shelf.row(call_id)).codec for call_id in calls}
        for call_id, codec in codecs.items():
            file = shelf.kept / f"{stem(call_id, 1)}.{codec}"
            assert soundfile.info(file).frames == 20 * RATE, "what the store names is whole"
        if victim.returncode == 0:
            break
        await shelf.store.close()
    assert kills >= 3
    assert shelf.names() == [f"{call_id}.opus" for call_id in calls]
    assert set(codecs.values()) == {"opus"}
