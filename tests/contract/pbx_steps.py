"""What the scenarios of the telephony port are made of."""

from __future__ import annotations

import wave

import numpy as np

from dialer.telephony.model import Call, CallState, ClientReady, LegBridged, SessionReady
from dialer.telephony.port import DialOrder
from tests.contract.pbx_bench import Bench, new_id

STAYS, LEAVES, RINGS_ON = "+79161110200", "+79161110201", "+79161110408"
LEAVES_LATE, BUSY = "+79161110210", "+79161110486"
LINE = "PJSIP/{number}@trunk"


def order(call: str, number: str, *, record: bool = True, timeout_s: int = 20, line: str = LINE) -> DialOrder:
    return DialOrder(
        call=call, number=number, line=line, caller_id="+74951234567", ring_timeout_s=timeout_s, record=record
    )


async def session(bench: Bench, endpoint: str = "op301") -> str:
    leg = new_id()
    await bench.pbx.start_session(leg=leg, endpoint=endpoint, timeout_s=20)
    await bench.ear.report(SessionReady, leg=leg)
    return leg


async def answered(bench: Bench, number: str, *, record: bool = True) -> str:
    call = new_id()
    await bench.pbx.dial(order(call, number, record=record))
    assert (await bench.ear.report(ClientReady, leg=call)).call == call
    return call


async def joined(bench: Bench, client: str, operator: str) -> None:
    here = bench.ear.mark
    await bench.pbx.bridge(client=client, operator=operator)

    def together() -> bool | None:
        """A leg may come into a bridge and out of it before that one which has both."""
        last = {one.leg: one.bridge for one in bench.ear.heard[here:] if isinstance(one, LegBridged)}
        return (client in last and last[client] == last.get(operator)) or None

    await bench.ear.until(together)


async def ended(bench: Bench, call: Call) -> Call:
    """The call as tracked to its end, when all that belongs to it was heard."""
    return await bench.ear.until(
        lambda: found if (found := bench.ear.follow(call)).state is CallState.ENDED else None
    )


def loudness(bench: Bench, call: str, side: str) -> tuple[float, float]:
    """Seconds and the root mean square (of 1) of one side of a recording."""
    with wave.open(str(bench.recordings / f"{call}-{side}.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    return len(samples) / 8000, float(np.sqrt((samples**2).mean())) / 32768 if len(samples) else 0.0


def loudness_or_nothing(bench: Bench, call: str) -> float | None:
    """None until both files are closed."""
    try:
        lengths = [loudness(bench, call, side)[0] for side in ("in", "out")]
    except (OSError, EOFError, wave.Error):
        return None
    return min(lengths) or None
