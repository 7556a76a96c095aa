"""Record what operator, supervisor and network can do to a living call: `python -m tests.rig.record_control`.

Into tests/captures; the virtual PBX does these too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.rig import record
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import FarEnd, desk_phones, provider
from tests.rig.network import Network
from tests.rig.record import CALL, CALLER_ID, OPERATOR, Stage
from tests.rig.stage import TRUNK
from tests.rig.wire import Message

THIRD = "01JCW00000000000000000T001"
SUPERVISOR = "01JCW00000000000000000V001"
NEXT_SESSION = "01JCW00000000000000000S002"


# --- the orders ---


def order(
    s: Stage, leg: str, channel: str, context: str, exten: str = "s", *more: tuple[str, str]
) -> Message:
    return s.ami.ask(
        "Originate", ("Channel", channel), ("ChannelId", leg), ("Context", context), ("Exten", exten),
        ("Priority", "1"), ("Timeout", "5000"), ("Async", "true"), *more,
    )  # fmt: skip


def talking(s: Stage, number: str = "+79161110200", endpoint: str = "op301") -> None:
    """A session, a client, both bridged."""
    s.login()
    s.session(endpoint)
    s.dial(number)
    s.client_ready()
    s.bridge()
    s.talk(0.5)


def hold_client(s: Stage) -> None:
    here = s.ami.mark
    s.redirect(CALL, "callwright-hold")
    s.ami.event("UserEvent", since=here, UserEvent="CallwrightHold", Uniqueid=CALL)


def dial_third(s: Stage, number: str) -> None:
    s.ids["third"] = THIRD
    order(s, THIRD, TRUNK.format(number=number), "callwright-third", "s", ("CallerID", CALLER_ID))


def ring_third(s: Stage, endpoint: str) -> None:
    s.ids["third"] = THIRD
    order(s, THIRD, f"PJSIP/{endpoint}", "callwright-third")


def third_ready(s: Stage) -> None:
    s.ami.event("UserEvent", UserEvent="CallwrightThird", Uniqueid=THIRD)


def third_failed(s: Stage) -> None:
    s.ami.event("OriginateResponse", Response="Failure", Uniqueid=THIRD)


def gather(s: Stage, *, ready_before: bool = True) -> None:
    """`ready_before`: the operator is with the client until now, and says so when the client leaves him."""
    here = s.ami.mark
    for leg in (CALL, OPERATOR, THIRD):
        s.setvar(leg, "CW_ROOM", CALL)
    hold_client(s)  # until he has arrived: one on his way is refused as if he were gone
    if ready_before:
        s.ready_again(here)
    s.done(
        "Redirect", ("Channel", THIRD), ("ExtraChannel", OPERATOR),
        ("Context", "callwright-room"), ("Exten", "third"), ("Priority", "1"),
        ("ExtraContext", "callwright-room"), ("ExtraExten", "operator"), ("ExtraPriority", "1"),
    )  # fmt: skip
    s.done(
        "Redirect", ("Channel", CALL), ("Context", "callwright-room"), ("Exten", "client"), ("Priority", "1")
    )
    for leg in (CALL, OPERATOR, THIRD):
        s.ami.event("BridgeEnter", since=here, Uniqueid=leg, BridgeCreator="ConfBridge")


def out_of_room(s: Stage, *legs: str) -> None:
    """Two who are to be joined leave their room."""
    here = s.ami.mark
    s.done("Redirect", *_out(*legs))
    for leg in legs:
        s.ami.event("BridgeLeave", since=here, Uniqueid=leg)
    for leg in legs:
        while _leaving(s, leg):
            s.talk(0.005)
    s.talk(0.02)  # the virtual one takes its time as well


def _leaving(s: Stage, leg: str) -> bool:
    """Whether a leg is to leave what it does and has not come to where it was sent."""
    return s.ami.ask("Getvar", ("Channel", leg), ("Variable", "CHANNEL(checkhangup)"))["Value"] == "1"


def _out(*legs: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Channel", legs[0]), ("ExtraChannel", legs[1]),
        ("Context", "callwright-room"), ("Exten", "out"), ("Priority", "1"),
        ("ExtraContext", "callwright-room"), ("ExtraExten", "out"), ("ExtraPriority", "1"),
    )  # fmt: skip


def listen(s: Stage, mode: str, endpoint: str = "op305") -> None:
    s.ids["supervisor"] = SUPERVISOR
    order(s, SUPERVISOR, f"PJSIP/{endpoint}", "callwright-listen", mode, ("Variable", f"CW_SPIED={OPERATOR}"))
    s.ami.event("OriginateResponse", Response="Success", Uniqueid=SUPERVISOR)


def change_listening(s: Stage, mode: str) -> None:
    s.ami.ask(
        "Redirect",
        ("Channel", SUPERVISOR), ("Context", "callwright-listen"), ("Exten", mode), ("Priority", "1"),
    )  # fmt: skip


def over(s: Stage, *, ready: int | None = None) -> None:
    """The client is hung up and the operator's session is ready."""
    here = s.ami.mark
    s.hangup(CALL)
    s.ended(CALL)
    if ready is None:
        s.ready_again(here)
    s.settle()


