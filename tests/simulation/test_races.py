"""Any orders at any moments: no channel is left over, and each tells its story to the end exactly once."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.replay import Said, World

CLIENTS, OPERATORS = ["C1", "C2", "C3"], ["S1", "S2"]
LEGS = [*CLIENTS, *OPERATORS]
CONTEXTS = [
    "callwright-inbound-ring s", "callwright-client s", "callwright-fallback s", "nowhere s", "callwright-hold s",
    "callwright-third s", "callwright-session s", "callwright-room client", "callwright-room operator",
    "callwright-room third", "callwright-listen listen", "callwright-listen barge",
]  # fmt: skip

PATIENT = {"callwright-session", "callwright-hold", "callwright-listen"}  # they wait for an hour

legs, pauses = st.sampled_from(LEGS), st.sampled_from([0.0, 0.0005, 0.002, 0.1, 0.2, 1.0, 6.0])
numbers = st.sampled_from([f"+79161110{end}" for end in ("200", "201", "202", "404", "408", "486", "503")])
steps = st.one_of(
    st.tuples(st.just("dial"), st.sampled_from(CLIENTS), numbers),
    st.tuples(st.just("session"), st.sampled_from(OPERATORS), st.sampled_from(["op301", "op302", "op303"])),
    st.tuples(st.just("bridge"), legs, legs),
    st.tuples(st.just("gather"), legs, legs),
    st.tuples(st.just("hangup"), legs, st.just("")),
    st.tuples(st.just("redirect"), legs, st.sampled_from(CONTEXTS)),
    st.tuples(st.just("mute"), legs, st.sampled_from(["on", "off"])),
    st.tuples(st.just("call in"), st.just(""), st.just("")),
    st.tuples(st.just("take"), st.just(""), st.sampled_from(CONTEXTS)),
)


def send(world: World, *lines: str) -> None:
    world.manager.feed(("\r\n".join(lines) + "\r\n\r\n").encode())


def do(world: World, what: str, leg: str, how: str) -> None:
    ready = ("Exten: s", "Priority: 1", "Timeout: 5000", f"ChannelId: {leg}")
    match what:
        case "dial":
            recorded = (f"Variable: CW_CALL={leg}", "Variable: CW_RECORD=1")
            at = (f"Channel: PJSIP/{how}@trunk", "Context: callwright-client")
            send(world, "Action: Originate", *at, *ready, *recorded)
        case "session":
            at = (f"Channel: PJSIP/{how}", "Context: callwright-session")
            send(world, "Action: Originate", *at, *ready)
        case "bridge":
            send(world, "Action: Bridge", f"Channel1: {leg}", f"Channel2: {how}")
        case "hangup":
            send(world, "Action: Hangup", f"Channel: {leg}")
        case "redirect":
            context, exten = how.split()
            send(world, "Action: Redirect", f"Channel: {leg}", f"Context: {context}", f"Exten: {exten}")
        case "gather":
            place = ("Context: callwright-room", "Exten: third", "ExtraContext: callwright-room")
            send(
                world,
                "Action: Redirect",
                f"Channel: {leg}",
                f"ExtraChannel: {how}",
                *place,
                "ExtraExten: operator",
            )
        case "mute":
            send(world, "Action: Setvar", f"Channel: {leg}", "Variable: MUTEAUDIO(in)", f"Value: {how}")
        case "call in":
            world.exchange.call_in(number="+7", name="", dialled="+74951112233", patience_s=3.0, talk_s=2.0)
        case "take":
            for channel in [one for one in world.exchange if "." in one.id][:1]:
                do(world, "redirect", channel.id, how)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(pauses, steps), max_size=25),
    st.integers(0, 5),
    st.sampled_from(["", "op301", "op302", "op303", "op304", "op999"]),
)
def test_every_channel_ends_once(
    moves: list[tuple[float, tuple[str, str, str]]], seed: int, fallback: str
) -> None:
    world = World(seed, fallback)
    send(world, "Action: Login", "Username: callwright", "Secret: ********")
    for pause, move in moves:
        world.clock.run(pause)
        do(world, *move)
    world.clock.run(120)
    assert all(one.context in PATIENT or one.bridge is not None for one in world.exchange)
    for channel in list(world.exchange):
        if channel.alive:
            world.exchange.hangup(channel)
    assert len(world.exchange) == 0
    by_leg: dict[str, list[Said]] = defaultdict(list)
    for said in world.sent:
        if said.leg and said.get("Event") not in ("", "OriginateResponse"):
            by_leg[said.leg].append(said)
    for story in by_leg.values():
        check(story)


def check(story: list[Said]) -> None:
    """One id's events; an id may live again after its end."""
    names = [said.get("Event") for said in story]
    count = Counter(names)
    assert names[0] == "Newchannel"
    assert names[-1] == "Hangup"
    assert count["Newchannel"] == count["Hangup"]
    assert count["BridgeEnter"] == count["BridgeLeave"]
    for number, name in enumerate(names[:-1]):
        assert (name == "Hangup") == (names[number + 1] == "Newchannel"), names
