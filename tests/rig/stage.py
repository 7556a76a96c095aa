"""The orders of the contract (asterisk-conf/README.md), over a bare AMI session."""

from __future__ import annotations

from tests.rig.wire import Message, RawAmi

CALLER_ID = "+74951234567"
TRUNK = "PJSIP/{number}@trunk"


def start_session(ami: RawAmi, leg: str, endpoint: str = "op301", *, timeout_s: int = 30) -> Message:
    return ami.ask(
        "Originate",
        ("Channel", f"PJSIP/{endpoint}"),
        ("Context", "callwright-session"),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Timeout", str(timeout_s * 1000)),
        ("Async", "true"),
        ("ChannelId", leg),
        ("CallerID", "Callwright <100>"),
    )


def dial(
    ami: RawAmi, call: str, number: str, *, timeout_s: int = 40, record: bool = True, line: str = TRUNK
) -> Message:
    return ami.ask(
        "Originate",
        ("Channel", line.format(number=number)),
        ("Context", "callwright-client"),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Timeout", str(timeout_s * 1000)),
        ("Async", "true"),
        ("ChannelId", call),
        ("CallerID", CALLER_ID),
        ("Variable", f"CW_CALL={call}"),
        ("Variable", f"CW_RECORD={int(record)}"),
    )


def bridge(ami: RawAmi, client: str, operator: str) -> Message:
    return ami.ask("Bridge", ("Channel1", client), ("Channel2", operator), ("Tone", "no"))


def hangup(ami: RawAmi, leg: str) -> Message:
    return ami.ask("Hangup", ("Channel", leg), ("Cause", "16"))


def redirect(ami: RawAmi, leg: str, context: str) -> Message:
    return ami.ask("Redirect", ("Channel", leg), ("Context", context), ("Exten", "s"), ("Priority", "1"))


def setvar(ami: RawAmi, leg: str, name: str, value: str) -> Message:
    return ami.ask("Setvar", ("Channel", leg), ("Variable", name), ("Value", value))


def session_ready(ami: RawAmi, leg: str, since: int = 0) -> Message:
    return ami.event("UserEvent", since=since, UserEvent="CallwrightSession", Uniqueid=leg)


def client_ready(ami: RawAmi, call: str) -> Message:
    return ami.event("UserEvent", UserEvent="CallwrightClient", Call=call)


def ended(ami: RawAmi, leg: str, deadline_s: float = 15) -> Message:
    return ami.event("Hangup", deadline_s, Uniqueid=leg)
