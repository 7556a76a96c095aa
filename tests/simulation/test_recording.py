"""Recordings of the virtual PBX: real WAV files of the right length that sound like two people."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dialer.simulation.recording import BLOCK, WavTape
from dialer.telephony import wav
from dialer.telephony.recordings import merge

CALL = "01JCW00000000000000000C001"


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[WavTape]:
    made = WavTape(tmp_path)
    yield made
    made.close()


def sides(folder: Path) -> tuple[wav.Samples, wav.Samples]:
    return wav.read(folder / f"{CALL}-in.wav")[1], wav.read(folder / f"{CALL}-out.wav")[1]


def loud(samples: wav.Samples) -> float:
    return float(np.sqrt((samples.astype(float) ** 2).mean()))


def test_the_header_is_zero_while_it_runs(tape: WavTape, tmp_path: Path) -> None:
    tape.start(CALL, 100.0)
    for side in ("in", "out"):
        head = (tmp_path / f"{CALL}-{side}.wav").read_bytes()
        assert len(head) == 44
        assert struct.unpack("<I", head[4:8]) + struct.unpack("<I", head[40:44]) == (0, 0)


def test_both_sides_last_as_long_as_the_call(tape: WavTape, tmp_path: Path) -> None:
    tape.start(CALL, 100.0)
    tape.join(CALL, 101.5)
    tape.part(CALL, 133.0)
    tape.end(CALL, 133.0)
    tape.close()
    finished = merge(tmp_path, tmp_path / "kept", CALL)
    assert finished.state == "ready"
    assert finished.duration_s == pytest.approx(33.0, abs=0.03)


def test_it_sounds_like_two_who_take_turns(tape: WavTape, tmp_path: Path) -> None:
    tape.start(CALL, 100.0)
    tape.join(CALL, 101.5)
    tape.end(CALL, 160.0)
    tape.close()
    heard, said = (
        np.abs(side[: len(side) // 1600 * 1600].reshape(-1, 1600)).max(axis=1) > 500
        for side in sides(tmp_path)
    )
    assert heard.mean() > 0.15 and said.mean() > 0.3
    assert (heard & said).mean() < 0.05, "hardly ever both at once"
    assert (~heard & ~said).mean() > 0.03, "with pauses"


def test_an_operator_is_heard_only_while_there_and_not_muted(tape: WavTape, tmp_path: Path) -> None:
    tape.start(CALL, 100.0)
    tape.join(CALL, 110.0)
    tape.mute(CALL, True, 120.0)
    tape.mute(CALL, False, 130.0)
    tape.part(CALL, 140.0)
    tape.end(CALL, 150.0)
    tape.close()
    _, said = sides(tmp_path)
    second = [loud(said[at * 8000 : (at + 10) * 8000]) for at in range(0, 50, 10)]
    assert second[0] < 100 and second[2] < 100 and second[4] < 100
    assert second[1] > 500 and second[3] > 500


def test_while_it_is_paused_neither_side_is_heard_and_time_goes_on(tape: WavTape, tmp_path: Path) -> None:
    tape.start(CALL, 100.0)
    tape.join(CALL, 100.0)
    tape.pause(CALL, True, 120.0)
    tape.pause(CALL, False, 130.0)
    tape.end(CALL, 150.0)
    tape.close()
    for side in sides(tmp_path):
        assert len(side) == 50 * 8000
        assert not side[20 * 8000 : 30 * 8000].any()
        assert loud(side[: 20 * 8000]) > 500 and loud(side[30 * 8000 :]) > 500


def test_what_dies_leaves_a_file_to_be_mended(tape: WavTape, tmp_path: Path) -> None:
    tape.start(CALL, 100.0)
    tape.join(CALL, 101.0)
    tape.lose(130.0)
    path = tmp_path / f"{CALL}-in.wav"
    side, _ = wav.read(path)
    assert side.repaired
    assert path.stat().st_size % BLOCK == 0
    assert 30 - 2.05 <= side.duration_s <= 30
    tape.end(CALL, 140.0)
    finished = merge(tmp_path, tmp_path / "kept", CALL)
    assert finished.state == "repaired"


def test_the_same_call_sounds_the_same(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        tape = WavTape(tmp_path / name)
        tape.start(CALL, 1.0)
        tape.end(CALL, 6.0)
        tape.close()
        found.append((tmp_path / name / f"{CALL}-in.wav").read_bytes())
    assert found[0] == found[1]