# --- hold ---


def control_hold(s: Stage) -> None:
    """The operator sets the client aside and takes him back, twice; the second time the client hangs up on hold."""
    talking(s)
    hold_client(s)
    s.talk(0.5)
    s.bridge()
    s.talk(0.5)
    hold_client(s)
    s.talk(0.5)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def control_hold_client_leaves(s: Stage) -> None:
    """The client hangs up while he is set aside."""
    talking(s, "+79161110201")
    hold_client(s)
    s.ended(CALL)
    s.settle()


def control_held_then_alone(s: Stage) -> None:
    """Set aside, taken back, and then the operator's phone hangs up: the client is alone, and we hang up."""
    talking(s)
    hold_client(s)
    s.bridge()
    s.talk(0.3)
    s.hangup(OPERATOR)
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


# --- nobody is with the client any more ---


def control_alone(s: Stage) -> None:
    """The operator's phone hangs up in mid-call: the client hears music; we hang up."""
    talking(s, endpoint="op302")
    s.alone()
    s.talk(0.3)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def control_alone_too_long(s: Stage) -> None:
    """The operator's phone hangs up in mid-call and nobody does anything: after 20 s the client is hung up."""
    talking(s, endpoint="op302")
    s.alone()
    s.ended(CALL, 30)
    s.settle()


def control_given_back(s: Stage) -> None:
    """The operator's leg is lost in mid-call; a new session takes the client back."""
    talking(s, endpoint="op302")
    s.alone()
    s.ids["next_session"] = NEXT_SESSION
    order(s, NEXT_SESSION, "PJSIP/op301", "callwright-session")
    s.ami.event("UserEvent", UserEvent="CallwrightSession", Uniqueid=NEXT_SESSION)
    s.bridge(CALL, NEXT_SESSION)
    s.talk(0.5)
    here = s.ami.mark
    s.hangup(CALL)
    s.ended(CALL)
    s.ami.event("UserEvent", since=here, UserEvent="CallwrightSession", Uniqueid=NEXT_SESSION)
    s.settle()


def control_alone_twice(s: Stage) -> None:
    """The new session is lost too: the client is alone a second time."""
    talking(s, endpoint="op302")
    s.alone()
    s.ids["next_session"] = NEXT_SESSION
    order(s, NEXT_SESSION, "PJSIP/op302", "callwright-session")
    s.ami.event("UserEvent", UserEvent="CallwrightSession", Uniqueid=NEXT_SESSION)
    here = s.ami.mark
    s.bridge(CALL, NEXT_SESSION)
    s.alone(here)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


# --- a third person ---


def control_third_busy(s: Stage) -> None:
    """The third person is busy: the client comes back to the operator."""
    talking(s)
    hold_client(s)
    dial_third(s, "+79161110486")
    third_failed(s)
    s.bridge()
    s.talk(0.3)
    over(s)


def control_third_no_answer(s: Stage) -> None:
    """The third person's phone rings until our 5 s are over: the client comes back to the operator."""
    talking(s)
    hold_client(s)
    dial_third(s, "+79161110408")
    third_failed(s)
    s.bridge()
    s.talk(0.3)
    over(s)


def control_third_given_up(s: Stage) -> None:
    """We give up the third person while he is rung."""
    talking(s)
    hold_client(s)
    ring_third(s, "op303")
    s.ami.event("Newstate", ChannelState="5", Uniqueid=THIRD)
    s.hangup(THIRD)
    s.ended(THIRD)
    s.bridge()
    s.talk(0.3)
    over(s)


