"""The other end of the telephone line: sipp as a provider, as a plain SIP phone, as a caller.

A called far end behaves as the last three digits of the dialled number say:

    200 (and any other)  rings 0.15 s, answers, sounds a tone until it is hung up; may be put on hold
    201, 210             the same, and hangs up itself after 2 s, 10 s
    202                  hangs up in the moment of the answer
    203                  answers and sends no sound at all
    404, 503             refused at once: no such number, no way
    486, 603, 480        rings 0.15 s, then busy, declined, unavailable
    408                  rings until the caller gives up
"""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
from pathlib import Path

from tests.rig import process
from tests.rig.asterisk import PHONE_PORT, PROVIDER, PROVIDER_PORT, SIP_PORT
from tests.rig.scratch import scratch
from tests.rig.sound import Samples, a_law, tone

SCENARIOS = Path(__file__).with_name("sipp")
CLIENT_HZ = 1000.0
OPERATOR_HZ = 700.0
_media = itertools.count(30000, 4)


class FarEnd:
    """A sipp that answers. Its voice, over and over: a tone of `hz`, or `voice` (8 kHz)."""

    def __init__(
        self, address: str, port: int, *, hz: float = CLIENT_HZ, voice: Samples | None = None
    ) -> None:
        self.home = scratch()
        sound = self.home / "voice.alaw"
        sound.write_bytes(a_law(tone(hz, 10, 8000) if voice is None else voice))
        scenario = self.home / "far_end.xml"
        scenario.write_text((SCENARIOS / "far_end.xml").read_text().replace("@SOUND@", str(sound)))
        self._process = _sipp(self.home, scenario, address, port, [])
        try:
            process.wait_until(lambda: _bound(address, port), 10, f"sipp on port {port}")
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        process.end(self._process)
        shutil.rmtree(self.home, ignore_errors=True)


def provider(voice: Samples | None = None) -> FarEnd:
    """Where the trunk leads."""
    return FarEnd(PROVIDER, PROVIDER_PORT, hz=CLIENT_HZ, voice=voice)


def desk_phones(voice: Samples | None = None) -> FarEnd:
    """The plain phones op301 to op305."""
    return FarEnd("127.0.0.1", PHONE_PORT, hz=OPERATOR_HZ, voice=voice)


class Caller:
    """One call from outside, through the trunk, to `dialled`.

    `name` and `number` go raw into the From header.
    `ends`: "callee" (we wait to be hung up), "caller" (we hang up `after_s` after the answer), "cancel" (we
    give up `after_s` after the first ringing), "refused" (we expect a refusal).
    """

    def __init__(
        self,
        dialled: str,
        *,
        number: bytes = b"+79161234567",
        name: bytes = b"",
        ends: str = "callee",
        after_s: float = 2,
        address: str = PROVIDER,
        port: int = 5071,
        hz: float = CLIENT_HZ,
        voice: Samples | None = None,
    ) -> None:
        self.home = scratch()
        sound = self.home / "voice.alaw"
        sound.write_bytes(a_law(tone(hz, 10, 8000) if voice is None else voice))
        scenario = self.home / "caller.xml"
        text = (SCENARIOS / f"call_in_{ends}.xml").read_bytes()
        for mark, value in (
            (b"@SOUND@", str(sound).encode()),
            (b"@DIALLED@", dialled.encode()),
            (b"@NUMBER@", number.replace(b"[", b"[open]")),
            (b"@NAME@", name.replace(b"[", b"[open]")),
            (b"@AFTER@", str(round(after_s * 1000)).encode()),
        ):
            text = text.replace(mark, value)
        scenario.write_bytes(text)
        more = ["-key", "open", "[", "-m", "1", f"127.0.0.1:{SIP_PORT}"]
        self._process = _sipp(self.home, scenario, address, port, more)

    def wait(self, deadline_s: float = 30) -> bool:
        """Whether the call went as the scenario says."""
        try:
            return self._process.wait(deadline_s) == 0
        except subprocess.TimeoutExpired:
            return False

    def errors(self) -> str:
        log = self.home / "errors.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def remove(self) -> None:
        process.end(self._process)
        shutil.rmtree(self.home, ignore_errors=True)


def register(user: str, password: str, *, port: int = 5090) -> bool:
    """A plain SIP phone logs in; whether it was let in."""
    home = scratch()
    scenario = home / "register.xml"
    text = (SCENARIOS / "register.xml").read_text()
    scenario.write_text(text.replace("@USER@", user).replace("@PASSWORD@", password))
    phone = _sipp(home, scenario, "127.0.0.1", port, ["-m", "1", f"127.0.0.1:{SIP_PORT}"])
    try:
        return phone.wait(10) == 0
    finally:
        process.end(phone)
        shutil.rmtree(home, ignore_errors=True)


def _sipp(home: Path, scenario: Path, address: str, port: int, more: list[str]) -> subprocess.Popen[bytes]:
    return process.start(
        ["sipp", "-sf", str(scenario), "-i", address, "-p", str(port), "-nostdin", "-trace_err",
         "-mp", str(next(_media)), "-error_file", str(home / "errors.log"), *more],
        home / "sipp.log",
        cwd=home,
        env={"TERM": "dumb"},
    )  # fmt: skip


def _bound(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False
