"""What a test of faults knows by itself: whom Asterisk rang, and which chance it was."""

from __future__ import annotations

import os
import random
from typing import Any

from tests.rig.asterisk import AsteriskServer
from tests.rig.wire import Message, RawAmi

Json = dict[str, Any]


def seed_of_this_run() -> int:
    """Another one each time, told in the output; FAULT_SEED repeats one."""
    seed = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(10**6))
    print(f"\nFAULT_SEED={seed}")
    return seed


class Oracle:
    """Asterisk's own word on who was rung."""

    def __init__(self, asterisk: AsteriskServer) -> None:
        self._asterisk = asterisk
        self._made: list[str] = []
        self._numbers: dict[str, str] = {}
        self._read = 0
        self._ami: RawAmi | None = None
        self.open()

    def open(self) -> None:
        """Listen; again after Asterisk was restarted, when what it said before its end is taken in first."""
        if self._ami is not None:
            self.look()
            self._ami.close()
        self._ami = RawAmi()
        self.ami.login(self._asterisk.accounts.ami)
        self._read = 0

    @property
    def ami(self) -> RawAmi:
        assert self._ami is not None
        return self._ami

    def close(self) -> None:
        self.ami.close()

    def look(self, seconds: float = 0.05) -> None:
        """Take in what Asterisk said, and says for so long."""
        self.ami.drain(seconds)
        for message in self.ami.seen[self._read :]:
            self._hear(message)
        self._read = self.ami.mark

    def _hear(self, message: Message) -> None:
        if message.get("Event") == "Newchannel" and message["Channel"].startswith("PJSIP/trunk"):
            self._made.append(message["Uniqueid"])
        elif message.get("Event") == "DialBegin" and message["DestChannel"].startswith("PJSIP/trunk"):
            self._numbers[message["DestUniqueid"]] = message["DialString"].partition("@")[0]

    def heard(self, event: str, leg: str) -> Message:
        """An event of this leg, if need be waited for."""
        found = self.ami.event(event, Uniqueid=leg)
        self.look()
        return found

    def rings(self, number: str) -> int:
        """How many channels were made for this number."""
        self.look()
        return [self._numbers.get(leg) for leg in self._made].count(number)

    @property
    def all_rings(self) -> int:
        """How many channels were made towards the trunk at all."""
        return len(self._made)
