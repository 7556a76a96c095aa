"""Alembic, run as a unit of work: all migrations and their mark in one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

FOLDER = Path(__file__).parent
VERSIONS = FOLDER / "versions"


def upgrade(connection: Connection, to: str = "head") -> None:
    """Brings the tables behind this connection, which is in a transaction, forward to a revision."""
    command.upgrade(configuration(connection), to)


def configuration(connection: Connection) -> Config:
    """Alembic's settings for this connection; there is no file of them."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config
