"""Record what we never order but must survive: Local channels, transfers by others, a channel taken elsewhere.

`python -m tests.rig.record_foreign [name ...]` as root; into tests/captures/foreign, which no virtual PBX has to
imitate.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.rig import record
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import FarEnd, desk_phones, provider
from tests.rig.network import Network
from tests.rig.record import CALL, CAPTURES, OPERATOR, Stage

DIALPLAN = """
[rig-out]
exten => _+X.,1,Dial(PJSIP/${EXTEN}@trunk,10)
 same => n,Hangup()
[rig-elsewhere]
exten => s,1,Answer()
 same => n,Wait(1)
 same => n,Hangup(16)
"""
UNOPTIMISED = "Local/{number}@rig-out/n"
OPTIMISED = "Local/{number}@rig-out"


def local_busy(s: Stage) -> None:
    """A client dialled through a Local channel is busy: the cause is on its other half."""
    s.login()
    s.dial("+79161110486", line=UNOPTIMISED)
    s.ami.event("OriginateResponse")
    s.settle()


def local_not_answered(s: Stage) -> None:
    """A client dialled through a Local channel does not answer within our 2 s."""
    s.login()
    s.dial("+79161110408", line=UNOPTIMISED, timeout_s=2)
    s.ami.event("OriginateResponse")
    s.settle()


def local_bridged(s: Stage) -> None:
    """A client dialled through Local .../n is bridged at its answer: Bridge joins the wrong half."""
    s.login()
    s.session()
    s.dial("+79161110201", line=UNOPTIMISED)
    s.client_ready()
    here = s.ami.mark
    s.bridge()
    s.ended(CALL)
    s.ready_again(here)
    s.settle()


def local_optimised(s: Stage) -> None:
    """The same through a Local channel without /n: it stays, for a recorded channel is not optimised."""
    s.login()
    s.session()
    s.dial("+79161110201", line=OPTIMISED)
    s.client_ready()
    here = s.ami.mark
    s.bridge()
    s.ended(CALL)
    s.ready_again(here)
    s.settle()


def client_taken_elsewhere(s: Stage) -> None:
    """Somebody redirects a bridged client into another context: the operator is ready, the client's leg lives on."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    s.bridge()
    s.talk(0.5)
    here = s.ami.mark
    s.redirect(CALL, "rig-elsewhere")
    s.ready_again(here)
    s.ended(CALL)
    s.settle()


def blind_transfer(s: Stage) -> None:
    """The operator's leg transfers the client blindly; the other end hangs up, and the client is alone."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    s.bridge()
    s.talk(0.5)
    s.ami.ask("BlindTransfer", ("Channel", OPERATOR), ("Context", "rig-out"), ("Exten", "+79161110201"))
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def operator_taken_elsewhere(s: Stage) -> None:
    """Somebody redirects the operator's leg out of a bridge: the client is alone; we hang up."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    s.bridge()
    s.talk(0.5)
    s.redirect(OPERATOR, "rig-elsewhere")
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.ended(OPERATOR)
    s.settle()


FLOWS: dict[str, Callable[[Stage], None]] = {
    flow.__name__: flow
    for flow in (
        local_busy, local_not_answered, local_bridged, local_optimised, client_taken_elsewhere, blind_transfer,
        operator_taken_elsewhere,
    )
}  # fmt: skip


def main() -> None:
    record.FLOWS |= FLOWS
    with Network():
        asterisk = AsteriskServer(local={"extensions_local.conf": DIALPLAN})
        ends: list[FarEnd] = []
        try:
            asterisk.start()
            ends += [provider(), desk_phones()]
            for name in sys.argv[1:] or sorted(FLOWS):
                record.record(name, asterisk, CAPTURES / "foreign")
                print("recorded", name)
        finally:
            for end in ends:
                end.remove()
            asterisk.remove()


if __name__ == "__main__":
    main()
