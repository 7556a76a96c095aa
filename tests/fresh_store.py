"""A store with its tables made, in a moment: migrated once a run, and copied from then on."""

from __future__ import annotations

from pathlib import Path

from dialer.store import Store

_template = b""


async def fresh_store(path: Path) -> Store:
    """An open store in a new file, as a first start leaves it."""
    global _template
    if not _template:
        first = await Store.open(f"sqlite:///{path}")
        await first.migrate()
        await first.close()
        _template = path.read_bytes()
    path.write_bytes(_template)
    return await Store.open(f"sqlite:///{path}")
