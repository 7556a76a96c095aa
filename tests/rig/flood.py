"""More events than any office makes: loops in the dialplan that say user events, and count what they said.

The events are such as the daemon understands (an operator's session is ready), of legs that it does not know, so
that each goes all the way through its reader. The account is the shipped one with `writetimeout` = 100 ms, the
strictest that Asterisk knows: who does not read for so long is dropped.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager

from tests.rig.asterisk import AsteriskServer
from tests.rig.wire import RawAmi

BURST = 100  # events a loop says before it rests
REST_S = 0.05
LOOPS = 11  # say 20,000 events a second together, where the machine lets them
_ACCOUNT = "flood"

_PLAN = (
    "[flood]\nexten => s,1,Answer()\n same => n,Set(SAID=0)\n same => n,While(1)\n"
    + " same => n,UserEvent(CallwrightSession,State: ready)\n" * BURST
    + f" same => n,Set(SAID=$[${{SAID}} + {BURST}])\n"
    " same => n,Set(GLOBAL(SAID_${UNIQUEID})=${SAID})\n"
    f" same => n,Wait({REST_S})\n same => n,EndWhile()\n"
    "[flood-rest]\nexten => s,1,Answer()\n same => n,Wait(3600)\n"
)


def prepare(asterisk: AsteriskServer) -> None:
    """Before its start: the loops, the modules that they need, an account that may start them."""
    asterisk.append("modules_local.conf", "load = app_while.so\nload = func_global.so\n")
    asterisk.append("extensions_local.conf", _PLAN)
    asterisk.append(
        "manager_local.conf",
        f"writetimeout = 100\n[{_ACCOUNT}](callwright-account)\nsecret = {asterisk.accounts.ami}\nread =\n",
    )


class Flood:
    """Loops that run from `rise` to `end`.

    No AMI session of ours stays between: Asterisk wakes each session for each event, also one that reads none, and
    an idle one costs it as much again as half of all else that an event takes (measured: 20 of 40 us).
    """

    def __init__(self, asterisk: AsteriskServer) -> None:
        self._asterisk = asterisk
        self._serial = itertools.count(1)
        self._loops: list[str] = []

    def rise(self, loops: int = LOOPS) -> None:
        """Begin so many loops more."""
        with self._session() as ami:
            self._begin(ami, loops)

    def _begin(self, ami: RawAmi, loops: int) -> None:
        for _ in range(loops):
            leg = f"flood-{next(self._serial)}"
            answer = ami.ask(
                "Originate",
                ("Channel", "Local/s@flood-rest/n"),
                ("Context", "flood"),
                ("Exten", "s"),
                ("Priority", "1"),
                ("Async", "true"),
                ("ChannelId", leg),
            )
            assert answer["Response"] == "Success", answer
            self._loops.append(leg)

    def said(self) -> int:
        """How many events the loops have said, by their own count."""
        return sum(map(int, re.findall(r"SAID_flood-\d+=(\d+)", self._asterisk.cli("dialplan show globals"))))

    def end(self) -> None:
        with self._session() as ami:
            while self._loops:
                ami.ask("Hangup", ("Channel", self._loops.pop()))

    @contextmanager
    def _session(self) -> Iterator[RawAmi]:
        ami = RawAmi()
        try:
            assert ami.login(self._asterisk.accounts.ami, _ACCOUNT)["Response"] == "Success"
            yield ami
        finally:
            ami.close()
