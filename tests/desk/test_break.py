"""A break asked for with a client on the page: it begins when the client is done with."""

from __future__ import annotations

import pytest

from dialer.desk.service import DeskRefused
from dialer.desk.view import DeskState
from tests.desk.conftest import Office

REFUSED = {"disposition": "refused_no_need"}


async def test_a_break_in_mid_work_begins_after_the_client(office: Office) -> None:
    await office.add_clients(2)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    before = await office.press(room, verbs.next)
    assert not before.on_break
    office.pass_time(seconds=5)
    view = await office.press(room, lambda r: verbs.take_break(r, True))
    assert (view.state, view.on_break, view.since) == (DeskState.PREVIEW, True, before.since)
    await office.press(room, lambda r: verbs.draft(r, REFUSED, None))
    office.pass_time(seconds=5)
    view = await office.press(room, lambda r: verbs.save(r, True))
    assert (view.state, view.work, view.since) == (DeskState.BREAK, None, office.now)
    with pytest.raises(DeskRefused, match="on_break"):
        await office.press(room, verbs.next)
    view = await office.press(room, lambda r: verbs.take_break(r, False))
    assert (view.state, view.on_break) == (DeskState.READY, False)


async def test_a_break_taken_back_in_time_is_none(office: Office) -> None:
    await office.add_clients(2)
    room = await office.seated("maria")
    verbs = office.desks.verbs
    first = await office.press(room, verbs.next)
    await office.press(room, lambda r: verbs.take_break(r, True))
    view = await office.press(room, lambda r: verbs.take_break(r, False))
    assert (view.state, view.on_break) == (DeskState.PREVIEW, False)
    await office.press(room, lambda r: verbs.draft(r, REFUSED, None))
    view = await office.press(room, lambda r: verbs.save(r, True))
    assert view.state is DeskState.PREVIEW
    assert view.work is not None and first.work is not None and view.work.id != first.work.id
