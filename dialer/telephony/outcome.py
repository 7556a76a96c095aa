"""What came of a call: one table for each word that Asterisk has for it, and the order in which they count.

No single source tells the truth: a failed order's own channel may end with cause 0 while its other half knows
"busy"; an unallocated number has reason 0 and cause 1; a cancelled call ends with "interworking". So the most
telling source speaks first. Causes are Q.850's as Asterisk gives them (`hangupcauses`), reasons are those of
`OriginateResponse` (seen: 0 failure, 3 our own time limit, 4 answered, 5 busy, 8 congestion); the technical
cause is SIP's answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialer.telephony.model import Direction, EndReason, Leg, Outcome

CAUSES: dict[int, Outcome] = {
    1: Outcome.WRONG_NUMBER,  # unallocated
    2: Outcome.UNREACHABLE,  # no route to the transit network
    3: Outcome.UNREACHABLE,  # no route to the destination
    17: Outcome.BUSY,
    18: Outcome.NO_ANSWER,  # no user responding
    19: Outcome.NO_ANSWER,
    20: Outcome.UNREACHABLE,  # subscriber absent
    21: Outcome.REJECTED,
    22: Outcome.WRONG_NUMBER,  # number changed
    27: Outcome.UNREACHABLE,  # destination out of order
    28: Outcome.WRONG_NUMBER,  # invalid number format
    29: Outcome.REJECTED,  # facility rejected
    34: Outcome.CONGESTION,
    38: Outcome.CONGESTION,  # network out of order
    41: Outcome.CONGESTION,  # temporary failure
    42: Outcome.CONGESTION,  # switch congestion
    44: Outcome.CONGESTION,  # requested channel not available
    50: Outcome.REJECTED,  # facility not subscribed
    57: Outcome.REJECTED,  # bearer capability not authorised
    58: Outcome.FAILED,  # bearer capability not available: no codec in common
    88: Outcome.FAILED,  # incompatible destination
    102: Outcome.UNREACHABLE,  # recovery on timer expiry
}
STATUSES: dict[str, Outcome] = {
    "BUSY": Outcome.BUSY,
    "CONGESTION": Outcome.CONGESTION,
    "CHANUNAVAIL": Outcome.UNREACHABLE,
    "NOANSWER": Outcome.NO_ANSWER,
    "CANCEL": Outcome.NO_ANSWER,
}
REASONS: dict[int, Outcome] = {
    5: Outcome.BUSY,
    8: Outcome.CONGESTION,
}
OUR_LIMIT = 3
TECHNICAL: dict[str, Outcome] = {
    "480": Outcome.UNREACHABLE,  # temporarily unavailable; its cause says no more than "no answer"
}


def outcome_of(client: Leg, direction: Direction, end: EndReason | None) -> Outcome:
    """The outcome of an ended call. Any order of the events that made `client` gives the same."""
    if client.answered_at is not None:
        return Outcome.ANSWERED
    if direction is Direction.INBOUND:
        return Outcome.NO_ANSWER
    if end in (EndReason.LOST_SIGHT, EndReason.PBX_RESTARTED):
        return Outcome.UNKNOWN
    return next(_told(client), _untold(client))


def _told(client: Leg) -> Iterator[Outcome]:
    if client.order_reason == OUR_LIMIT:
        yield Outcome.NO_ANSWER
    if client.tech_cause in TECHNICAL:
        yield TECHNICAL[client.tech_cause]
    for cause in (client.cause, client.other_cause):
        if cause in CAUSES:
            yield CAUSES[cause]
    if client.order_reason in REASONS:
        yield REASONS[client.order_reason]
    if client.dial_status in STATUSES:
        yield STATUSES[client.dial_status]


def _untold(client: Leg) -> Outcome:
    """Cleared without a telling cause: it rang and somebody gave up, or nobody was ever asked."""
    gave_up = client.ringing_at is not None or client.hangup_ordered_at is not None
    return Outcome.NO_ANSWER if gave_up else Outcome.FAILED
