"""The doctor at work: one examination at a time, its steps, PBX by PBX; what it sees of this machine itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.doctor import gather
from dialer.doctor.gather import Place
from dialer.doctor.model import OrphansSeen, Phone, StoreSeen
from dialer.doctor.service import Doctor
from dialer.telephony.examined import EchoSeen, PbxSeen, Wanted
from dialer.telephony.lines import Line, endpoint_of
from tests.doctor.facts import FOLDER, PBX

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PHONES = (Phone(endpoint="op101", browser=False), Phone(endpoint="op301", browser=False, pbx="north"))


class Examined:
    """A PBX that answers when it may, and writes its trial's recording."""

    def __init__(self, name: str, records_to: Path) -> None:
        self.name = name
        self.may = asyncio.Event()
        self.asked: list[Wanted] = []
        self.rung: list[str] = []
        self._records_to = records_to

    async def examine(self, wanted: Wanted, told: Callable[[str], None]) -> PbxSeen:
        self.asked.append(wanted)
        for step in ("connect", "dialplan", "lines", "phones", "trial"):
            told(step)
        await self.may.wait()
        (self._records_to / gather.TRIAL_FILE).write_bytes(bytes(100 + len(self.asked)))
        return replace(PBX, name=self.name)

    async def ring(self, endpoint: str, *, timeout_s: int) -> EchoSeen:
        self.rung.append(endpoint)
        await self.may.wait()
        return EchoSeen(answered=True, rang=True, talked_s=3)


def line(name: str, pbx: str) -> Line:
    return Line(
        name=name, dial="PJSIP/{number}@trunk", caller_id="", region="RU", capacity=1, called=(), pbx=pbx
    )


class Surgery:
    def __init__(self, folder: Path) -> None:
        folders = {name: folder / name for name in ("south", "north")}
        for each in folders.values():
            each.mkdir()
        self.south, self.north = (Examined(name, each) for name, each in folders.items())
        place = Place(
            lines={"one": line("one", ""), "two": line("two", "north")},
            sources=folders,
            kept=folder / "yet to be made",
            host="127.0.0.1",
            port=0,
            tls=False,
            https=False,
            sockets=(),
        )
        self.doctor = Doctor(place, [self.south, self.north], self.store, now=lambda: NOW)

    async def store(self) -> tuple[StoreSeen, tuple[Phone, ...] | None, OrphansSeen | None]:
        return StoreSeen(path="s.db", folder=FOLDER, exists=True, tables="current"), PHONES, None

    def let(self) -> None:
        self.south.may.set()
        self.north.may.set()


@pytest.fixture
def surgery(tmp_path: Path) -> Surgery:
    return Surgery(tmp_path)


async def ended(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while holds():
            await asyncio.sleep(0)


async def test_one_examination_at_a_time_and_its_steps(surgery: Surgery) -> None:
    doctor = surgery.doctor
    doctor.start()
    doctor.start()
    await ended(lambda: doctor.step != "trial")
    assert doctor.running and doctor.report is None
    assert (doctor.done, doctor.of) == (6, 12)
    surgery.let()
    await ended(lambda: doctor.running)
    assert doctor.report is not None and doctor.report.at == NOW
    assert (doctor.step, doctor.done) == ("", 12)
    assert [len(pbx.asked) for pbx in (surgery.south, surgery.north)] == [1, 1]


async def test_each_pbx_is_asked_after_its_own(surgery: Surgery) -> None:
    surgery.let()
    findings = await surgery.doctor.examine()
    assert surgery.south.asked[0].endpoints == ("trunk", "op101")
    assert surgery.north.asked[0].endpoints == ("trunk", "op301")
    assert [f.pbx for f in findings if f.code == "recordings_arrive"] == ["south", "north"]


async def test_a_phone_is_rung_by_its_own_pbx_once(surgery: Surgery) -> None:
    doctor = surgery.doctor
    doctor.ring("op301", "north")
    doctor.ring("op101", "")
    assert doctor.ringing and doctor.echo is not None and doctor.echo.finding is None
    surgery.let()
    await ended(lambda: doctor.ringing)
    assert (surgery.south.rung, surgery.north.rung) == ([], ["op301"])
    assert doctor.echo.finding is not None and doctor.echo.finding.code == "echo_heard"
    await doctor.examine()
    await doctor.ring_echo("op301")
    assert surgery.north.rung == ["op301", "op301"]


async def test_it_stops_in_the_middle(surgery: Surgery) -> None:
    surgery.doctor.start()
    surgery.doctor.ring("op101", "")
    await ended(lambda: surgery.doctor.step != "trial")
    await surgery.doctor.stop()
    assert not surgery.doctor.running and not surgery.doctor.ringing


async def test_an_old_recording_is_not_taken_for_the_trials(tmp_path: Path) -> None:
    (tmp_path / gather.TRIAL_FILE).write_bytes(bytes(100))
    file = await gather.trial_file(tmp_path, gather.mark_of(tmp_path))
    assert not file.arrived


# --- this machine -------------------------------------------------------------------------------------------------


def place_at(host: str, port: int) -> Place:
    return Place(lines={}, sources={}, kept=Path(), host=host, port=port, tls=False, https=False, sockets=())


async def test_the_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert (await gather.pages_seen(place_at("127.0.0.1", port))).port_state == "taken"
    assert (await gather.pages_seen(place_at("127.0.0.1", port))).port_state == "free"
    assert (await gather.pages_seen(place_at("192.0.2.1", 8080))).port_state == "host_wrong"
    assert (await gather.pages_seen(place_at("no such host.", 8080))).port_state == "host_wrong"


async def test_a_socket_that_nobody_listens_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"ws://127.0.0.1:{port}/ws", "no address at all", ""):
        assert (await gather.socket_seen(url)).state == "silent"


def test_a_folder_yet_to_be_made(tmp_path: Path) -> None:
    there, below = gather.look_at(tmp_path), gather.look_at(tmp_path / "a" / "b")
    assert there.exists and there.readable and there.writable and there.free
    assert (below.exists, below.readable, below.writable) == (False, False, True)
    (tmp_path / "file").write_text("")
    assert not gather.look_at(tmp_path / "file" / "below").writable


@pytest.mark.parametrize(
    ("dial", "endpoint"),
    [
        ("PJSIP/{number}@trunk", "trunk"),
        ("PJSIP/trunk/sip:{number}@provider.example", "trunk"),
        ("pjsip/00{digits}@my-trunk_2", "my-trunk_2"),
        ("SIP/{number}@trunk", ""),
        ("DAHDI/g1/{digits}", ""),
    ],
)
def test_the_endpoint_of_a_line(dial: str, endpoint: str) -> None:
    assert endpoint_of(dial) == endpoint
