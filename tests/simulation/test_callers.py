"""People who call in: only where somebody could take the call, and in their own rhythm."""

from __future__ import annotations

import itertools
import random
import re

from dialer.simulation.callers import Callers, InboundTraffic, Rhythm
from tests.simulation.replay import World

KNOWN = ("+79161234567", "")
WHO = Callers(dialled="+74950000001", known=(KNOWN,), unknown="+7999555####", unknown_share=0.5)


def traffic(world: World) -> InboundTraffic:
    rhythm = Rhythm(least_s=60, most_s=90, patience_s=20)
    return InboundTraffic(lambda: world.exchange, world.clock, [WHO], rng=random.Random(1), rhythm=rhythm)


def logged_in(*, session: bool) -> World:
    world = World(1, "")
    said = "Action: Login\r\nUsername: callwright\r\nSecret: ********\r\n\r\n"
    if session:
        said += "Action: Originate\r\nChannel: PJSIP/op301\r\nContext: callwright-session\r\nExten: s\r\n"
        said += "ChannelId: S1\r\n\r\n"
    world.manager.feed(said.encode())
    return world


def offers(world: World) -> list[float]:
    return [one.at for one in world.sent if one.get("UserEvent") == "CallwrightInbound"]


def test_nobody_calls_where_no_operator_is() -> None:
    world = logged_in(session=False)
    traffic(world).start()
    world.clock.run(1000)
    assert offers(world) == []


def test_calls_come_in_their_rhythm() -> None:
    world = logged_in(session=True)
    calls = traffic(world)
    calls.start()
    world.clock.run(1000)
    came = offers(world)
    assert 11 <= len(came) <= 16
    assert all(60 <= later - earlier <= 90 for earlier, later in itertools.pairwise(came))
    numbers = {one.get("CallerIDNum") for one in world.sent if one.get("UserEvent") == "CallwrightInbound"}
    assert KNOWN[0] in numbers and len(numbers) > 2
    assert all(number == KNOWN[0] or re.fullmatch(r"\+7999555\d{4}", number) for number in numbers)
    calls.stop()
    world.clock.run(1000)
    assert offers(world) == came


def test_a_busy_operator_is_left_in_peace() -> None:
    world = logged_in(session=True)
    world.manager.feed(
        b"Action: Originate\r\nChannel: PJSIP/+79161110200@trunk\r\nContext: callwright-client\r\nExten: s\r\n"
        b"ChannelId: C1\r\nVariable: CW_CALL=C1\r\n\r\n"
    )
    world.clock.run(1)
    world.manager.feed(b"Action: Bridge\r\nChannel1: C1\r\nChannel2: S1\r\n\r\n")
    traffic(world).start()
    world.clock.run(600)
    assert offers(world) == []
    world.manager.feed(b"Action: Hangup\r\nChannel: C1\r\n\r\n")
    world.clock.run(100)
    assert len(offers(world)) >= 1
