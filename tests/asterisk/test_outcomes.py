"""Hundreds of originations with five outcomes, many at once: each comes to us as it went there.

One line leads over SIP back into the same Asterisk, where the dialplan draws each call's fate by its own chance and
says so to an AMI session that the product knows nothing of. On the other one sipp does what the number's digits say.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from dialer.ami.pbx import AsteriskPbx
from dialer.ami.settings import AsteriskSettings
from dialer.telephony.model import Call, CallState, InboundOffered, Outcome
from dialer.telephony.port import DialOrder
from dialer.telephony.switchboard import Switchboard
from dialer.telephony.tracker import outbound
from tests.contract.pbx_bench import new_id
from tests.rig import stage
from tests.rig.asterisk import SIP_PORT, AsteriskServer
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import far_end, network
from tests.rig.network import Network
from tests.rig.wire import Message, RawAmi

__all__ = ["far_end", "network"]

LONG = bool(os.environ.get("DIALER_LONG"))
BY_DIALPLAN = 10_000 if LONG else 600
OVER_TRUNK = 1_000 if LONG else 150
AT_ONCE = 100
RING_S = 2
DEADLINE_S = 1_200 if LONG else 90

_PLAN = """
[truth]
exten => _+X.,1,Set(FATE=${RAND(1,5)})
 same => n,UserEvent(Truth,Number: ${EXTEN},Fate: ${FATE})
 same => n,Goto(fate-${FATE},1)
exten => fate-1,1,Wait(0.${RAND(0,9)})
 same => n,Answer()
 same => n,Wait(0.${RAND(0,9)})
 same => n,Hangup(16)
exten => fate-2,1,Wait(0.${RAND(0,9)})
 same => n,Busy(2)
exten => fate-3,1,Wait(0.${RAND(0,9)})
 same => n,Congestion(2)
exten => fate-4,1,Ringing()
 same => n,Wait(60)
