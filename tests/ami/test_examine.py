"""When a leg of the doctor's own is over: whatever comes first, its cause is not missed."""

from __future__ import annotations

from itertools import permutations

import pytest

from dialer.ami.examine import _Ears, _echo
from dialer.ami.messages import Message
from dialer.ami.translate import ORDER

LEG = "01JCWECHO"
BORN = Message("Newchannel", {"Uniqueid": LEG, "Timestamp": "1.0"})
FAILED = Message("OriginateResponse", {"ActionID": ORDER + LEG, "Response": "Failure", "Timestamp": "2.0"})
GONE = Message("Hangup", {"Uniqueid": LEG, "Cause": "17", "Timestamp": "2.0"})


@pytest.mark.parametrize("last", list(permutations((FAILED, GONE))))
async def test_a_busy_phone_is_busy_in_either_order(last: tuple[Message, ...]) -> None:
    ears = _Ears()
    ears.follow(LEG)
    ears.hear(BORN)
    for message in last:
        ears.hear(message)
        assert await ears.to_its_end(0.01) is (GONE in ears.heard)
    assert _echo(ears.of(LEG), True).cause == 17


async def test_a_phone_that_there_is_not_ends_with_the_orders_failure() -> None:
    ears = _Ears()
    ears.follow(LEG)
    ears.hear(FAILED)
    assert await ears.to_its_end(0.01)
    assert _echo(ears.of(LEG), True).cause == 0