def control_third_unjoined(s: Stage) -> None:
    """The third person answers and is joined with nobody: after 15 s he is hung up."""
    talking(s)
    ring_third(s, "op305")
    third_ready(s)
    s.ended(THIRD, 20)
    over(s)


def control_blind(s: Stage) -> None:
    """Blind transfer: the client is set aside, the third rung and, when he answers, joined; he hangs up."""
    talking(s)
    hold_client(s)
    dial_third(s, "+79161110201")
    third_ready(s)
    s.bridge(CALL, THIRD)
    s.ended(THIRD)
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def control_blind_operator_goes(s: Stage) -> None:
    """Blind transfer to a colleague; the operator ends the session, the two talk on; the client hangs up."""
    talking(s, "+79161110210")
    hold_client(s)
    ring_third(s, "op305")
    third_ready(s)
    s.bridge(CALL, THIRD)
    s.talk(0.3)
    s.hangup(OPERATOR)
    s.ended(OPERATOR)
    s.ended(CALL)
    s.ended(THIRD)
    s.settle()


def control_attended(s: Stage) -> None:
    """Attended transfer: operator and third speak, then the third gets the client; we hang up the client."""
    talking(s)
    hold_client(s)
    ring_third(s, "op305")
    third_ready(s)
    s.bridge(OPERATOR, THIRD)
    s.talk(0.5)
    here = s.ami.mark
    s.bridge(CALL, THIRD)
    s.ready_again(here)
    s.talk(0.5)
    s.hangup(CALL)
    s.ended(CALL)
    s.ended(THIRD)
    s.settle()


def control_attended_back(s: Stage) -> None:
    """The operator speaks with the third, hangs him up, and takes the client back."""
    talking(s)
    hold_client(s)
    dial_third(s, "+79161110200")
    third_ready(s)
    s.bridge(OPERATOR, THIRD)
    s.talk(0.5)
    here = s.ami.mark
    s.hangup(THIRD)
    s.ended(THIRD)
    s.ready_again(here)
    s.bridge()
    s.talk(0.3)
    over(s)


def control_attended_third_leaves(s: Stage) -> None:
    """The third hangs up while the operator speaks with him; the client is taken back."""
    talking(s)
    hold_client(s)
    dial_third(s, "+79161110201")
    third_ready(s)
    s.bridge(OPERATOR, THIRD)
    here = s.ami.mark
    s.ended(THIRD)
    s.ready_again(here)
    s.bridge()
    s.talk(0.3)
    over(s)


def control_swap(s: Stage) -> None:
    """The operator goes from the third back to the client while the third waits, and to the third again."""
    talking(s)
    hold_client(s)
    dial_third(s, "+79161110200")
    third_ready(s)
    s.bridge(OPERATOR, THIRD)
    s.talk(0.3)
    here = s.ami.mark
    s.redirect(THIRD, "callwright-hold")
    s.ami.event("UserEvent", since=here, UserEvent="CallwrightHold", Uniqueid=THIRD)
    s.bridge()
    s.talk(0.3)
    hold_client(s)
    s.bridge(OPERATOR, THIRD)
    s.talk(0.3)
    s.bridge(CALL, THIRD)
    s.talk(0.3)
    s.hangup(THIRD)
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


# --- a room of three ---


def control_room(s: Stage) -> None:
    """All three in a room; the client hangs up: the third is hung up, the operator ready."""
    talking(s)
    hold_client(s)
    ring_third(s, "op305")
    third_ready(s)
    s.bridge(OPERATOR, THIRD)
    s.talk(0.3)
    gather(s, ready_before=False)
    s.talk(1)
    here = s.ami.mark
    s.hangup(CALL)
    s.ended(CALL)
    s.ended(THIRD)
    s.ready_again(here)
    s.settle()


def control_room_at_once(s: Stage) -> None:
    """Operator and client talk, the third answers, and all go into the room; the third hangs up."""
    talking(s)
    dial_third(s, "+79161110201")
    third_ready(s)
    gather(s)
    s.ended(THIRD)
    s.talk(0.3)
    over(s)


