"""Who is in a call besides the client and the operator, and what may be done about it now.

Pure: from what the operator wants (kept on the desk) and what the PBX reports (the legs' facts) to where the third
stands, what is to be done next, and which buttons may be pressed. The same refusals answer a press and grey a button.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Literal

from msgspec import Struct

from dialer.telephony.model import Call, CallState, Leg, Place
from dialer.telephony.tracker import left_alone


class Goal(enum.StrEnum):
    """What the third was brought in for."""

    CONSULT = "consult"  # to speak with the operator first, while the client hears music
    HAND_OVER = "hand_over"  # to have the client alone
    TOGETHER = "together"  # to speak with both
    TAKE_OVER = "take_over"  # a supervisor who comes for the client; until then nothing changes for anybody


class Stage(enum.StrEnum):
    RINGING = "ringing"
    SPEAKING = "speaking"  # with the operator; the client hears music
    TOGETHER = "together"
    HANDED = "handed"  # has the client; the operator is free


class Third(Struct, frozen=True, kw_only=True):
    """Somebody who is brought into a call. `in_session`: the leg is a colleague's, and not ours to hang up."""

    row: str  # its row in the store: a colleague's leg comes into many calls
    leg: str
    goal: Goal
    stage: Stage = Stage.RINGING
    name: str  # a colleague's name, or the number as people write it
    number: str = ""  # E.164 of a number outside, else ""
    user_id: int | None = None
    in_session: bool = False
    since: datetime
    ring_timeout_s: int


class Guest(Struct, frozen=True, kw_only=True):
    """A colleague's call to which this desk's phone is lent."""

    call_id: str
    leg: str
    host_id: int
    host: str
    campaign_id: int
    client_id: int
    number: str
    since: datetime
    run_id: str = ""  # of the host's script with this client


Todo = Literal["", "connect", "settle", "bring_back", "release"]


def todo(third: Third, call: Call) -> Todo:
    """What is to be done about the third now."""
    if third.stage is Stage.HANDED:
        return ""
    if call.state is CallState.ENDED:
        return "release"
    if has_gone(call, third.leg):
        return "bring_back"
    if stage_seen(third, call) is not third.stage:
        return "settle"
    return "connect" if third.stage is Stage.RINGING and is_ready(third, call) else ""


def is_ready(third: Third, call: Call) -> bool:
    """Whether its leg waits to be joined. A colleague in session always does."""
    leg = call.third
    return leg is not None and leg.id == third.leg and (third.in_session or leg.stands is Place.THIRD)


def has_gone(call: Call, leg: str) -> bool:
    """Whether the third's leg is over, or never came to be. One that did tells by its end why it does not come."""
    third = call.third
    if third is None or third.id != leg:
        return False
    never_made = third.order_reason is not None and third.created_at is None and third.answered_at is None
    return third.ended_at is not None or never_made


def stage_seen(third: Third, call: Call) -> Stage:
    """Where the third stands by the bridges; where these say nothing, as it was.

    The three come into a room one after the other: a third alone with the client has been handed them only if
    that was meant, or if the operator has hung up, be it on the way into the room.
    """
    leg = call.third
    if leg is None or leg.id != third.leg or not leg.bridge:
        return third.stage
    client, operator = _is_in(call.client, leg.bridge), _is_in(call.operator, leg.bridge)
    if client and operator:
        return Stage.TOGETHER
    if operator:
        return Stage.SPEAKING
    all_three = third.stage is Stage.TOGETHER or third.goal is Goal.TOGETHER
    left = all_three and operator_hung_up(call)
    meant = third.goal in (Goal.HAND_OVER, Goal.TAKE_OVER)
    return Stage.HANDED if client and (meant or left) else third.stage


def _is_in(leg: Leg | None, bridge: str) -> bool:
    return leg is not None and leg.bridge == bridge


def together(call: Call) -> bool:
    """Whether client and operator hear each other."""
    return bool(call.client.bridge) and _is_in(call.operator, call.client.bridge)


def operator_hung_up(call: Call) -> bool:
    """Whether the operator's own end put the phone down. A leg that ended otherwise was lost."""
    operator = call.operator
    return operator is not None and operator.hangup_requested


def is_held(call: Call) -> bool:
    """Whether the client hears music by our own doing."""
    return call.client.stands is Place.HOLD


def is_alone(call: Call) -> bool:
    """Whether whom the client spoke with is gone."""
    return left_alone(call)


# --- what may be pressed ------------------------------------------------------------------------------------


class Controls(Struct, frozen=True, kw_only=True):
    """Why each button can't be pressed now, as a code; "" where it can."""

    hold: str
    digits: str
    transfer: str
    complete: str
    back: str
    join: str


class Standing(Struct, frozen=True, kw_only=True):
    """What the buttons depend on."""

    pbx_up: bool
    talking: bool  # answered, not over, on this desk
    away: bool  # the operator's phone was lost
    held: bool
    third: Third | None


def controls(at: Standing) -> Controls:
    """The reasons of all buttons of the call."""
    general = _general(at)
    third = at.third
    stage = third.stage if third is not None else None
    coming = third is not None and third.goal is Goal.TAKE_OVER
    no_third = general or ("taken_over" if coming else "" if third is not None else "no_third")
    both = "" if stage in (Stage.SPEAKING, Stage.TOGETHER) else "third_rings"
    return Controls(
        hold=general or ("third_there" if third is not None else ""),
        digits=general or ("client_held" if at.held and stage is not Stage.SPEAKING else ""),
        transfer=general or ("taken_over" if coming else "third_there" if third is not None else ""),
        complete=no_third or both,
        back=no_third,
        join=no_third or (both if stage is not Stage.TOGETHER else "already_together"),
    )


def _general(at: Standing) -> str:
    if not at.talking:
        return "no_talk"
    if not at.pbx_up:
        return "pbx_away"
    return "phone_lost" if at.away else ""
