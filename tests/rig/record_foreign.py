"""Record what we never order but must survive: Local channels, transfers by others, a channel taken elsewhere.

`python -m tests.rig.record_foreign [name ...]` as root; into tests/captures/foreign, which no virtual PBX has to
imitate.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from tests.rig import record
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import Caller, FarEnd, desk_phones, provider
from tests.rig.network import Network
from tests.rig.record import CALL, CAPTURES, OPERATOR, Stage
from tests.rig.sip_phone import SipPhone

DIALPLAN = """
[rig-out]
exten => _+X.,1,Dial(PJSIP/${EXTEN}@trunk,10)
 same => n,Hangup()
[rig-elsewhere]
exten => s,1,Answer()
 same => n,Wait(1)
 same => n,Hangup(16)
"""
DIALPLAN += """
[rig-phones]
include => parkedcalls
exten => _+X.,1,Dial(PJSIP/${EXTEN}@trunk,10)
 same => n,Hangup()
exten => 700,1,Park(default,t)
exten => 800,1,Answer()
 same => n,PickupChan(PJSIP/op303,p)
 same => n,Hangup()
[globals](+)
CW_FALLBACK = PJSIP/op303
"""
MODULES = "load = res_pjsip_refer.so\nload = res_parking.so\nload = app_directed_pickup.so\n"
PARKING = "[general]\n[default]\nparkext = 700\nparkpos = 701-710\ncontext = parkedcalls\nparkingtime = 30\n"
PHONE = """
[op307](callwright-phone)
aors = op307
context = rig-phones
allow_transfer = yes
[op307](callwright-aor)
contact = sip:op307@127.0.0.1:5087
qualify_frequency = 0
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


# --- what an operator's own phone does, where it may (ours may not: allow_transfer = no) ---


def with_phone(flow: Callable[[Stage, SipPhone], None]) -> Callable[[Stage], None]:
    """A session of the phone op307, and a client with whom it is joined."""

    @functools.wraps(flow)
    def whole(s: Stage) -> None:
        phone = SipPhone("op307", 5087)
        try:
            s.login()
            s.session("op307")
            s.dial("+79161110200")
            s.client_ready()
            s.bridge()
            s.talk(0.5)
            flow(s, phone)
        finally:
            phone.close()

    return whole


def gone(s: Stage) -> None:
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


@with_phone
def phone_blind_transfer(s: Stage, phone: SipPhone) -> None:
    """The operator's phone sends the client to a number (REFER) and hangs up; that one hangs up after 2 s."""
    session = phone.wait_called()
    phone.transfer(session, "+79161110201")
    s.talk(0.2)
    phone.hang_up(session)
    s.ended(OPERATOR)
    s.alone()
    gone(s)


@with_phone
def phone_blind_transfer_fails(s: Stage, phone: SipPhone) -> None:
    """The operator's phone sends the client to a number that is busy."""
    session = phone.wait_called()
    phone.transfer(session, "+79161110486")
    s.talk(2)
    phone.hang_up(session)
    s.ended(OPERATOR)
    s.talk(0.5)
    gone(s)


@with_phone
def phone_attended_transfer(s: Stage, phone: SipPhone) -> None:
    """The operator's phone calls a third and then gives it the client (REFER with Replaces); the third hangs up."""
    session = phone.wait_called()
    other = phone.dial("+79161110210")
    s.talk(0.5)
    phone.transfer(session, "+79161110210", other)
    s.talk(0.5)
    for dialog in (session, other):
        phone.hang_up(dialog)
    s.ended(OPERATOR)
    s.alone()
    gone(s)


@with_phone
def phone_attended_transfer_fails(s: Stage, phone: SipPhone) -> None:
    """The third hangs up before the operator's phone gives it the client: the client stays with the operator."""
    session = phone.wait_called()
    other = phone.dial("+79161110201")
    s.talk(2.5)
    phone.transfer(session, "+79161110201", other)
    s.talk(0.5)
    gone(s)
    phone.hang_up(session)
    s.ended(OPERATOR)


@with_phone
def phone_park(s: Stage, phone: SipPhone) -> None:
    """The operator's phone parks the client, and takes him back from the parking lot."""
    session = phone.wait_called()
    phone.transfer(session, "700")
    s.talk(0.5)
    phone.hang_up(session)
    s.ended(OPERATOR)
    s.talk(0.5)
    back = phone.dial("701")
    s.talk(0.5)
    phone.hang_up(back)
    s.alone()
    gone(s)


def phone_pickup(s: Stage) -> None:
    """A call in the fallback rings a phone, and another phone picks it up."""
    phone = SipPhone("op307", 5087)
    try:
        s.login()
        caller = Caller("+74951112233", ends="callee")
        leg = s.offered()
        s.ami.event("DialBegin", DestContext="callwright-operators")
        s.talk(0.3)
        mine = phone.dial("800")
        s.talk(1)
        phone.hang_up(mine)
        s.ended(leg)
        s.settle()
        caller.remove()
    finally:
        phone.close()


FLOWS: dict[str, Callable[[Stage], None]] = {
    flow.__name__: flow
    for flow in (
        local_busy, local_not_answered, local_bridged, local_optimised, client_taken_elsewhere, blind_transfer,
        operator_taken_elsewhere, phone_blind_transfer, phone_blind_transfer_fails, phone_attended_transfer,
        phone_attended_transfer_fails, phone_park, phone_pickup,
    )
}  # fmt: skip


def server() -> AsteriskServer:
    """An Asterisk in which one phone may transfer, park and pick up."""
    asterisk = AsteriskServer(
        local={
            "extensions_local.conf": DIALPLAN,
            "modules_local.conf": MODULES,
            "res_parking.conf": PARKING,
        }
    )
    with (asterisk.etc / "pjsip_local.conf").open("a") as file:
        file.write(PHONE)
    return asterisk


def main() -> None:
    record.FLOWS |= FLOWS
    with Network():
        asterisk = server()
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
