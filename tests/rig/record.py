"""Record tests/captures anew from a real Asterisk: `python -m tests.rig.record [name ...]` as root.

Each flow is one of this module's FLOWS; its docstring is what the capture says happened. Every capture is one
AMI connection from its greeting on, so that each can be replayed alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.rig import stage
from tests.rig.asterisk import AsteriskServer
from tests.rig.browser import BrowserPhone, chromium, served
from tests.rig.browser_files import PHONE
from tests.rig.far_end import Caller, FarEnd, desk_phones, provider
from tests.rig.network import Network
from tests.rig.process import wait_until
from tests.rig.wire import AmiTimeout, Message, RawAmi

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
OPERATOR = "01JCW00000000000000000S001"
CALL = "01JCW00000000000000000C001"
SECOND = "01JCW00000000000000000C002"
CALLER_ID = "+74951234567"


class Stage:
    """Everything a flow needs; one connection, closed and written down by the program."""

    def __init__(self, asterisk: AsteriskServer) -> None:
        self.asterisk = asterisk
        self.began = time.time()
        self.ami = RawAmi()
        self.ids: dict[str, str] = {}

    def login(self) -> Message:
        return self.ami.login(self.asterisk.accounts.ami)

    def session(self, endpoint: str = "op301", *, ready: bool = True, timeout_s: int = 30) -> None:
        self.ids["operator"] = OPERATOR
        stage.start_session(self.ami, OPERATOR, endpoint, timeout_s=timeout_s)
        if ready:
            stage.session_ready(self.ami, OPERATOR)

    def dial(
        self,
        number: str,
        call: str = CALL,
        *,
        timeout_s: int = 40,
        record: bool = True,
        line: str = stage.TRUNK,
    ) -> Message:
        self.ids["call" if call == CALL else "second"] = call
        return stage.dial(self.ami, call, number, timeout_s=timeout_s, record=record, line=line)

    def client_ready(self, call: str = CALL) -> None:
        stage.client_ready(self.ami, call)

    def done(self, action: str, *headers: tuple[str, str]) -> None:
        """One order that must not be refused."""
        answer = self.ami.ask(action, *headers)
        assert answer["Response"] == "Success", answer

    def joined(self, client: str = CALL, operator: str = OPERATOR) -> None:
        """Bridged, at the latest when both have left where they were."""
        wait_until(
            lambda: self.bridge(client, operator)["Response"] == "Success", 2, f"{client} with {operator}"
        )

    def bridge(self, client: str = CALL, operator: str = OPERATOR) -> Message:
        return stage.bridge(self.ami, client, operator)

    def hangup(self, leg: str) -> Message:
        return stage.hangup(self.ami, leg)

    def ended(self, leg: str, deadline_s: float = 15) -> Message:
        return stage.ended(self.ami, leg, deadline_s)

    def ready_again(self, since: int) -> None:
        stage.session_ready(self.ami, OPERATOR, since)

    def alone(self, since: int = 0, call: str = CALL) -> None:
        self.ami.event("UserEvent", since=since, UserEvent="CallwrightAlone", Uniqueid=call)

    def offered(self) -> str:
        leg = self.ami.event("UserEvent", UserEvent="CallwrightInbound")["Uniqueid"]
        self.ids["inbound_leg"] = leg
        return leg

    def redirect(self, leg: str, context: str) -> Message:
        return stage.redirect(self.ami, leg, context)

    def setvar(self, leg: str, name: str, value: str) -> Message:
        return stage.setvar(self.ami, leg, name, value)

    def talk(self, seconds: float) -> None:
        self.ami.drain(seconds)

    def settle(self) -> None:
        """Whatever still comes, comes within this."""
        self.ami.drain(0.4)


# --- logins ---


def login_good(s: Stage) -> None:
    """A login that succeeds, FullyBooted, a ping, a refused Command, a logoff."""
    s.login()
    s.talk(0.2)
    s.ami.ask("Ping")
    s.ami.ask("CoreSettings")
    s.ami.ask("CoreStatus")
    s.ami.ask("Command", ("Command", "core show version"))
    s.ami.ask("Logoff")
    s.talk(0.3)


def login_wrong_password(s: Stage) -> None:
    """A login with a wrong password: an error, and the connection closed by Asterisk."""
    s.ami.login("not-the-secret")
    s.talk(2)


def login_unknown_user(s: Stage) -> None:
    """A login of an account that is not there."""
    s.ami.login("not-the-secret", user="nobody")
    s.talk(2)


def login_too_many_rights(s: Stage) -> None:
    """An account with write=all: Command is answered, which is how too many rights show."""
    s.ami.login(s.asterisk.accounts.ami, user="toomany")
    s.talk(0.2)
    s.ami.ask("Command", ("Command", "core show version"))
    s.ami.ask("UserEvent", ("UserEvent", "CallwrightProbe"))
    s.settle()


def login_too_few_rights(s: Stage) -> None:
    """An account that may read nothing but calls and write nothing: no FullyBooted, every order refused."""
    s.ami.login(s.asterisk.accounts.ami, user="toofew")
    s.talk(0.2)
    s.ami.ask("Ping")
    s.dial("+79161110200")
    s.ami.ask("CoreShowChannels")
    s.ami.ask("CoreStatus")
    s.bridge()
    s.hangup(CALL)
    s.settle()


def protocol_errors(s: Stage) -> None:
    """What Asterisk says to no action, an unknown action, a line too long, too many headers."""
    s.login()
    s.ami.send_raw(b"ActionID: rig-no-action\r\n\r\n")
    s.talk(0.2)
    s.ami.send_raw(b"\r\n\r\n")
    s.talk(0.2)
    s.ami.ask("NoSuchAction")
    s.ami.send_raw(b"Action: Ping\r\nActionID: rig-long\r\nX: " + b"x" * 1100 + b"\r\n\r\n")
    s.talk(0.2)
    many = b"".join(b"X-%d: y\r\n" % n for n in range(130))
    s.ami.send_raw(b"Action: Ping\r\n" + many + b"ActionID: rig-many\r\n\r\n")
    s.talk(0.2)
    s.ami.ask("Ping")
    s.settle()


# --- sessions ---


def session(s: Stage) -> None:
    """An operator's session starts, is ready, and is ended by us."""
    s.login()
    s.session()
    s.talk(0.5)
    s.hangup(OPERATOR)
    s.ended(OPERATOR)
    s.settle()


