"""Call control on a real Asterisk: who hears whom, told by a tone of each party's own on the wire."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.rig import record_control as control
from tests.rig.asterisk import PROVIDER, AsteriskServer
from tests.rig.far_end import CLIENT_HZ, OPERATOR_HZ, FarEnd, desk_phones, provider
from tests.rig.network import Network
from tests.rig.record import CALL, OPERATOR, Stage
from tests.rig.sip_phone import SipPhone
from tests.rig.sound import MUSIC_HZ, read_wav, strength
from tests.rig.tap import Tap

SUPERVISOR_HZ, THIRD_HZ = 1900.0, 1900.0
HEARD, NOT_HEARD = 0.1, 0.01
PHONE = """
[op306](callwright-phone)
aors = op306
[op307](callwright-phone)
aors = op307
[op307](callwright-aor)
contact = sip:op307@127.0.0.1:5087
qualify_frequency = 0
[op306](callwright-aor)
contact = sip:op306200@127.0.0.1:5081
qualify_frequency = 0
"""


@pytest.fixture(scope="module")
def stage() -> Iterator[AsteriskServer]:
    """An Asterisk with the provider, the desks' phones, and a phone op306 with a voice of its own."""
    with Network():
        asterisk = AsteriskServer()
        with (asterisk.etc / "pjsip_local.conf").open("a") as file:
            file.write(PHONE)
        ends: list[FarEnd] = []
        try:
            asterisk.start()
            ends += [provider(), desk_phones(), FarEnd("127.0.0.1", 5081, hz=SUPERVISOR_HZ)]
            yield asterisk
        finally:
            for end in ends:
                end.remove()
            asterisk.remove()


@pytest.fixture
def act(stage: AsteriskServer) -> Iterator[Stage]:
    act = Stage(stage)
    yield act
    act.ami.close()
    stage.cli("channel request hangup all")


def listening(act: Stage, tap: Tap, hz: float) -> dict[str, float]:
    """For a second, how loud the voice of `hz` is to each party."""
    began = time.time()
    act.talk(1.0)
    until = time.time()
    voices = {"client": CLIENT_HZ, "operator": OPERATOR_HZ, "other": SUPERVISOR_HZ}
    phones = {who: tap.voice_of(own, began) for who, own in voices.items()}
    assert phones["client"][0] == PROVIDER
    return {who: strength(tap.heard_by(phone, began + 0.3, until), hz) for who, phone in phones.items()}


def test_a_whisper_reaches_the_operator_alone(act: Stage) -> None:
    with Tap() as tap:
        control.talking(act)
        control.listen(act, "listen", "op306")
        act.talk(0.3)
        heard = {"listen": listening(act, tap, SUPERVISOR_HZ)}
        assert min(listening(act, tap, hz)["other"] for hz in (CLIENT_HZ, OPERATOR_HZ)) > HEARD
        for mode in ("whisper", "barge"):
            control.change_listening(act, mode)
            act.talk(0.3)
            heard[mode] = listening(act, tap, SUPERVISOR_HZ)
        control.change_listening(act, "listen")
        act.talk(0.3)
        heard["again"] = listening(act, tap, SUPERVISOR_HZ)
        act.hangup(CALL)
        act.ended(CALL)
    for mode in ("listen", "again"):
        assert max(heard[mode]["client"], heard[mode]["operator"]) < NOT_HEARD
    assert heard["whisper"]["operator"] > HEARD
    assert heard["whisper"]["client"] < NOT_HEARD
    assert min(heard["barge"]["client"], heard["barge"]["operator"]) > HEARD


def test_the_clients_recording_has_nothing_of_a_whisper(act: Stage, stage: AsteriskServer) -> None:
    control.talking(act)
    control.listen(act, "whisper", "op306")
    act.talk(1.5)
    act.hangup(CALL)
    act.ended(CALL)
    act.settle()
    for path, own in zip(stage.recordings(CALL), (CLIENT_HZ, OPERATOR_HZ), strict=True):
        samples, rate = read_wav(path)
        assert strength(samples, own, rate) > HEARD
        assert strength(samples, SUPERVISOR_HZ, rate) < NOT_HEARD


def test_each_hears_the_right_ones_through_hold_consultation_and_room(act: Stage) -> None:
    with Tap() as tap:
        control.talking(act)
        control.hold_client(act)
        control.ring_third(act, "op306")
        control.third_ready(act)
        act.joined(OPERATOR, control.THIRD)
        act.talk(0.3)
        client = listening(act, tap, CLIENT_HZ)
        assert max(client.values()) < NOT_HEARD  # nobody hears him who is on hold
        assert listening(act, tap, MUSIC_HZ)["client"] > HEARD
        assert listening(act, tap, THIRD_HZ)["operator"] > HEARD
        control.gather(act, ready_before=False)
        act.talk(0.5)
        for hz, who in ((CLIENT_HZ, "client"), (OPERATOR_HZ, "operator"), (THIRD_HZ, "other")):
            heard = listening(act, tap, hz)
            assert min(level for other, level in heard.items() if other != who) > HEARD, who
            assert heard[who] < HEARD / 2, who  # a room takes his own voice out of what he hears, nearly
        control.out_of_room(act, CALL, control.THIRD)
        act.joined(CALL, control.THIRD)
        act.talk(0.3)
        heard = listening(act, tap, OPERATOR_HZ)
        assert max(heard["client"], heard["other"]) < NOT_HEARD
        assert listening(act, tap, THIRD_HZ)["client"] > HEARD


def test_keys_reach_the_clients_end(act: Stage) -> None:
    with Tap() as tap:
        control.talking(act)
        began = time.time()
        for digit in "159*#D00":
            act.ami.ask("PlayDTMF", ("Channel", CALL), ("Digit", digit))
            act.talk(0.06)
        act.talk(0.3)
        client = tap.voice_of(CLIENT_HZ, began)
        assert tap.keys_to(client, began) == "159*#D00"
        assert tap.keys_to(tap.voice_of(OPERATOR_HZ, began), began) == ""


def test_keys_of_a_phone_reach_the_other_end(act: Stage) -> None:
    phone = SipPhone("op307", 5087)
    try:
        with Tap() as tap:
            control.talking(act, endpoint="op307")
            began = time.time()
            for key in "7#":
                phone.press(phone.wait_called(), key)
                act.talk(0.4)
            assert tap.keys_to(tap.voice_of(CLIENT_HZ, began), began) == "7#"
    finally:
        phone.close()
