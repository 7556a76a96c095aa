"""Finds every room's tables. A room registers its tables by having a `tables.py`; nobody keeps a list."""

from __future__ import annotations

import importlib
from pathlib import Path

from sqlalchemy import MetaData

import dialer
from dialer.store import outbox as _own_tables  # noqa: F401 - the store's own
from dialer.store.schema import metadata


def whole_metadata() -> MetaData:
    """The metadata with the tables of all rooms in it."""
    for package in dialer.__path__:
        for found in sorted(Path(package).glob("*/tables.py")):
            importlib.import_module(f"dialer.{found.parent.name}.tables")
    return metadata