def session_ended_by_operator(s: Stage) -> None:
    """The operator's phone answers the session and hangs up two seconds later, no client being there."""
    s.login()
    s.session("op302")
    s.ended(OPERATOR)
    s.settle()


def session_not_answered(s: Stage) -> None:
    """The operator's phone rings for 2 s and nobody takes it."""
    s.login()
    s.session("op303", ready=False, timeout_s=2)
    s.ami.event("OriginateResponse")
    s.settle()


def session_busy(s: Stage) -> None:
    """The operator's phone is busy."""
    s.login()
    s.session("op304", ready=False)
    s.ami.event("OriginateResponse")
    s.settle()


def session_not_registered(s: Stage) -> None:
    """The operator's browser phone is not registered: no channel is ever made."""
    s.login()
    s.session("op201", ready=False)
    s.ami.event("OriginateResponse")
    s.settle()


def session_no_endpoint(s: Stage) -> None:
    """There is no such phone: no channel is ever made."""
    s.login()
    s.session("op999", ready=False)
    s.ami.event("OriginateResponse")
    s.settle()


# --- outbound ---


def _outcome(number: str, *, timeout_s: int = 40, line: str = stage.TRUNK) -> Callable[[Stage], None]:
    def flow(s: Stage) -> None:
        s.login()
        s.session()
        s.dial(number, timeout_s=timeout_s, line=line)
        s.ami.event("OriginateResponse", 15, Uniqueid=CALL)
        s.settle()
        s.hangup(OPERATOR)
        s.ended(OPERATOR)

    return flow


