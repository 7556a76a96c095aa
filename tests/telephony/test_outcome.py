"""Every set of facts has one outcome, and the stronger word wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.model import Direction, EndReason, Leg, LegRole, Outcome
from dialer.telephony.outcome import CAUSES, outcome_of

TIME = st.none() | st.floats(0, 100)
LEG = st.builds(
    Leg,
    id=st.just("C"),
    role=st.just(LegRole.CLIENT),
    created_at=TIME,
    ringing_at=TIME,
    answered_at=TIME,
    ended_at=TIME,
    hangup_ordered_at=TIME,
    cause=st.none() | st.integers(0, 200),
    other_cause=st.none() | st.integers(0, 200),
    tech_cause=st.sampled_from(["", "404", "480", "486", "x"]),
    dial_status=st.sampled_from(["", "BUSY", "NOANSWER", "CANCEL", "CONGESTION", "CHANUNAVAIL", "ODD"]),
    order_reason=st.none() | st.integers(0, 9),
)


@given(LEG, st.sampled_from(Direction), st.none() | st.sampled_from(EndReason))
def test_there_is_always_one_and_an_answer_wins(
    leg: Leg, direction: Direction, end: EndReason | None
) -> None:
    outcome = outcome_of(leg, direction, end)
    assert (outcome is Outcome.ANSWERED) == (leg.answered_at is not None)
    if leg.answered_at is None and direction is Direction.OUTBOUND:
        assert (outcome is Outcome.UNKNOWN) == (end in (EndReason.LOST_SIGHT, EndReason.PBX_RESTARTED))
    if leg.answered_at is None and direction is Direction.INBOUND:
        assert outcome is Outcome.NO_ANSWER


def leg(**facts: object) -> Leg:
    return Leg(id="C", role=LegRole.CLIENT, created_at=1.0, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"cause": 17, "order_reason": 0, "dial_status": "BUSY"}, Outcome.BUSY),
        ({"cause": 0, "other_cause": 34}, Outcome.CONGESTION),
        ({"cause": 0, "order_reason": 5}, Outcome.BUSY),
        ({"cause": 0, "dial_status": "CHANUNAVAIL"}, Outcome.UNREACHABLE),
        ({"cause": 127, "tech_cause": "487", "ringing_at": 2.0}, Outcome.NO_ANSWER),
        ({"cause": 16, "hangup_ordered_at": 2.0}, Outcome.NO_ANSWER),
        ({"cause": 16}, Outcome.FAILED),
        ({"cause": 19, "tech_cause": "480", "order_reason": 3}, Outcome.NO_ANSWER),
        ({"cause": 19, "tech_cause": "480", "order_reason": 0}, Outcome.UNREACHABLE),
        ({"cause": 1, "order_reason": 0, "dial_status": "NOANSWER"}, Outcome.WRONG_NUMBER),
        ({"cause": 28}, Outcome.WRONG_NUMBER),
        ({"cause": 21, "dial_status": "NOANSWER"}, Outcome.REJECTED),
    ],
)
def test_what_counts_most(facts: dict[str, object], outcome: Outcome) -> None:
    assert outcome_of(leg(**facts), Direction.OUTBOUND, EndReason.HANGUP) is outcome


def test_normal_clearing_tells_nothing() -> None:
    assert not {0, 16, 31, 127} & CAUSES.keys()