exten => fate-5,1,Hangup(1)
"""
_ACCOUNT = """
[truth]
secret = {secret}
permit = 127.0.0.1/255.255.255.255
read = user
write =
"""
# A way out that leads back in: what it calls is this Asterisk's own dialplan.
_LINE = f"""
[back]
type = endpoint
transport = transport-udp
context = truth
aors = back-aor
disallow = all
allow = alaw
direct_media = no
[back-aor]
type = aor
contact = sip:127.0.0.1:{SIP_PORT}
[back-identify]
type = identify
endpoint = back
match = 127.0.0.1
"""
FATES = {
    "1": Outcome.ANSWERED,
    "2": Outcome.BUSY,
    "3": Outcome.CONGESTION,
    "4": Outcome.NO_ANSWER,
    "5": Outcome.WRONG_NUMBER,
}
ENDINGS = {
    "202": Outcome.ANSWERED,
    "486": Outcome.BUSY,
    "503": Outcome.CONGESTION,
    "408": Outcome.NO_ANSWER,
    "404": Outcome.WRONG_NUMBER,
}


@pytest.fixture(scope="module")
def asterisk(network: Network) -> Iterator[AsteriskServer]:
    server = AsteriskServer()
    try:
        server.append("extensions_local.conf", _PLAN)
        server.append("pjsip_local.conf", _LINE)
        server.append("modules_local.conf", "load = func_rand.so\n")
        server.append("manager_local.conf", _ACCOUNT.format(secret=server.accounts.ami))
        server.start()
        yield server
    finally:
        server.remove()


@dataclass
class Calls:
    """What the switchboard makes of them; a listener."""

    board: Switchboard = field(default_factory=lambda: Switchboard("main"))
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: dict[str, asyncio.Event] = field(default_factory=dict)
    risen: list[str] = field(default_factory=list)  # that lived again after their end

    def __post_init__(self) -> None:
        self.board.listen(self)

    def call_changed(self, call: Call) -> None:
        if call.state is CallState.ENDED:
            self.over[call.id].set()
        elif self.over[call.id].is_set():
            self.risen.append(call.id)

    def pbx_changed(self, pbx: str, up: bool, reason: str) -> None:
        self.up.set()

    def client_ready(self, call_id: str) -> None: ...

    def session_changed(self, leg: str) -> None: ...

    def inbound_offered(self, pbx: str, event: InboundOffered) -> None:
        raise AssertionError("nobody calls in")

    def inbound_fell_back(self, call_id: str) -> None: ...

    def inbound_still_rings(self, call_id: str) -> None: ...

    async def dial_all(self, pbx: AsteriskPbx, line: str, numbers: list[str]) -> dict[str, str]:
        """Dial them, so many at once, to their ends; the number of each call."""
        room, dialled = asyncio.Semaphore(AT_ONCE), {}

        async def one(number: str) -> None:
            async with room:
                call = new_id()
                dialled[call], self.over[call] = number, asyncio.Event()
                self.board.expect(outbound(call))
                await pbx.dial(
                    DialOrder(
                        call=call, number=number, line=line, caller_id="", ring_timeout_s=RING_S, record=False
                    )
                )
                await self.over[call].wait()

        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*map(one, numbers))
        return dialled


async def outcomes(asterisk: AsteriskServer, line: str, numbers: list[str]) -> dict[str, Outcome]:
    """Of each number, when all calls are over and nothing lives any more."""
    calls = Calls()
    pbx = AsteriskPbx(
        AsteriskSettings(secret=asterisk.accounts.ami), calls.board.report, rng=random.Random(1)
    )
    await pbx.start()
    try:
        async with asyncio.timeout(10):
            await calls.up.wait()
        began = time.monotonic()
        dialled = await calls.dial_all(pbx, line, numbers)
        print(f"\n{len(dialled)} calls in {time.monotonic() - began:.1f} s")
        async with asyncio.timeout(10):
            while (await pbx.snapshot()).legs:  # the last far halves
                await asyncio.sleep(0.1)
    finally:
        await pbx.stop()
    assert calls.risen == [], "an end is an end"
    found = {}
    for call, number in dialled.items():
        outcome = calls.board.calls[call].outcome
        assert outcome is not None
        found[number] = outcome
    return found


@pytest.mark.timeout(DEADLINE_S + 60)
async def test_what_the_dialplan_did_is_what_we_say(asterisk: AsteriskServer) -> None:
    numbers = [f"+7916{n:07d}" for n in range(BY_DIALPLAN)]
    with RawAmi() as witness:
        witness.login(asterisk.accounts.ami, "truth")
        reading = asyncio.create_task(asyncio.to_thread(hear, witness, BY_DIALPLAN))
        found = await outcomes(asterisk, "PJSIP/{number}@back", numbers)
        truth = await reading
    assert set(truth) == set(found)
    wrong = {number: (truth[number], ours) for number, ours in found.items() if truth[number] is not ours}
    print(dict(Counter(truth.values())))
    assert not wrong, f"{len(wrong)} of {len(found)}: {list(wrong.values())[:10]}"
    assert len(found) == BY_DIALPLAN
    assert set(truth.values()) == set(FATES.values())


def hear(witness: RawAmi, count: int) -> dict[str, Outcome]:
    """The dialplan's own record, number by number."""
    truth: dict[str, Outcome] = {}

    def all_told(message: Message) -> bool:
        if message.get("UserEvent") == "Truth":
            truth[message["Number"]] = FATES[message["Fate"]]
        return len(truth) == count

    witness.wait_for(all_told, DEADLINE_S, "all that the dialplan did")
    return truth


@pytest.mark.timeout(DEADLINE_S + 60)
async def test_what_the_provider_did_is_what_we_say(asterisk: AsteriskServer, far_end: FarEnd) -> None:
    endings = list(ENDINGS)
    numbers = [f"+7916{n:04d}{endings[n % len(endings)]}" for n in range(OVER_TRUNK)]
    found = await outcomes(asterisk, stage.TRUNK, numbers)
    wrong = {number: ours for number, ours in found.items() if ENDINGS[number[-3:]] is not ours}
    assert not wrong
    assert len(found) == OVER_TRUNK
