"""Processes under measurement: started, heard until they are ready, ended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.office import LINE, NUMBER, add_campaign, add_clients, add_operators
from dialer.auth.model import User
from dialer.store.engine import Store

START_S = 30.0
STOP_S = 20.0


@asynccontextmanager
async def started(*command: str) -> AsyncIterator[str]:
    """A Python process, from its first line of output, which is given, until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            line = (await process.stdout.readline()).decode().strip()
        if not line:
            raise SystemExit(f"{command} said nothing")
        yield line
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_S):
            await process.wait()


async def filled(folder: Path, *, operators: int, clients: int) -> list[User]:
    """A store for the daemon: operators who are logged in, and a campaign that answers calls from outside."""
    store = await Store.open(f"sqlite:///{folder}/store.db")
    try:
        await store.migrate()
        now = datetime.now(UTC)
        campaign_id = await add_campaign(store, now)
        await add_clients(store, clients, campaign_id, now)
        await add_campaign(store, now, inbound=True)
        return await add_operators(store, operators, now)
    finally:
        await store.close()


@asynccontextmanager
async def daemon(folder: Path, ami_port: int) -> AsyncIterator[int]:
    """`dialer serve` over the store in `folder`; its HTTP port."""
    config = configured(folder, ami_port)
    async with started("-m", "dialer", "--config", str(config), "serve") as ready:
        yield int(ready.rsplit(":", 1)[1])


def configured(folder: Path, ami_port: int, secret: str = "secret") -> Path:
    """A configuration over the store in `folder`."""
    config = folder / "dialer.toml"
    config.write_text(
        f"""
log_level = "WARNING"
[http]
port = 0
[store]
url = "sqlite:///{folder}/store.db"
[pbx]
port = {ami_port}
secret = "{secret}"
[recordings]
source = "{folder}/monitor"
kept = "{folder}/kept"
[lines.{LINE}]
dial = "PJSIP/{{number}}@trunk"
region = "RU"
capacity = 1000
called = ["{NUMBER}"]
"""
    )
    (folder / "monitor").mkdir()
    return config
