"""Folders and files that hold what clients said: nobody's business but ours, also where they were made earlier."""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

KEY_BYTES = 32


class KeyUnfit(ValueError):
    """The key that signs links can't be used; the message says how to mend it."""


def private_folder(folder: Path) -> None:
    """Make it if need be, and let nobody else in. Raises OSError when it can't be made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _only_ours(folder, 0o700)


def private_files(folder: Path) -> None:
    """The same for the files of a folder that earlier releases left readable."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mode & 0o177:
                _only_ours(Path(entry.path), 0o600)


def settle(file: Path) -> None:
    """Let nobody else read a file, and let its name outlive a crash of the machine. Raises OSError."""
    _only_ours(file, 0o600)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def key_of(path: Path, made: bytes) -> bytes:
    """The key in a file; `made` is what a new one holds. Raises `KeyUnfit`, OSError.

    It is written beside and renamed: a file of that name is a whole key, whenever the machine dies.
    """
    if not path.exists():
        private_folder(path.parent)
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        settle(path)
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise KeyUnfit(
            f"{path}: a key of {KEY_BYTES} bytes is wanted, this has {len(key)}: remove it, a new one will be made"
        )
    _only_ours(path, 0o600)
    return key


def _only_ours(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 == mode:
        return
    try:
        path.chmod(mode)
    except PermissionError:  # somebody else's: they decide, but are told
        log.warning("others may read %s, and it is not ours to forbid: chmod %o", path, mode)
