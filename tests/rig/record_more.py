"""Record the flows that the virtual PBX needed besides: `python -m tests.rig.record_more [name ...]` as root."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable

from dialer.doctor.contract import CONTEXTS
from tests.rig import record
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import Caller, desk_phones, provider
from tests.rig.network import Network
from tests.rig.record import CALL, OPERATOR, SECOND, Stage


def login_challenge(s: Stage) -> None:
    """A login by challenge, as the daemon does it: the secret does not travel; then what the account may do."""
    challenge = s.ami.ask("Challenge", ("AuthType", "MD5"))["Challenge"]
    key = hashlib.md5((challenge + s.asterisk.accounts.ami).encode(), usedforsecurity=False).hexdigest()
    s.ami.ask(
        "Login", ("Username", "callwright"), ("AuthType", "MD5"), ("Key", key), ("Events", "system,call,user")
    )
    s.ami.ask("ListCommands")
    s.ami.ask("Command", ("Command", "core show version"))
    s.settle()


def login_challenge_wrong(s: Stage) -> None:
    """A login by challenge with a wrong key; before it, a challenge of an unknown kind and an order too early."""
    s.ami.ask("Challenge", ("AuthType", "SHA1"))
    s.ami.ask("Ping")
    s.ami.ask("CoreStatus")
    s.ami.ask("Challenge", ("AuthType", "MD5"))
    s.ami.ask("Login", ("Username", "callwright"), ("AuthType", "MD5"), ("Key", "0" * 32), ("Events", "on"))
    s.talk(2)


def session_without_caller_id(s: Stage) -> None:
    """A session and a call ordered without a caller id; the variables read back; who is asked after is not there."""
    s.login()
    s.ids |= {"operator": OPERATOR, "call": CALL}
    s.ami.ask("Originate", ("Channel", "PJSIP/op301"), ("ChannelId", OPERATOR), ("Context", "callwright-session"),
              ("Exten", "s"), ("Priority", "1"), ("Timeout", "30000"), ("Async", "true"))  # fmt: skip
    s.ami.event("UserEvent", UserEvent="CallwrightSession")
    s.settle()
    s.ami.ask("Originate", ("Channel", "PJSIP/+79161110200@trunk"), ("ChannelId", CALL),
              ("Context", "callwright-client"), ("Exten", "s"), ("Priority", "1"), ("Timeout", "40000"),
              ("Async", "true"), ("Variable", f"CW_CALL={CALL}"), ("Variable", "CW_RECORD=1"))  # fmt: skip
    s.client_ready()
    s.settle()
    s.ami.ask("Getvar", ("Channel", CALL), ("Variable", "CW_CALL"))
    s.ami.ask("Getvar", ("Channel", OPERATOR), ("Variable", "CW_CALL"))
    s.ami.ask("Getvar", ("Channel", SECOND), ("Variable", "CW_CALL"))
    s.bridge(CALL, SECOND)
    s.bridge()
    s.talk(0.5)
    s.ami.ask("CoreShowChannels")
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def outbound_client_hangs_up_waiting(s: Stage) -> None:
    """A client answers, is joined with nobody, and hangs up after 2 s."""
    s.login()
    s.dial("+79161110201")
    s.client_ready()
    s.ended(CALL)
    s.settle()


def session_ended_in_call(s: Stage) -> None:
    """We hang up the operator's leg in mid-call: the client is alone; we hang up."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    s.bridge()
    s.talk(1)
    s.hangup(OPERATOR)
    s.ended(OPERATOR)
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def session_given_up(s: Stage) -> None:
    """We hang up the operator's leg while it rings."""
    s.login()
    s.session("op303", ready=False)
    s.ami.event("Newstate", ChannelState="5")
    s.talk(0.3)
    s.hangup(OPERATOR)
    s.ended(OPERATOR)
    s.settle()


def outbound_client_taken_back(s: Stage) -> None:
    """A client is bridged while another waits; the second is bridged with the same operator: the first is alone."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    s.bridge()
    s.talk(0.3)
    s.dial("+79161110200", SECOND)
    s.client_ready(SECOND)
    s.bridge(SECOND)
    s.talk(1)
    s.hangup(SECOND)
    s.ended(SECOND)
    s.hangup(CALL)
    s.settle()


def inbound_we_hang_up(s: Stage) -> None:
    """A call from outside is taken, rings, and is hung up by us before anybody answers it."""
    s.login()
    caller = Caller("74951112233", ends="refused")
    leg = s.offered()
    s.redirect(leg, "callwright-inbound-ring")
    s.talk(0.5)
    s.hangup(leg)
    s.ended(leg)
    s.settle()
    caller.remove()


def inbound_rung_out(s: Stage) -> None:
    """A call from outside is taken and rings until the dialplan's 25 s are over: the fallback, where nobody is."""
    s.login()
    caller = Caller("+74951112233", ends="refused")
    leg = s.offered()
    s.redirect(leg, "callwright-inbound-ring")
    s.ended(leg, 40)
    s.settle()
    caller.remove()


def inbound_fallback_nobody(s: Stage) -> None:
    """Nobody takes the call, and CW_FALLBACK is empty, as shipped."""
    s.login()
    caller = Caller("+74951112233", ends="refused")
    leg = s.offered()
    s.ended(leg)
    s.settle()
    caller.remove()


def examined(s: Stage) -> None:
    """What `dialer doctor` asks, each also of what there is not; then its trial call, which rings nobody."""
    s.login()
    s.ids |= {"call": CALL}
    s.ami.ask("CoreSettings")
    for context in (*CONTEXTS, "callwright-nowhere"):
        s.ami.send("ShowDialPlan", ("Context", context))
        s.settle()
    s.ami.ask_list("PJSIPShowRegistrationsOutbound")
    s.ami.ask("Getvar", ("Variable", "CW_FALLBACK"))
    for endpoint in ("op301", "op101", "op201", "trunk", "nobody"):
        s.ami.ask("Getvar", ("Variable", f"DEVICE_STATE(PJSIP/{endpoint})"))
        for setting in ("context", "allow", "webrtc"):
            s.ami.ask("Getvar", ("Variable", f"PJSIP_ENDPOINT({endpoint},{setting})"))
    s.settle()
    s.ami.ask("Originate", ("Channel", "Local/sound@callwright-check"), ("ChannelId", CALL),
              ("Context", "callwright-check"), ("Exten", "s"), ("Priority", "1"), ("Timeout", "5000"),
              ("Async", "true"))  # fmt: skip
    s.ended(CALL)
    s.settle()


FLOWS: dict[str, Callable[[Stage], None]] = {
    flow.__name__: flow
    for flow in (
        login_challenge, login_challenge_wrong, session_without_caller_id, outbound_client_hangs_up_waiting,
        session_ended_in_call, session_given_up, outbound_client_taken_back, inbound_we_hang_up,
        inbound_rung_out, inbound_fallback_nobody, examined,
    )
}  # fmt: skip


def main() -> None:
    record.FLOWS |= FLOWS
    with Network():
        asterisk = AsteriskServer()
        ends = []
        try:
            asterisk.start()
            ends += [provider(), desk_phones()]
            for name in sys.argv[1:] or sorted(FLOWS):
                record.record(name, asterisk)
                print("recorded", name)
        finally:
            for end in ends:
                end.remove()
            asterisk.remove()


if __name__ == "__main__":
    main()