def outbound_client_hangs_up(s: Stage) -> None:
    """A client answers, is bridged with the operator, and hangs up after 2 s; the operator is ready again."""
    s.login()
    s.session()
    s.dial("+79161110201")
    s.client_ready()
    here = s.ami.mark
    s.bridge()
    s.ended(CALL)
    s.ready_again(here)
    s.settle()


def outbound_we_hang_up(s: Stage) -> None:
    """A client answers, is bridged, and the daemon hangs the client's leg up; the operator is ready again."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    here = s.ami.mark
    s.bridge()
    s.talk(1)
    s.hangup(CALL)
    s.ended(CALL)
    s.ready_again(here)
    s.settle()


def outbound_operator_hangs_up(s: Stage) -> None:
    """A client is bridged, and the operator's phone hangs up: the session ends, the client is alone; we hang up."""
    s.login()
    s.session("op302")
    s.dial("+79161110200")
    s.client_ready()
    s.bridge()
    s.ended(OPERATOR)
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def outbound_three_in_a_row(s: Stage) -> None:
    """Two clients one after the other on one session."""
    s.login()
    s.session()
    for call in (CALL, SECOND):
        s.dial("+79161110201", call)
        s.client_ready(call)
        here = s.ami.mark
        s.bridge(call)
        s.ended(call)
        s.ready_again(here)
    s.settle()


def outbound_two_at_once(s: Stage) -> None:
    """Two clients dialled together; one is bridged, the other waits 10 s and is let go."""
    s.login()
    s.session()
    s.dial("+79161110200", CALL)
    s.dial("+79161110200", SECOND)
    s.client_ready(CALL)
    s.client_ready(SECOND)
    s.bridge(CALL)
    s.ended(SECOND)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def outbound_not_recorded(s: Stage) -> None:
    """A call with CW_RECORD=0: no MixMonitorStart."""
    s.login()
    s.session()
    s.dial("+79161110201", record=False)
    s.client_ready()
    s.bridge()
    s.ended(CALL)
    s.settle()


def outbound_hangup_at_answer(s: Stage) -> None:
    """The client hangs up in the moment of the answer; the bridge comes too late."""
    s.login()
    s.session()
    s.dial("+79161110202")
    s.ami.event("OriginateResponse", Uniqueid=CALL)
    s.bridge()
    s.ended(CALL)
    s.settle()


def outbound_we_give_up(s: Stage) -> None:
    """The daemon hangs up a leg that is still ringing."""
    s.login()
    s.session()
    s.dial("+79161110408")
    s.ami.event("Newstate", Uniqueid=CALL, ChannelStateDesc="Ringing")
    s.talk(0.5)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def outbound_duplicate_id(s: Stage) -> None:
    """A second order with the ChannelId of a living channel is refused; the living call is untouched."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    s.dial("+79161110200")
    s.talk(0.5)
    s.hangup(CALL)
    s.ended(CALL)
    s.dial("+79161110486")
    s.ami.event("OriginateResponse", Uniqueid=CALL, Response="Failure")
    s.settle()


# --- orders to what is not there ---


def orders_without_channel(s: Stage) -> None:
    """Hangup, Bridge, Redirect, Setvar of a leg that does not live."""
    s.login()
    s.session()
    s.hangup(CALL)
    s.bridge()
    s.redirect(CALL, "callwright-client")
    s.setvar(CALL, "CW_CALL", CALL)
    s.redirect(OPERATOR, "no-such-context")
    s.settle()


# --- inbound ---


def inbound_taken(s: Stage) -> None:
    """A call from outside is offered, taken, answered, bridged; the operator's side hangs it up."""
    s.login()
    s.session()
    caller = Caller("74951112233", number=b"+79161234567")
    try:
        leg = s.offered()
        s.redirect(leg, "callwright-inbound-ring")
        s.talk(1)
        s.ids["call"] = CALL
        s.setvar(leg, "CW_CALL", CALL)
        s.setvar(leg, "CW_RECORD", "1")
        s.redirect(leg, "callwright-client")
        s.client_ready()
        here = s.ami.mark
        s.bridge(leg)
        s.talk(1.5)
        s.hangup(leg)
        s.ended(leg)
        s.ready_again(here)
        s.settle()
        caller.wait(5)
    finally:
        caller.remove()


