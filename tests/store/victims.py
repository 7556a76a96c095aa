"""What the child processes of this folder's fault tests do. They end by a signal, or by returning."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerProcess
from typing import Any

from sqlalchemy import Connection

from dialer.store import Store, StoreUnavailable, outbox
from tests.contract.tables import Noted, add, ids, tested

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])  # a child starts in milliseconds: all is imported already


def start(target: Any, *args: Any) -> tuple[ForkServerProcess, Pipe]:
    """A child running `target(pipe, *args)`, and our end of the pipe."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=target, args=(theirs, *args), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _added_and_noted(n: int) -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        outbox.append(connection, Noted(n=n))
        return add(n)(connection)

    return work


def write_and_tell(pipe: Pipe, url: str, first: int) -> None:
    """Writes rows from many tasks for ever, and tells each number once the store acknowledged it."""

    async def main() -> None:
        store = await Store.open(url)
        await store.migrate()
        await store.write(lambda c: tested.create_all(c, checkfirst=True))
        numbers = iter(range(first, first + 10_000_000))

        async def one() -> None:
            for n in numbers:
                await store.write(_added_and_noted(n))
                pipe.send(n)

        await asyncio.gather(*(one() for _ in range(50)))

    asyncio.run(main())


def fill_a_small_disk(pipe: Pipe, url: str) -> None:
    """Writes until files may not grow any more, then lets them grow and writes on; tells what happened."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    async def main() -> None:
        store = await Store.open(url)
        await store.migrate()
        await store.write(tested.create_all)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
        written = 0
        try:
            for n in range(10_000):
                await store.write(add(n, "x" * 5000))
                written += 1
        except StoreUnavailable as error:
            pipe.send(("refused", written, str(error)))
        found = len(await store.read(ids))
        pipe.send(("still reads", found, store.trouble is not None))
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        pipe.send(("waits", 0, ""))
        async with asyncio.timeout(20):
            while store.trouble is not None:
                await asyncio.sleep(0.01)
        await store.write(add(99_999))
        pipe.send(("writes again", len(await store.read(ids)), ""))
        await store.close()

    asyncio.run(main())
