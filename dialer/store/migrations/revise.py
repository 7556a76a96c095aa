"""Writes a migration from the difference between the tables in the code and those that migrations make.

    python -m dialer.store.migrations.revise "calls know their line"

What it writes is a draft: read it before it is committed.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from dialer.store.migrations.rooms import whole_metadata
from dialer.store.migrations.upgrade import VERSIONS, configuration, upgrade


def revise(message: str) -> None:
    """Writes `versions/NNNN_<message>.py`; one that does nothing when nothing differs."""
    whole_metadata()
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(file))
        with engine.connect() as connection:
            connection.begin()
            upgrade(connection)
            command.revision(configuration(connection), message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("message")
    revise(parser.parse_args().message)