def inbound_caller_hangs_up(s: Stage) -> None:
    """A call from outside is taken and bridged; the caller hangs up 2 s after the answer."""
    s.login()
    s.session()
    caller = Caller("74951112233", number=b"+79161234567", name=b'"Ivan"', ends="caller")
    try:
        leg = s.offered()
        s.redirect(leg, "callwright-inbound-ring")
        s.talk(0.5)
        s.ids["call"] = CALL
        s.setvar(leg, "CW_CALL", CALL)
        s.setvar(leg, "CW_RECORD", "1")
        s.redirect(leg, "callwright-client")
        s.client_ready()
        here = s.ami.mark
        s.bridge(leg)
        s.ended(leg)
        s.ready_again(here)
        s.settle()
    finally:
        caller.remove()


def inbound_gives_up_ringing(s: Stage) -> None:
    """A call from outside is taken; the caller gives up while hearing ringing."""
    s.login()
    caller = Caller("74951112233", ends="cancel", after_s=1.5)
    try:
        leg = s.offered()
        s.redirect(leg, "callwright-inbound-ring")
        s.ended(leg)
        s.settle()
        caller.wait(5)
    finally:
        caller.remove()


def inbound_gives_up_at_once(s: Stage) -> None:
    """The caller gives up within the dialplan's half second."""
    s.login()
    caller = Caller("74951112233", ends="cancel", after_s=0.1)
    try:
        leg = s.offered()
        s.ended(leg)
        s.settle()
        caller.wait(5)
    finally:
        caller.remove()


def inbound_fallback(s: Stage) -> None:
    """Nobody takes the call: the fallback rings a phone, which answers and hangs up after 2 s."""
    s.login()
    caller = Caller("74951112233")
    try:
        leg = s.offered()
        s.ami.event("UserEvent", UserEvent="CallwrightFallback")
        s.ended(leg)
        s.settle()
        caller.wait(5)
    finally:
        caller.remove()


def inbound_taken_too_late(s: Stage) -> None:
    """The fallback rings already, and the daemon takes the call all the same: the rung phone is let go."""
    s.login()
    caller = Caller("74951112233", ends="cancel", after_s=2)
    try:
        leg = s.offered()
        s.ami.event("UserEvent", UserEvent="CallwrightFallback")
        s.ami.event("DialBegin")
        s.redirect(leg, "callwright-inbound-ring")
        s.ended(leg)
        s.settle()
        caller.wait(5)
    finally:
        caller.remove()


def inbound_given_back(s: Stage) -> None:
    """The daemon takes the call, finds nobody, and gives it back to the fallback."""
    s.login()
    caller = Caller("74951112233")
    try:
        leg = s.offered()
        s.redirect(leg, "callwright-inbound-ring")
        s.talk(0.5)
        s.redirect(leg, "callwright-fallback")
        s.ended(leg)
        s.settle()
        caller.wait(5)
    finally:
        caller.remove()


HOSTILE: list[tuple[bytes, bytes]] = [
    (b'"<script>alert(1)</script>"', b"+79161234567"),
    (b'"=HYPERLINK(1)"', b"79161234567"),
    (b'"\x1b[31mred"', b"+79161234567"),
    (b'"\xff\xfe\xd0"', b"+79161234567"),
    (('"' + "Ы" * 150 + '"').encode(), b"+79161234567"),
    (b'"' + b"A" * 300 + b'"', b"1" * 300),
    (b'"a,b;c&d|e"', b"../../etc/passwd"),
    (b'"${SHELL(id)}"', b"%24%7BEPOCH%7D"),
    (b'"x%0d%0aAction: Logoff"', b"anonymous"),
]


