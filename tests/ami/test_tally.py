"""What a line counts goes on over its connections, and tells what was ignored and what may have been lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from dialer.ami.pbx import AsteriskPbx
from dialer.ami.tally import Tally
from dialer.telephony.model import LegEnded
from dialer.telephony.port import Connected, Disconnected, OrderUnknown, Report
from tests.ami.fake_server import FakeAmi, message, serving

DEADLINE_S = 5.0


class Heard:
    """A sink that notes all reports and fails at the end of any leg."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self._came = asyncio.Event()

    def __call__(self, report: Report) -> None:
        self.reports.append(report)
        self._came.set()
        if isinstance(report, LegEnded):
            raise RuntimeError("as a fault of ours would")

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                self._came.clear()
                await self._came.wait()

    def number(self, kind: type) -> int:
        return sum(isinstance(one, kind) for one in self.reports)


def figures(pbx: AsteriskPbx) -> dict[str, object]:
    return {figure.name: figure.value for figure in pbx.figures()}


def hangup(leg: str) -> str:
    return message(
        "Event: Hangup", f"Uniqueid: {leg}", "Cause: 16", "Timestamp: 1.0", f"Channel: PJSIP/{leg}"
    )


async def test_scenario_23_what_is_ignored_and_what_may_be_lost_is_counted_over_all_connections() -> None:
    """Also 27: answers that name no order. The gap itself is counted, for what happened in it nobody told."""
    fake, heard = FakeAmi(), Heard()
    fake.answers["Hangup"] = lambda headers: None
    async with serving(fake):
        pbx = AsteriskPbx(fake.settings(action_s=0.1), heard, rng=random.Random(1))
        assert figures(pbx)["pbx_up"] == 0.0
        await pbx.start()
        try:
            await heard.until(lambda: heard.number(Connected) == 1)
            with pytest.raises(OrderUnknown):
                await pbx.hangup(leg="a")
            fake.push(message("Event: VarSet", "Variable: x", "Value: y"))
            fake.push(message("Response: Error", "Message: Missing action in request"))
            fake.push(hangup("a") + message("Event: Hangup", "Uniqueid: b", "Cause: 16"))
            await heard.until(lambda: heard.number(LegEnded) == 2)
            before = figures(pbx)
            fake.cut()
            await heard.until(lambda: heard.number(Disconnected) == 1 and heard.number(Connected) == 2)
            fake.push(hangup("c"))
            await heard.until(lambda: heard.number(LegEnded) == 3)
            after = figures(pbx)
        finally:
            await pbx.stop()
    assert (before["ami_unanswered"], before["ami_to_nobody"], before["ami_skipped"]) == (1, 1, 1)
    assert (before["ami_not_taken"], before["ami_untimed"], before["ami_gaps"]) == (2, 1, 0)
    assert (after["ami_not_taken"], after["ami_gaps"], after["ami_connections"]) == (3, 1, 2)
    assert after["ami_to_nobody"] == 1, "what an earlier connection counted is not forgotten"
    assert (after["pbx_up"], pbx.lost) == (1.0, 3)
    assert after["ami_pending_actions"] in (0, 1), "a ping may be under way, nothing else is"


def test_tallies_add_up_in_every_part() -> None:
    one = Tally(*range(1, 10))
    assert one + Tally() == one
    assert one + one == Tally(*range(2, 20, 2))
    assert one.lost == one.malformed + one.not_taken