def control_room_operator_leaves(s: Stage) -> None:
    """Client and third are joined out of the room, which ends; the third is hung up, then the client.

    Each is asked whether it has come to where it was sent, and asked for, until it has.
    """
    talking(s)
    dial_third(s, "+79161110200")
    third_ready(s)
    gather(s)
    s.talk(0.5)
    s.bridge(CALL, THIRD)
    here = s.ami.mark
    out_of_room(s, CALL, THIRD)
    s.bridge(CALL, THIRD)
    s.ready_again(here)
    s.talk(0.5)
    s.hangup(THIRD)
    s.ended(THIRD)
    s.alone()
    s.talk(0.3)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def control_room_third_leaves(s: Stage) -> None:
    """Client and operator are joined out of the room, which ends: the third is hung up."""
    talking(s)
    dial_third(s, "+79161110200")
    third_ready(s)
    gather(s)
    s.talk(0.5)
    s.bridge()
    out_of_room(s, CALL, OPERATOR)
    s.bridge()
    s.ended(THIRD)
    s.talk(0.3)
    over(s)


def control_room_left_too_soon(s: Stage) -> None:
    """Bridge comes while both still leave the room, is refused, and comes again; the operator's phone hangs up.

    It is refused one time in ten: to be recorded until it is.
    """
    talking(s)
    dial_third(s, "+79161110200")
    third_ready(s)
    gather(s)
    s.talk(0.5)
    here = s.ami.mark
    s.ami.ask("Redirect", *_out(CALL, OPERATOR))
    assert s.bridge()["Response"] == "Error"
    for leg in (CALL, OPERATOR):
        s.ami.event("BridgeLeave", since=here, Uniqueid=leg)
    s.talk(0.1)
    assert s.bridge()["Response"] == "Success"
    s.ended(THIRD)
    s.talk(0.3)
    s.hangup(OPERATOR)
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def control_room_left_for_nobody(s: Stage) -> None:
    """Client and operator are sent out of the room and nobody joins them: 2 s later he is on hold, she is ready."""
    talking(s)
    dial_third(s, "+79161110200")
    third_ready(s)
    gather(s)
    s.talk(0.5)
    here = s.ami.mark
    out_of_room(s, CALL, OPERATOR)
    s.ended(THIRD)
    s.ami.event("UserEvent", since=here, UserEvent="CallwrightHold", Uniqueid=CALL)
    s.ready_again(here)
    s.bridge()
    s.talk(0.3)
    over(s)


def control_hold_left_too_soon(s: Stage) -> None:
    """Bridge comes while the client still leaves the operator for the hold, is refused, and comes again."""
    talking(s)
    here = s.ami.mark
    s.ami.send(
        "Redirect", ("Channel", CALL), ("Context", "callwright-hold"), ("Exten", "s"), ("Priority", "1")
    )
    assert s.bridge()["Response"] == "Error"
    s.ami.event("UserEvent", since=here, UserEvent="CallwrightHold", Uniqueid=CALL)
    s.ready_again(here)
    assert s.bridge()["Response"] == "Success"
    s.talk(0.3)
    over(s)


def control_room_third_hung_up(s: Stage) -> None:
    """The third is hung up in the room; the other two speak on in it; the client is set aside and taken back."""
    talking(s)
    dial_third(s, "+79161110200")
    third_ready(s)
    gather(s)
    s.talk(0.5)
    s.hangup(THIRD)
    s.ended(THIRD)
    s.talk(0.3)
    here = s.ami.mark
    hold_client(s)
    s.ready_again(here)
    s.bridge()
    s.talk(0.3)
    over(s)


def control_room_operator_lost(s: Stage) -> None:
    """The operator's phone hangs up in the room: client and third talk on; then the third is hung up."""
    talking(s)
    dial_third(s, "+79161110200")
    third_ready(s)
    gather(s)
    s.talk(0.5)
    s.hangup(OPERATOR)
    s.ended(OPERATOR)
    s.talk(0.5)
    s.hangup(THIRD)
    s.ended(THIRD)
    s.talk(0.5)
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


# --- a supervisor ---


def control_listen(s: Stage) -> None:
    """A supervisor listens, whispers, barges in, listens again, and is hung up; the call goes on."""
    talking(s)
    listen(s, "listen")
    s.talk(0.5)
    for mode in ("whisper", "barge", "listen"):
        change_listening(s, mode)
        s.talk(0.5)
    s.hangup(SUPERVISOR)
    s.ended(SUPERVISOR)
    over(s)


