"""The rig itself: a browser phone and a client at sipp meet on a real Asterisk, and both are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig import stage
from tests.rig.asterisk import AsteriskServer
from tests.rig.browser import BrowserPhone, chromium, served
from tests.rig.browser_files import PHONE
from tests.rig.far_end import CLIENT_HZ, FarEnd
from tests.rig.fixtures import ami, asterisk, far_end, network, voice
from tests.rig.network import Network
from tests.rig.sound import MUSIC_HZ, Clock, loudest_hz, loudness, moments_apart, read_wav
from tests.rig.wire import RawAmi

__all__ = ["ami", "asterisk", "far_end", "network", "voice"]

pytestmark = pytest.mark.browser

OPERATOR = "01JCW0000000000000000T0001"
CALL = "01JCW0000000000000000T0002"


@pytest.fixture(scope="module")
def phone(network: Network, asterisk: AsteriskServer, voice: Path) -> Iterator[BrowserPhone]:
    with served(PHONE) as address, chromium(voice) as browser:
        phone = BrowserPhone(browser, address, user="op201", password=asterisk.accounts.browser)
        phone.wait_registered()
        yield phone


def test_session_and_client_are_bridged_and_both_recorded(
    asterisk: AsteriskServer, far_end: FarEnd, phone: BrowserPhone, ami: RawAmi
) -> None:
    assert "Asterisk" in asterisk.version()
    stage.start_session(ami, OPERATOR, "op201")
    stage.session_ready(ami, OPERATOR)
    phone.wait_up()

    stage.dial(ami, CALL, "+79161110200")
    stage.client_ready(ami, CALL)
    here = ami.mark
    assert stage.bridge(ami, CALL, OPERATOR)["Response"] == "Success"
    ami.drain(4)
    stage.hangup(ami, CALL)
    end = float(stage.ended(ami, CALL)["Timestamp"])
    stage.session_ready(ami, OPERATOR, since=here)

    started = float(ami.event("MixMonitorStart", Uniqueid=CALL)["Timestamp"])
    said, heard = (read_wav(path) for path in asterisk.recordings(CALL))
    for samples, rate in (said, heard):
        assert rate == 8000
        assert loudness(samples) > 0.05
        assert len(samples) / rate == pytest.approx(end - started, abs=0.2)
    assert len(said[0]) == len(heard[0]), "both files keep step"
    assert loudest_hz(*said) == pytest.approx(CLIENT_HZ, abs=2)

    truth, began = phone.microphone.clock()
    recorded = Clock.listen(*heard)
    assert len(recorded.ticks) >= 3, "the operator's voice is in the recording"
    for tick in recorded.ticks:
        late = moments_apart(truth.moment(started + tick.position - began), tick.second)
        # The way of the sound, and what the recording loses when one side's sound comes late.
        assert abs(late) < 0.2, "a position in the recording is the moment of the voice"

    rest = heard[0][8000:]
    assert loudness(rest) > 0.05
    assert loudest_hz(rest, 8000) != pytest.approx(MUSIC_HZ, abs=20), "no hold music in the call"