def inbound_hostile_names(s: Stage) -> None:
    """Callers whose names and numbers are attacks."""
    s.login()
    for name, number in HOSTILE:
        here = s.ami.mark
        caller = Caller("74951112233", name=name, number=number, ends="cancel", after_s=0.1)
        try:
            s.ami.event("Newchannel", since=here)
            s.ami.event("Hangup", since=here)
            caller.wait(5)
        except AmiTimeout:
            print("no call at all from", name[:40], number[:40], caller.errors())
        finally:
            caller.remove()
    s.settle()


# --- asking what lives ---


def lists_with_live_calls(s: Stage) -> None:
    """One operator bridged with a client, another client ringing: every list that tells what lives."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    s.bridge()
    s.dial("+79161110408", SECOND)
    s.ami.event("Newstate", Uniqueid=SECOND, ChannelStateDesc="Ringing")
    s.ami.ask("CoreStatus")
    s.ami.ask_list("CoreShowChannels")
    s.ami.ask_list("Status", ("AllVariables", "false"))
    s.ami.ask_list("Status", ("Variables", "CW_CALL,CW_RECORD,MIXMONITOR_FILENAME"))
    s.ami.ask("Ping")
    s.hangup(SECOND)
    s.ended(SECOND)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def lists_empty(s: Stage) -> None:
    """The same lists when nothing lives."""
    s.login()
    s.ami.ask("CoreStatus")
    s.ami.ask_list("CoreShowChannels")
    s.ami.ask_list("Status")


def mute(s: Stage) -> None:
    """The operator is muted and unmuted by MUTEAUDIO, the recording by MixMonitorMute."""
    s.login()
    s.session()
    s.dial("+79161110200")
    s.client_ready()
    s.bridge()
    s.talk(0.5)
    s.setvar(OPERATOR, "MUTEAUDIO(in)", "on")
    s.talk(0.5)
    s.setvar(OPERATOR, "MUTEAUDIO(in)", "off")
    s.ami.ask("MixMonitorMute", ("Channel", CALL), ("Direction", "both"), ("State", "1"))
    s.talk(0.5)
    s.ami.ask("MixMonitorMute", ("Channel", CALL), ("Direction", "both"), ("State", "0"))
    s.talk(0.5)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def hold(s: Stage) -> None:
    """The operator's browser phone puts the client on hold and takes the call back, twice."""
    accounts = s.asterisk.accounts
    with served(PHONE) as address, chromium() as browser:
        phone = BrowserPhone(browser, address, user="op201", password=accounts.browser)
        phone.wait_registered()
        s.login()
        s.session("op201")
        s.dial("+79161110200")
        s.client_ready()
        s.bridge()
        phone.wait_up()
        for _ in range(2):
            here = s.ami.mark
            phone.hold()
            s.ami.event("Hold", since=here)
            s.talk(0.5)
            phone.unhold()
            s.ami.event("Unhold", since=here)
            s.talk(0.5)
        here = s.ami.mark
        s.hangup(CALL)
        s.ended(CALL)
        s.ready_again(here)
        phone.hangup()
        s.ended(OPERATOR)
        s.settle()


# --- Asterisk ends ---


def _end(how: str) -> Callable[[Stage], None]:
    def flow(s: Stage) -> None:
        s.login()
        s.session()
        s.dial("+79161110200")
        s.client_ready()
        s.bridge()
        s.talk(0.5)
        getattr(s.asterisk, how)()
        s.talk(3)
        s.asterisk.stop()
        s.asterisk.start()

    return flow


def with_text(text: str, flow: Callable[[Stage], None]) -> Callable[[Stage], None]:
    flow.__doc__ = text
    return flow


