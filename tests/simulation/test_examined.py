"""The virtual PBX examined: word for word what the real one answered, and nothing in it for the doctor to mend."""

from __future__ import annotations

from pathlib import Path

from dialer.ami.examine import AsteriskExaminer
from dialer.ami.settings import AsteriskSettings
from dialer.doctor.contract import CONTEXTS
from dialer.doctor.diagnose import diagnose
from dialer.doctor.gather import mark_of, trial_file
from dialer.doctor.model import Severity
from dialer.simulation.far_end import FarEnd
from dialer.simulation.manager import Account
from dialer.simulation.recording import WavTape
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.telephony.examined import Wanted
from tests.doctor.facts import with_pbx
from tests.simulation.replay import Said, load, play

# What differs because no real phone is there to register, and because a version is one's own.
OWN = {"AsteriskVersion", "Timestamp", "Uptime", "LastReload"}
QUEUED = "Originate successfully queued"
REGISTERED = {"DEVICE_STATE(PJSIP/op101)", "DEVICE_STATE(PJSIP/op201)"}


def told(said: list[Said]) -> list[tuple[tuple[str, str], ...]]:
    return [
        tuple((name, value) for name, value in one.headers if name not in OWN)
        for one in said
        if one.get("Variable") not in REGISTERED
    ]


def test_it_answers_in_the_real_ones_words() -> None:
    capture = load("examined")
    world = play(capture, fallback="")
    real, virtual = told(capture.said), told(world.sent)
    # The trial's events of one moment came in the capture as they came: they are compared as a set.
    first = 1 + next(at for at, one in enumerate(real) if ("Message", QUEUED) in one)
    assert virtual[:first] == real[:first]
    assert sorted(virtual[first:]) == sorted(real[first:])


class People:
    def number(self, number: str, trunk: str) -> FarEnd | None:
        return FarEnd()

    def phone(self, endpoint: str) -> FarEnd | None:
        return FarEnd()


async def test_the_doctor_finds_nothing_to_mend_in_it(tmp_path: Path) -> None:
    tape = WavTape(tmp_path)
    pbx = VirtualPbx(ends=People(), account=Account(secret="s"), tape=tape)
    await pbx.start()
    try:
        at = AsteriskSettings(port=pbx.port, secret="s")
        before = mark_of(tmp_path)
        wanted = Wanted(contexts=tuple(CONTEXTS), endpoints=("trunk", "op101", "op201"))
        seen = await AsteriskExaminer(at, new_id=lambda: "01JCWTRIAL").examine(wanted, lambda step: None)
        file = await trial_file(tmp_path, before)
    finally:
        await pbx.stop()
        tape.close()
    assert file.arrived and file.readable
    found = diagnose(with_pbx(**{name: getattr(seen, name) for name in ("contexts", "endpoints", "trial")}))
    assert [one.code for one in found if one.severity is not Severity.OK] == []
