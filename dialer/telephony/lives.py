"""Which life of a PBX the store's calls belong to: its start, remembered across the daemon's own.

A PBX that was started anew gives out the same ids of channels again if its clock was set back; and no call of before
is alive, whatever its list says. A daemon that was away meanwhile can tell only by what the one before it saw.
"""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy import Connection, delete, insert, select

from dialer.store.engine import Store
from dialer.store.errors import StoreError
from dialer.telephony.port import Connected, Report, Sink
from dialer.telephony.switchboard import Switchboard
from dialer.telephony.tables import pbx_lives

log = logging.getLogger(__name__)


class Lives:
    """Stands before each switchboard; `tasks` are what is being written down."""

    def __init__(self, store: Store) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self._store = store
        self._known: dict[str, str] = {}

    async def load(self) -> None:
        self._known = await self._store.read(_load)

    async def stop(self) -> None:
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def before(self, board: Switchboard) -> Sink:
        """The sink of a PBX: its life is written down before any call of it can be."""
        board.started = self._known.get(board.name, "")

        def report(report: Report) -> None:
            if isinstance(report, Connected) and report.snapshot.started != self._known.get(board.name):
                self._known[board.name] = report.snapshot.started
                task = asyncio.create_task(self._write(board.name, report.snapshot.started))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            board.report(report)

        return report

    async def _write(self, pbx: str, started: str) -> None:
        try:
            await self._store.write(lambda conn: _keep(conn, pbx, started))
        except StoreError as error:
            log.warning("the start of pbx %s not written down: %s", pbx, error)
            self._known.pop(pbx, None)  # with the next connection again


def _load(conn: Connection) -> dict[str, str]:
    return {row.pbx: row.started for row in conn.execute(select(pbx_lives))}


def _keep(conn: Connection, pbx: str, started: str) -> None:
    conn.execute(delete(pbx_lives).where(pbx_lives.c.pbx == pbx))
    conn.execute(insert(pbx_lives), {"pbx": pbx, "started": started})
