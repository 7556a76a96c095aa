"""What holds recordings is open to nobody else, and a key is whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dialer.telephony.private import KeyUnfit, key_of, private_files, private_folder

KEY = bytes(range(32))


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_is_closed_whoever_made_it(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "kept"
    if there:
        folder.mkdir(mode=0o755)
    private_folder(folder)
    assert mode(folder) == 0o700


def test_files_left_readable_are_closed(tmp_path: Path) -> None:
    left = tmp_path / "call.wav"
    left.write_bytes(b"x")
    left.chmod(0o644)
    private_files(tmp_path)
    assert mode(left) == 0o600


def test_a_key_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "kept" / ".link-key"
    assert key_of(path, KEY) == KEY
    assert key_of(path, bytes(32)) == KEY
    assert (mode(path), mode(path.parent), os.listdir(path.parent)) == (0o600, 0o700, [".link-key"])


def test_what_a_crash_left_of_a_key_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".link-key.part").write_bytes(b"half")
    assert key_of(tmp_path / ".link-key", KEY) == KEY


@pytest.mark.parametrize("length", [0, 31])
def test_a_short_key_is_refused_with_the_mend(tmp_path: Path, length: int) -> None:
    path = tmp_path / ".link-key"
    path.write_bytes(bytes(length))
    with pytest.raises(KeyUnfit, match="remove it"):
        key_of(path, KEY)
