"""How a virtual PBX ends: politely as in the capture, or without a word."""

from __future__ import annotations

from tests.simulation.replay import load, play
from tests.simulation.test_exchange import by_leg


def test_a_polite_stop_says_what_asterisk_said() -> None:
    capture = load("asterisk_stopped")
    world = play(capture)
    world.exchange.stop()
    assert by_leg(world.sent) == by_leg([one for one in capture.said if one.get("Event") != "Shutdown"])
    assert len(world.exchange) == 0


def test_a_killed_one_says_nothing() -> None:
    capture = load("asterisk_killed")
    world = play(capture)
    assert by_leg(world.sent) == by_leg(capture.said)
    before = len(world.sent)
    world.exchange.kill()
    world.clock.run(60)
    assert len(world.sent) == before
    assert len(world.exchange) == 0
