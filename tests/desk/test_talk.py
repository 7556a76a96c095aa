"""Who is with whom, decided from facts alone: whatever they are, nobody is left behind with music."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.desk.talk import Controls, Goal, Stage, Standing, Third, controls, has_gone, stage_seen, todo
from dialer.telephony.model import Call, CallState, Direction, Leg, LegRole, Place

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BRIDGES = st.sampled_from(["", "a", "b"])


def legs(role: LegRole) -> st.SearchStrategy[Leg]:
    return st.builds(
        Leg,
        id=st.just(role.value),
        role=st.just(role),
        bridge=BRIDGES,
        stands=st.sampled_from([None, Place.HOLD, Place.ALONE, Place.THIRD]),
        answered_at=st.sampled_from([None, 1.0]),
        ended_at=st.sampled_from([None, 2.0]),
        order_reason=st.sampled_from([None, 0, 5]),
        hangup_requested_at=st.sampled_from([None, 2.0]),
    )


calls = st.builds(
    Call,
    id=st.just("C"),
    direction=st.just(Direction.OUTBOUND),
    client=legs(LegRole.CLIENT),
    operator=st.none() | legs(LegRole.OPERATOR),
    third=st.none() | legs(LegRole.THIRD),
    state=st.sampled_from(CallState),
)
thirds = st.builds(
    Third,
    row=st.just("R"),
    leg=st.just(LegRole.THIRD.value),
    goal=st.sampled_from(Goal),
    stage=st.sampled_from(Stage),
    name=st.just("Anna"),
    in_session=st.booleans(),
    since=st.just(NOW),
    ring_timeout_s=st.just(20),
)
standings = st.builds(
    Standing,
    pbx_up=st.booleans(),
    talking=st.booleans(),
    away=st.booleans(),
    held=st.booleans(),
    third=st.none() | thirds,
)


@given(thirds, calls)
def test_what_is_over_is_always_dealt_with(third: Third, call: Call) -> None:
    due = todo(third, call)
    if third.stage is Stage.HANDED:
        assert due == "", "the call is no more this desk's"
    elif call.state is CallState.ENDED:
        assert due == "release"
    elif has_gone(call, third.leg):
        assert due == "bring_back"


@given(thirds, calls)
def test_what_was_settled_stays_so(third: Third, call: Call) -> None:
    settled = msgspec.structs.replace(third, stage=stage_seen(third, call))
    assert stage_seen(settled, call) is settled.stage
    assert todo(settled, call) != "settle"


@given(thirds, calls)
def test_nobody_gets_the_client_who_was_not_to_have_them(third: Third, call: Call) -> None:
    """But for an operator who hangs up among three, or on the way there: those two speak on."""
    if stage_seen(third, call) is Stage.HANDED and third.stage is not Stage.HANDED:
        meant = third.goal in (Goal.HAND_OVER, Goal.TAKE_OVER)
        three = third.stage is Stage.TOGETHER or third.goal is Goal.TOGETHER
        left = three and call.operator is not None and call.operator.hangup_requested
        assert meant or left
        assert call.third is not None and call.client.bridge == call.third.bridge != ""


@given(thirds, calls)
def test_another_leg_says_nothing_of_this_third(third: Third, call: Call) -> None:
    other = replace(call, third=replace(call.third, id="another") if call.third is not None else None)
    assert stage_seen(third, other) is third.stage
    assert not has_gone(other, third.leg)


@given(standings)
def test_buttons_are_greyed_for_a_reason(at: Standing) -> None:
    reasons = controls(at)
    if not at.talking or not at.pbx_up or at.away:
        assert all(msgspec.structs.astuple(reasons)), "nothing can be pressed"
    if at.third is None:
        assert reasons.complete and reasons.back and reasons.join
    else:
        assert reasons.transfer and reasons.hold
    usable = at.talking and at.pbx_up and not at.away
    if usable and at.third is not None and at.third.goal is not Goal.TAKE_OVER:
        assert reasons.back == "", "there is always a way back to the client"


@pytest.mark.parametrize(
    ("at", "reasons"),
    [
        (
            Standing(pbx_up=True, talking=True, away=False, held=False, third=None),
            Controls(hold="", digits="", transfer="", complete="no_third", back="no_third", join="no_third"),
        ),
        (
            Standing(pbx_up=False, talking=True, away=False, held=False, third=None),
            Controls(**dict.fromkeys(Controls.__struct_fields__, "pbx_away")),
        ),
        (
            Standing(pbx_up=True, talking=True, away=True, held=False, third=None),
            Controls(**dict.fromkeys(Controls.__struct_fields__, "phone_lost")),
        ),
    ],
)
def test_the_reasons_themselves(at: Standing, reasons: Controls) -> None:
    assert controls(at) == reasons