def control_listen_operator_goes(s: Stage) -> None:
    """The operator's leg ends while a supervisor listens: the supervisor's ends too."""
    talking(s)
    listen(s, "listen")
    s.talk(0.3)
    s.hangup(OPERATOR)
    s.ended(SUPERVISOR)
    s.alone()
    s.hangup(CALL)
    s.ended(CALL)
    s.settle()


def control_listen_between_calls(s: Stage) -> None:
    """A supervisor stays at an operator's leg from one client to the next."""
    talking(s)
    listen(s, "whisper")
    s.talk(0.3)
    here = s.ami.mark
    s.hangup(CALL)
    s.ended(CALL)
    s.ready_again(here)
    s.talk(0.3)
    s.dial("+79161110201", record.SECOND)
    s.client_ready(record.SECOND)
    s.bridge(record.SECOND)
    s.ended(record.SECOND)
    s.hangup(SUPERVISOR)
    s.ended(SUPERVISOR)
    s.settle()


def control_listen_to_nobody(s: Stage) -> None:
    """A supervisor's phone is rung to a leg that does not live: it is answered and ends at once."""
    s.login()
    listen(s, "listen")
    s.ended(SUPERVISOR)
    s.settle()


def control_taken_over(s: Stage) -> None:
    """A supervisor who listens takes the client over: the operator is ready; the client hangs up."""
    talking(s, "+79161110210")
    listen(s, "listen")
    s.talk(0.3)
    here = s.ami.mark
    s.bridge(CALL, SUPERVISOR)
    s.ready_again(here)
    s.ended(CALL)
    s.ended(SUPERVISOR)
    s.settle()


# --- keys, the recording, the echo ---


def control_digits(s: Stage) -> None:
    """We send the client's end three keys."""
    talking(s)
    for digit in "1*D":
        s.ami.ask("PlayDTMF", ("Channel", CALL), ("Digit", digit))
        s.talk(0.06)
    s.talk(0.3)
    over(s)


def control_recording_paused(s: Stage) -> None:
    """The recording is paused for a second and goes on."""
    talking(s)
    for state in "10":
        s.ami.ask("MixMonitorMute", ("Channel", CALL), ("Direction", "both"), ("State", state))
        s.talk(1)
    over(s)


def control_orders_without_channel(s: Stage) -> None:
    """Orders for legs that are not there."""
    s.login()
    s.redirect(CALL, "callwright-hold")
    s.ami.ask("PlayDTMF", ("Channel", CALL), ("Digit", "1"))
    s.ami.ask("MixMonitorMute", ("Channel", CALL), ("Direction", "both"), ("State", "1"))
    s.session()
    s.ami.ask("MixMonitorMute", ("Channel", OPERATOR), ("Direction", "both"), ("State", "1"))
    s.ami.ask("PlayDTMF", ("Channel", OPERATOR), ("Digit", "1"))
    s.ami.ask(
        "Redirect", ("Channel", OPERATOR), ("ExtraChannel", THIRD),
        ("Context", "callwright-room"), ("Exten", "operator"), ("Priority", "1"),
        ("ExtraContext", "callwright-room"), ("ExtraExten", "third"), ("ExtraPriority", "1"),
    )  # fmt: skip
    s.ami.ask(
        "Redirect", ("Channel", THIRD), ("ExtraChannel", OPERATOR),
        ("Context", "callwright-room"), ("Exten", "third"), ("Priority", "1"),
        ("ExtraContext", "callwright-room"), ("ExtraExten", "operator"), ("ExtraPriority", "1"),
    )  # fmt: skip
    s.talk(0.3)
    s.hangup(OPERATOR)
    s.ended(OPERATOR)
    s.settle()


def control_echo(s: Stage) -> None:
    """A phone is rung to the echo, and hung up."""
    s.login()
    s.ids["echo"] = THIRD
    order(s, THIRD, "PJSIP/op301", "callwright-echo")
    s.ami.event("OriginateResponse", Response="Success")
    s.talk(0.5)
    s.hangup(THIRD)
    s.ended(THIRD)
    s.settle()


FLOWS: dict[str, Callable[[Stage], None]] = {
    name: flow for name, flow in list(globals().items()) if name.startswith("control_")
}


def main() -> None:
    record.FLOWS |= FLOWS
    with Network():
        asterisk = AsteriskServer()
        ends: list[FarEnd] = []
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
