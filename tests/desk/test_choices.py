"""Which campaigns an operator may choose from, and in which order."""

from __future__ import annotations

from dialer.auth.model import User
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.desk.choices import KnownCampaigns, choices_of
from tests.desk.conftest import Office


def campaign(id: int, language: str = "ru", **more: object) -> Campaign:
    values = {"name": f"C{id}", "language": language, "line": "main", "dispositions": OUTBOUND} | more
    return Campaign(id=id, **values)  # type: ignore[arg-type]


def chosen(user: User, *campaigns: Campaign, members: dict[int, set[int]] | None = None) -> list[int]:
    known = KnownCampaigns(campaigns=list(campaigns), members=members or {}, pools={1: {"waiting": 7}})
    return [choice.id for choice in choices_of(known, user)]


async def test_who_may_choose_what(office: Office) -> None:
    user = await office.operator("maria")
    first = campaign(1)
    assert chosen(user, first, campaign(2, status="paused"), campaign(3, kind="inbound")) == [1]
    assert chosen(user, first, campaign(2), members={1: {user.id + 1}, 2: {user.id}}) == [2]
    assert chosen(user, campaign(1, "en"), campaign(2), campaign(3, "en"), campaign(4)) == [2, 4, 1, 3]


async def test_a_count_that_changed_comes_to_every_idle_page(office: Office) -> None:
    rooms = [await office.seated(login, in_session=False) for login in ("maria", "anna")]
    await office.add_clients(3)
    before = [room.seq for room in rooms]
    await office.desks.rooms.refresh()
    for room, seq in zip(rooms, before, strict=True):
        assert room.seq == seq + 1
        assert [c.waiting for c in office.desks.rooms.view(room).campaigns] == [3]
    await office.desks.rooms.refresh()
    assert [room.seq for room in rooms] == [seq + 1 for seq in before]
