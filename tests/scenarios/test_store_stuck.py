"""The store stands still while the PBX talks on: reading and tracking wait for nobody's disk."""

from __future__ import annotations

import asyncio
import threading
import time

from dialer.desk.view import DeskState
from dialer.telephony.model import CallState
from tests.desk.conftest import Office, office

__all__ = ["office"]

CALLS = 20
AT_ONCE_S = 0.5  # for forty events and a turn of the loop each, on a machine with other things to do


async def test_scenario_23_a_store_that_stands_still_holds_up_no_event(office: Office) -> None:
    await office.add_clients(CALLS)
    rooms = [await office.seated(f"operator{number}") for number in range(CALLS)]
    for room in rooms:
        await office.press(room, office.desks.verbs.next)
        await office.press(room, lambda r: office.desks.verbs.dial(r, None))
    legs = [order.call for order in office.pbx.dialled]
    begun, gate = threading.Event(), threading.Event()

    def stand_still(conn: object) -> bool:
        begun.set()
        return gate.wait(10)

    stuck = asyncio.create_task(office.store.write(stand_still))
    assert await asyncio.to_thread(begun.wait, 5)
    try:
        began = time.monotonic()
        for leg in legs:
            office.pbx.client_waits(leg)
            await asyncio.sleep(0)
        for leg in legs:
            office.pbx.client_hangs_up(leg)
            await asyncio.sleep(0)
        took_s = time.monotonic() - began
        live = office.switchboard.calls
        assert all(live[leg].state is CallState.ENDED for leg in legs), "known at once, written down or not"
        assert took_s < AT_ONCE_S
        assert not stuck.done(), "the store stood still all the while"
    finally:
        gate.set()
        await stuck
    for room in rooms:
        await office.settled(room, lambda view: view.state is DeskState.WRAPUP)