FLOWS: dict[str, Callable[[Stage], None]] = {
    flow.__name__: flow
    for flow in (
        login_good, login_wrong_password, login_unknown_user, login_too_many_rights, login_too_few_rights,
        protocol_errors,
        session, session_ended_by_operator, session_not_answered, session_busy, session_not_registered,
        session_no_endpoint,
        outbound_client_hangs_up, outbound_we_hang_up, outbound_operator_hangs_up, outbound_three_in_a_row,
        outbound_two_at_once, outbound_not_recorded, outbound_hangup_at_answer, outbound_we_give_up,
        outbound_duplicate_id, orders_without_channel,
        inbound_taken, inbound_caller_hangs_up, inbound_gives_up_ringing, inbound_gives_up_at_once,
        inbound_fallback, inbound_taken_too_late, inbound_given_back, inbound_hostile_names,
        lists_with_live_calls, lists_empty, mute, hold,
    )
} | {
    "outbound_busy": with_text("The client is busy (486).", _outcome("+79161110486")),
    "outbound_rejected": with_text("The client declines (603).", _outcome("+79161110603")),
    "outbound_unavailable": with_text("The client is not there (480).", _outcome("+79161110480")),
    "outbound_unallocated": with_text("There is no such number (404).", _outcome("+79161110404")),
    "outbound_congestion": with_text("The provider has no way (503).", _outcome("+79161110503")),
    "outbound_not_answered": with_text("Rings 3 s, nobody answers.", _outcome("+79161110408", timeout_s=3)),
    "outbound_no_endpoint": with_text(
        "The line's endpoint is not there.", _outcome("+79161110200", line="PJSIP/{number}@nowhere")
    ),
    "outbound_no_technology": with_text(
        "The line's technology is not there.", _outcome("+79161110200", line="SIP/{number}@trunk")
    ),
    "outbound_trunk_dead": with_text(
        "Nothing listens at the provider's address: rings never, times out after 4 s.",
        _outcome("+79161110200", timeout_s=4, line="PJSIP/{number}@dead"),
    ),
    "asterisk_stopped": with_text("Asterisk is stopped politely in mid-call.", _end("ask_to_stop")),
    "asterisk_killed": with_text("Asterisk is killed with -9 in mid-call.", _end("kill")),
}  # fmt: skip

ACCOUNTS = """
[toomany](callwright-account)
secret = {secret}
write = all

[toofew](callwright-account)
secret = {secret}
read =
read = call
write =
"""
DEAD_TRUNK = """
[dead]
type = endpoint
transport = transport-udp
context = callwright-inbound
aors = dead-aor
allow = !all,alaw

[dead-aor]
type = aor
contact = sip:127.0.0.1:5999
"""


def record(name: str, asterisk: AsteriskServer, folder: Path = CAPTURES) -> None:
    flow = FLOWS[name]
    act = Stage(asterisk)
    try:
        flow(act)
    finally:
        header = {
            "capture": name,
            "asterisk": asterisk.version(),
            "what": " ".join((flow.__doc__ or "").split()),
            "ids": act.ids,
            "began": act.began,
        }
        act.ami.save(folder / f"{name}.capture", **header)
        act.ami.close()
        asterisk.cli("channel request hangup all")


def main() -> None:
    names = sys.argv[1:] or sorted(FLOWS)
    with Network():
        asterisk = AsteriskServer(
            local={"extensions_local.conf": "[globals](+)\nCW_FALLBACK = PJSIP/op302\n"}
        )
        for file, text in (
            ("manager_local.conf", ACCOUNTS.format(secret=asterisk.accounts.ami)),
            ("pjsip_local.conf", DEAD_TRUNK),
        ):
            with (asterisk.etc / file).open("a") as out:
                out.write(text)
        ends: list[FarEnd] = []
        try:
            asterisk.start()
            ends += [provider(), desk_phones()]
            for name in names:
                record(name, asterisk)
                print("recorded", name)
        finally:
            for end in ends:
                end.remove()
            asterisk.remove()


if __name__ == "__main__":
    main()
