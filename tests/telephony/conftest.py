"""A shelf of recordings for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fresh_store import fresh_store
from tests.telephony.studio import Shelf


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    store = await fresh_store(tmp_path / "store.db")
    yield Shelf(store=store, kept=tmp_path / "kept", source=tmp_path / "monitor")
    await store.close()
