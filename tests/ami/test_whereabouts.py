"""In which bridge each leg is, and who waits until it has left."""

from __future__ import annotations

import asyncio

import pytest

from dialer.ami.whereabouts import Stay, Whereabouts
from dialer.telephony.model import (
    LegAlone,
    LegBridged,
    LegEnded,
    LegUnbridged,
    LiveLeg,
    PbxEvent,
    SessionReady,
    Snapshot,
)
from dialer.telephony.port import Connected


def there(**legs: str) -> Whereabouts:
    where = Whereabouts()
    for leg, bridge in legs.items():
        where.hear(LegBridged(leg=leg, at=1.0, bridge=bridge, room=bridge == "room"))
    return where


def test_a_leg_is_where_it_went_last() -> None:
    where = there(client="b1", third="room")
    where.hear(LegBridged(leg="client", at=2.0, bridge="b2"))
    where.hear(LegUnbridged(leg="client", at=2.1, bridge="b1"))  # the word about the bridge before
    assert where.of("client", "third", "operator") == {
        "client": Stay("b2", False),
        "third": Stay("room", True),
    }
    where.hear(LegUnbridged(leg="client", at=2.2, bridge="b2"))
    where.hear(LegEnded(leg="third", at=2.3, cause=16))
    assert where.of("client", "third") == {}


def test_after_a_gap_the_snapshot_says_it() -> None:
    row = LiveLeg(
        leg="client", name="", up=True, bridge="b9", number="", context="callwright-room", since=0.0
    )
    where = there(client="b1", operator="b1")
    where.hear(Connected(snapshot=Snapshot(at=3.0, started="", legs=(row,))))
    assert where.of("client", "operator") == {"client": Stay("b9", True)}


async def test_who_waits_is_told_when_the_last_has_left() -> None:
    where = there(client="room", operator="room")
    waits = asyncio.create_task(where.left(where.of("client", "operator"), {}, 5.0))
    for leg in ("client", "operator"):
        await asyncio.sleep(0)
        assert not waits.done()
        where.hear(LegUnbridged(leg=leg, at=2.0, bridge="room"))
    assert await waits


async def test_a_leg_that_stays_is_not_waited_for_longer_than_said() -> None:
    where = there(client="b1")
    assert not await where.left(where.of("client"), {}, 0.01)
    assert await where.left(where.of("nobody"), {}, 0.0)


@pytest.mark.parametrize(
    "says",
    [
        SessionReady(leg="operator", at=2.2),
        LegAlone(leg="operator", at=2.2),
        LegEnded(leg="operator", at=2.2, cause=16),
        LegBridged(leg="operator", at=2.2, bridge="b2"),
    ],
)
async def test_who_is_left_behind_is_waited_for_until_he_says_where_he_is(says: PbxEvent) -> None:
    where = there(client="b1", operator="b1", another="b3")
    behind = where.left_behind("client")
    assert behind == {"operator": Stay("b1", False)}
    waits = asyncio.create_task(where.left(where.of("client"), behind, 5.0))
    for leg in ("client", "operator"):
        where.hear(LegUnbridged(leg=leg, at=2.0, bridge="b1"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waits.done()
    where.hear(says)
    assert await waits


def test_nobody_is_left_behind_in_a_room_or_by_those_who_go_together() -> None:
    assert there(client="room", operator="room").left_behind("client") == {}
    assert there(client="b1", operator="b1").left_behind("client", "operator") == {}
