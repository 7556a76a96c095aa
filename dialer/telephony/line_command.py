"""`dialer lines`: what the command does, with a daemon running or without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from dialer.store.engine import Store
from dialer.store.errors import StoreInUse
from dialer.telephony import line_orders, policies
from dialer.telephony.line_orders import LineOrder
from dialer.telephony.policies import Person
from dialer.telephony.policy import SERVICE, Policy

WAIT_S = 5.0
_AT_MACHINE = Person(id=None, name="command line")


async def carry_out(url: str, order: LineOrder, now: datetime, *, wait_s: float = WAIT_S) -> str:
    """Do it in the store, or leave it to the daemon that has the store open; gives what is so now.

    Raises TimeoutError where a daemon did not take the order, OSError where it could not be left.
    """
    named = f"line {order.line}" if order.line else "all dialling"
    done = f"{named}: {'stopped' if order.action == 'stop' else 'goes on'}"
    try:
        store = await Store.open(url, wait_s=0.0)
    except StoreInUse:
        await _leave(line_orders.place(Path(url.removeprefix("sqlite:///"))), order, wait_s)
        return done
    try:
        await store.migrate()
        act = policies.stop if order.action == "stop" else policies.resume
        await store.write(lambda conn: act(conn, order.line, _AT_MACHINE, now))
    finally:
        await store.close()
    return f"{done} (no daemon is running)"


async def _leave(path: Path, order: LineOrder, wait_s: float) -> None:
    line_orders.leave(path, order)
    until = time.monotonic() + wait_s
    while await asyncio.to_thread(path.exists):
        if time.monotonic() >= until:
            line_orders.done(path)  # nobody takes an old order up days later
            raise TimeoutError
        await asyncio.sleep(0.05)


async def standing(url: str, lines: Iterable[str]) -> list[str]:
    """One row for the whole service and for each line. Raises `StoreInUse`: a running daemon shows it itself."""
    store = await Store.open(url, wait_s=0.0)
    try:
        await store.migrate()
        found = await store.read(policies.load_all)
    finally:
        await store.close()
    return [f"{name or 'all dialling'}: {_said(found.get(name, Policy()))}" for name in (SERVICE, *lines)]


def _said(policy: Policy) -> str:
    if not policy.stopped or policy.stopped_at is None:
        return "on"
    return f"stopped by {policy.stopped_by}, {policy.stopped_at:%Y-%m-%d %H:%M} UTC"
