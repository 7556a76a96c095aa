"""The kill switch from the command line: an order left beside the store for the daemon that has it open.

Whoever may write there may write to the store itself, so that the file's place is its right.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

log = logging.getLogger(__name__)

MOST_BYTES = 4096


class LineOrder(Struct, frozen=True, kw_only=True):
    """`line` "" is the whole service."""

    action: Literal["stop", "resume"]
    line: str = ""
    hang_up: bool = False


def place(store: Path) -> Path:
    return store.with_name(store.name + ".lines-order")


def leave(path: Path, order: LineOrder) -> None:
    """Leave an order, whole or not at all. Raises OSError."""
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(msgspec.json.encode(order))
    draft.replace(path)


def take(path: Path) -> LineOrder | None:
    """The order that was left, if it is one and its writer is this daemon's own user or root."""
    try:
        with path.open("rb") as file:
            owner, raw = os.fstat(file.fileno()).st_uid, file.read(MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("line order not read: %s", error.strerror)
        return None
    if owner not in (0, os.geteuid()):
        log.warning("line order not taken: it is another user's file")
        return None
    try:
        return msgspec.json.decode(raw, type=LineOrder)
    except (msgspec.DecodeError, UnicodeDecodeError):
        log.warning("line order not taken: not of the right form")
        return None


def done(path: Path) -> None:
    """Tell who waits that the order was carried out."""
    path.unlink(missing_ok=True)
