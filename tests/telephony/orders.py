"""Other orders in which the same events may come: what Asterisk keeps in order stays so, the rest is shuffled."""

from __future__ import annotations

import random
from collections import defaultdict

from dialer.ami.messages import Message
from dialer.ami.translate import translate
from dialer.telephony.model import PbxEvent

# Told by somebody else than the channel itself, so they come before or after its own events as they please.
APART = frozenset({"OriginateResponse", "DialEnd", "MixMonitorStart", "UserEvent"})


def strands(messages: list[Message]) -> list[list[PbxEvent]]:
    """The events as strands, each of which keeps its order."""
    found: dict[tuple[str, str], list[PbxEvent]] = defaultdict(list)
    for message in messages:
        event = translate(message, 0.0) if message.name else None
        if event is not None:
            found[event.leg, message.name if message.name in APART else ""].append(event)
    return list(found.values())


def shuffled(strands_: list[list[PbxEvent]], rng: random.Random) -> list[PbxEvent]:
    """One order of all events that keeps each strand's own."""
    tickets = [number for number, strand in enumerate(strands_) for _ in strand]
    rng.shuffle(tickets)
    rest = [iter(strand) for strand in strands_]
    return [next(rest[number]) for number in tickets]
