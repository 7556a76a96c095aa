"""The outbound path at the desk, over a PBX in memory."""

from __future__ import annotations

import pytest

from dialer.desk.service import DeskRefused
from dialer.desk.view import DeskState
from dialer.scripts.run import Give
from tests.desk.conftest import Office


async def test_one_call_from_next_to_save(office: Office) -> None:
    await office.add_clients(2)
    room = await office.seated("maria")
    desks = office.desks
    view = await office.press(room, desks.verbs.next)
    assert view.state is DeskState.PREVIEW
    assert view.work is not None and view.work.run is not None
    assert view.work.run.block.text
    view = await office.press(room, lambda r: desks.verbs.dial(r, None))
    assert view.state is DeskState.DIALLING
    call = office.pbx.dialled[0].call
    office.pbx.rings(call)
    await office.settled(room, lambda v: v.state is DeskState.RINGING)
    office.pass_time(seconds=3)
    office.pbx.client_waits(call)
    view = await office.settled(room, lambda v: v.work.call.state == "bridged")  # type: ignore[union-attr]
    assert view.state is DeskState.TALKING
    assert ("bridge", call) in office.pbx.orders
    assert view.work is not None and view.work.run is not None
    first = view.work.run
    office.pass_time(seconds=5)
    answer = first.block.answers[0].id
    view = await office.press(room, lambda r: desks.verbs.step(r, first.step, Give(answer=answer)))
    assert view.work is not None and view.work.run is not None
    assert view.work.run.step == first.step + 1
    with pytest.raises(DeskRefused, match="still_talking"):
        await office.press(room, lambda r: desks.verbs.save(r, True))
    office.pbx.client_hangs_up(call)
    view = await office.settled(room, lambda v: v.state is DeskState.WRAPUP)
    assert view.work is not None and view.work.call is not None
    assert view.work.call.ended_by == "client"
    await office.press(room, lambda r: desks.verbs.draft(r, {"disposition": "refused_no_need"}, "note"))
    finished = view.work.id
    view = await office.press(room, lambda r: desks.verbs.save(r, True))
    assert view.state is DeskState.PREVIEW
    assert view.work is not None and view.work.id != finished
    assert view.today.calls == 1


async def test_a_result_is_obligatory(office: Office) -> None:
    await office.add_clients(1)
    room = await office.seated("maria")
    await office.press(room, office.desks.verbs.next)
    with pytest.raises(DeskRefused, match="disposition_missing"):
        await office.press(room, lambda r: office.desks.verbs.save(r, True))
