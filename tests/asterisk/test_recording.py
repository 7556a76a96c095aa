"""What Asterisk's recordings are, as the contract says: two files in step whose time is the call's time."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig import stage
from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import CLIENT_HZ, OPERATOR_HZ, FarEnd
from tests.rig.fixtures import ami, asterisk, far_end, network, phones
from tests.rig.sound import loudest_hz, loudness, read_wav
from tests.rig.wire import RawAmi

__all__ = ["ami", "asterisk", "far_end", "network", "phones"]

HEADER = 44
RATE = 8000
_serial = itertools.count(1)


def leg(kind: str) -> str:
    return f"01JCW0000000000000000{kind}{next(_serial):04d}"


class Call:
    """One recorded call of a session on op301: what was measured of it."""

    def __init__(self, ami: RawAmi, asterisk: AsteriskServer, number: str) -> None:
        self.ami, self.asterisk = ami, asterisk
        self.operator, self.id = leg("S"), leg("C")
        stage.start_session(ami, self.operator)
        stage.session_ready(ami, self.operator)
        stage.dial(ami, self.id, number)
        stage.client_ready(ami, self.id)

    def bridge(self) -> None:
        assert stage.bridge(self.ami, self.id, self.operator)["Response"] == "Success"

    def end(self) -> float:
        """Hang up; how long it was recorded, in Asterisk's own clock."""
        stage.hangup(self.ami, self.id)
        ended = float(stage.ended(self.ami, self.id)["Timestamp"])
        return ended - float(self.ami.event("MixMonitorStart", Uniqueid=self.id)["Timestamp"])

    def files(self) -> tuple[Path, Path]:
        return self.asterisk.recordings(self.id)


def talk(call: Call) -> None:
    call.bridge()
    call.ami.drain(1.5)


def wait_then_talk(call: Call) -> None:
    call.ami.drain(0.7)
    talk(call)


def pause_the_recording(call: Call) -> None:
    call.bridge()
    for state in ("1", "0"):
        call.ami.ask("MixMonitorMute", ("Channel", call.id), ("Direction", "both"), ("State", state))
        call.ami.drain(0.7)


@pytest.mark.parametrize("act", [talk, wait_then_talk, pause_the_recording])
@pytest.mark.parametrize("number", ["+79161110200", "+79161110203"], ids=["client speaks", "client silent"])
def test_both_files_last_as_long_as_the_call(
    asterisk: AsteriskServer,
    far_end: FarEnd,
    phones: FarEnd,
    ami: RawAmi,
    act: Callable[[Call], None],
    number: str,
) -> None:
    call = Call(ami, asterisk, number)
    act(call)
    lasted = call.end()
    said, heard = (read_wav(path) for path in call.files())
    assert said[1] == heard[1] == RATE
    assert len(said[0]) == len(heard[0])
    assert len(said[0]) / RATE == pytest.approx(lasted, abs=0.2)
    last = heard[0][-RATE // 2 :]
    assert loudest_hz(last, RATE) == pytest.approx(OPERATOR_HZ, abs=2)
    if number.endswith("200"):
        assert loudest_hz(said[0][-RATE // 2 :], RATE) == pytest.approx(CLIENT_HZ, abs=2)
    else:
        assert loudness(said[0]) < 1e-3


def test_a_call_that_is_not_to_be_recorded_is_not(
    asterisk: AsteriskServer, far_end: FarEnd, ami: RawAmi
) -> None:
    call = leg("C")
    stage.dial(ami, call, "+79161110201", record=False)
    stage.client_ready(ami, call)
    stage.ended(ami, call)
    assert ami.events("MixMonitorStart", Uniqueid=call) == []
    assert not any(path.exists() for path in asterisk.recordings(call))


def test_scenario_39_killed_in_mid_call_the_file_has_no_sizes_and_lacks_its_tail(
    asterisk: AsteriskServer, far_end: FarEnd, phones: FarEnd
) -> None:
    with RawAmi() as ami:
        ami.login(asterisk.accounts.ami)
        call = Call(ami, asterisk, "+79161110200")
        call.bridge()
        ami.drain(4)
        asterisk.kill()
    asterisk.start()
    for path in call.files():
        data = path.read_bytes()
        assert int.from_bytes(data[40:44], "little") == 0, "the size of the data is written at the end"
        assert (len(data) - HEADER) / 2 / RATE > 4 - 2.2
