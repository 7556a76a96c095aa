"""What a press over HTTP means for the desk: for which client it was meant, and what of a draft it changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from dialer.desk.model import Draft
from dialer.desk.room import Room
from dialer.desk.routes import BASE, DraftBody, _draft, is_over, operations
from dialer.desk.world import DeskRefused
from tests.desk.conftest import Office


@pytest.fixture
async def room(office: Office) -> Room:
    await office.add_clients(2)
    made = await office.seated("maria")
    await office.press(made, office.desks.verbs.next)
    return made


async def draft(office: Office, room: Room, body: dict[str, Any]) -> Draft:
    """A draft as JSON that comes over the wire, and what it made of the desk's."""
    assert room.desk.work is not None
    read = msgspec.json.decode(msgspec.json.encode({"work": room.desk.work.id} | body), type=DraftBody)
    await office.press(room, lambda r: _draft(office.desks, r, read))
    assert room.desk.work is not None
    return room.desk.work.draft


async def test_a_press_is_meant_for_one_client(office: Office, room: Room) -> None:
    assert room.desk.work is not None
    first = room.desk.work.id
    assert not is_over(room, first)
    for other in ("", "W", first[:-1]):
        with pytest.raises(DeskRefused, match="work_changed"):
            is_over(room, other)
    await draft(office, room, {"disposition": "sale"})
    await office.press(room, lambda r: office.desks.verbs.save(r, True))
    assert is_over(room, first), "saved already: a late press for it has nothing left to do"
    await draft(office, room, {"disposition": "sale"})
    second = room.desk.work.id
    await office.press(room, lambda r: office.desks.verbs.save(r, False))
    assert is_over(room, second)
    for gone in ("", first):
        with pytest.raises(DeskRefused, match="no_client"):
            is_over(room, gone)


async def test_what_is_left_out_of_a_draft_stays(office: Office, room: Room) -> None:
    await draft(office, room, {"disposition": "call_back", "comment": "words", "callback_minutes": 15})
    kept = await draft(office, room, {"comment": "other words"})
    assert kept == Draft(
        disposition="call_back", comment="other words", callback_at=office.now + timedelta(minutes=15)
    )
    assert (await draft(office, room, {})) == kept


async def test_null_clears(office: Office, room: Room) -> None:
    await draft(
        office, room, {"disposition": "call_back", "comment": "words", "callback_minutes": 15, "note": "n"}
    )
    cleared = await draft(
        office, room, {"disposition": None, "comment": None, "callback_at": None, "note": None}
    )
    assert cleared == Draft()
    assert room.desk.work is not None
    assert room.desk.work.note == ""


@pytest.mark.parametrize(("minutes", "meant"), [(15, 15), (0, 1), (-60, 1), (10**12, 60 * 24 * 365)])
async def test_minutes_count_from_now_by_the_servers_clock(
    office: Office, room: Room, minutes: int, meant: int
) -> None:
    kept = await draft(office, room, {"callback_minutes": minutes})
    assert kept.callback_at == office.now + timedelta(minutes=meant)


async def test_a_time_with_its_zone_is_a_moment(office: Office, room: Room) -> None:
    kept = await draft(office, room, {"callback_at": "2026-11-23T12:00:00+03:00"})
    assert kept.callback_at is not None
    assert kept.callback_at.isoformat() == "2026-11-23T12:00:00+03:00"


async def test_what_is_too_long_is_cut(office: Office, room: Room) -> None:
    kept = await draft(office, room, {"comment": "я" * 5000, "note": "ю" * 5000})
    assert room.desk.work is not None
    assert (len(kept.comment), len(room.desk.work.note)) == (2000, 2000)


async def test_a_result_of_another_campaign_is_refused(office: Office, room: Room) -> None:
    with pytest.raises(DeskRefused, match="disposition_unknown"):
        await draft(office, room, {"disposition": "inbound_done"})


async def test_every_verb_that_is_about_a_client_says_which(office: Office) -> None:
    about_no_client = {"session", "campaign", "break", "next", "leave", "rejoin", "resume"}
    for operation in operations(office.desks):
        if operation.method == "GET":
            continue
        verb = operation.path.removeprefix(f"{BASE}/")
        fields = {field.name for field in msgspec.structs.fields(operation.body)}  # type: ignore[arg-type]
        assert ("work" in fields) == (verb not in about_no_client), verb
