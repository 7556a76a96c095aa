"""The virtual PBX against what a real Asterisk said: the same flow, the same sequence for each channel."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from tests.simulation.replay import CAPTURES, Said, load, play

# What the shipped account can't see, or what no order of ours brings about.
OTHER_ACCOUNTS = {"login_too_many_rights", "login_too_few_rights"}
DYING = {"asterisk_killed", "asterisk_stopped"}  # tested by themselves
NOT_DONE = {
    "hold",  # simulated phones have no such button
    "control_hold_left_too_soon",  # the one enters a bridge and leaves it, for the other is not free yet
}
NO_FALLBACK = {"inbound_fallback_nobody", "inbound_rung_out", "inbound_we_hang_up"}
NAMES = sorted({path.stem for path in CAPTURES.glob("*.capture")} - OTHER_ACCOUNTS - DYING - NOT_DONE)
KEYS = (  # noqa: SIM905
    "Event Response ChannelState Context Exten Priority Cause Cause-txt TechCause DialStatus DialString Reason"
    " UserEvent State Call Dialled BridgeNumChannels CallerIDNum CallerIDName DestCallerIDNum DestCallerIDName"
    " DestExten DestChannelState DestContext Message Direction Privilege Status"
).split()
LATE = "OriginateResponse"  # may come anywhere among the events of its moment


def key(said: Said, ids: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """What must agree: the names of all headers in their order, and the values that mean something."""
    values = [(name, said.get(name)) for name in KEYS if name in said.names]
    if said.get("BridgeType") == "base":  # who of two comes into a room first is chance
        values = [(name, value) for name, value in values if name != "BridgeNumChannels"]
    values = [(name, re.sub("PJSIP/.*", "", value)) for name, value in values]  # a serial number
    values += [("Linkedid", ids.get(said.get("Linkedid"), said.get("Linkedid")))]
    return (("names", " ".join(said.names)), *values)


def by_leg(said: list[Said]) -> dict[str, list[tuple[tuple[str, str], ...]]]:
    """Each channel's own sequence; channels are numbered as they are born, ours keep their id."""
    ids: dict[str, str] = {}
    for one in said:
        leg = one.leg
        if leg and "." in leg:
            ids.setdefault(leg, f"inbound-{len(ids)}")
    legs = defaultdict(list)
    for one in said:
        if one.get("Event") and one.get("Event") not in ("FullyBooted", "CoreShowChannel", "Status", LATE):
            legs[ids.get(one.leg, one.leg)].append(key(one, ids))
    return dict(legs)


def late(said: list[Said]) -> list[tuple[tuple[str, str], ...]]:
    found = [(one.get("ActionID"), key(one, {})) for one in said if one.get("Event") == LATE]
    return [what for _, what in sorted(found)]


def answers(said: list[Said]) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    return [
        (one.get("ActionID"), key(one, {})) for one in said if one.get("Response") and not one.get("Event")
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NAMES)
def test_says_what_asterisk_said(name: str, seed: int) -> None:
    capture = load(name)
    virtual = play(capture, seed, "" if name in NO_FALLBACK else "op302").sent
    real_legs, legs = by_leg(capture.said), by_leg(virtual)
    assert list(legs) == list(real_legs)
    for leg, sequence in real_legs.items():
        assert legs[leg] == sequence, leg
    assert late(virtual) == late(capture.said)
    if name == "login_challenge":
        return  # the list of commands is compared by its names elsewhere
    assert answers(virtual) == answers(capture.said)
