"""A real Asterisk: the shipped configuration, a folder of its own, started and ended as a test wishes.

All instances share one small Debian root; each has its own /srv/rig/<id> in it for configuration, database,
recordings, log and control socket. Ports are told apart by the network namespace, not by number.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.rig import process
from tests.rig.cache import REPOSITORY, asterisk_root
from tests.rig.scratch import claim
from tests.rig.sound import write_music

AMI_PORT = 5038
HTTP_PORT = 8088
SIP_PORT = 5060
# The provider has an address of its own, as in life: by it Asterisk tells the trunk from the phones.
PROVIDER = "127.0.0.2"
PROVIDER_PORT = 5070
PHONE_PORT = 5080

_DIRECTORIES = """[directories](!)
astetcdir => {inside}/etc
astvarlibdir => /var/lib/asterisk
astdbdir => {inside}/db
astkeydir => {inside}/db
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
astspooldir => {inside}/spool
astrundir => {inside}/run
astlogdir => {inside}/log
astmoddir => {modules}

"""


@dataclass(kw_only=True)
class Accounts:
    """Secrets of this run, made up anew each time."""

    ami: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    phone: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    browser: str = field(default_factory=lambda: secrets.token_urlsafe(18))


class AsteriskServer:
    """One Asterisk. `local` adds files, or replaces shipped ones, by name.

    `beside`: its ports are the usual ones and so many more, for a second one in the same network.
    """

    def __init__(
        self, *, local: dict[str, str] | None = None, shipped: Path | None = None, beside: int = 0
    ) -> None:
        self.accounts = Accounts()
        self.root = asterisk_root()
        self.home = claim(self.root / "srv" / "rig")
        self.inside = f"/srv/rig/{self.home.name}"
        self.etc = self.home / "etc"
        self.monitor = self.home / "spool" / "monitor"
        self._shipped = shipped or REPOSITORY / "asterisk-conf"
        self.ami_port = AMI_PORT + beside
        self._local = local or {}
        self._beside = beside
        self._process: subprocess.Popen[bytes] | None = None
        self._lay_out()

    def append(self, name: str, text: str) -> None:
        """Add to one of its configuration files, before its start."""
        with (self.etc / name).open("a") as file:
            file.write(text)

    # --- life ---

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self, deadline_s: float = 30) -> None:
        """Up, with AMI answering and all modules loaded."""
        if self.pid:
            raise RuntimeError("already running")
        self._process = process.start(
            ["chroot", "--userspec=asterisk:asterisk", str(self.root), "setpriv", "--pdeathsig", "KILL", "--",
             "asterisk", "-f", "-n", "-C", f"{self.inside}/etc/asterisk.conf"],
            self.home / "console.log",
        )  # fmt: skip
        process.wait_until(
            self._fully_booted, deadline_s, f"Asterisk's start, see {self.home / 'console.log'}"
        )

    def stop(self) -> None:
        """Politely, all calls hung up: what a service manager does."""
        if self._process:
            process.end(self._process, 10)

    def ask_to_stop(self) -> None:
        """The same, without waiting for the end."""
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        """kill -9: no goodbye to anybody."""
        if self._process:
            self._process.kill()
            self._process.wait(10)

    def restart(self) -> None:
        self.stop()
        self.start()

    def remove(self) -> None:
        """End it and take its folder away."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def cli(self, command: str) -> str:
        """The console's answer; for tests only, the daemon has no such way."""
        done = subprocess.run(
            ["chroot", str(self.root), "asterisk", "-C", f"{self.inside}/etc/asterisk.conf", "-rx", command],
            capture_output=True,
            timeout=20,
            check=False,
        )
        return done.stdout.decode("utf-8", "replace")

    def version(self) -> str:
        done = subprocess.run(
            ["chroot", str(self.root), "asterisk", "-V"], capture_output=True, check=True, timeout=20
        )
        return done.stdout.decode().strip()

    # --- where recordings come out ---

    def recordings(self, call: str) -> tuple[Path, Path]:
        """Both files of a call: what the client said, what the client heard."""
        return self.monitor / f"{call}-in.wav", self.monitor / f"{call}-out.wav"

    # --- inner ---

    def _fully_booted(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"Asterisk ended at once, see {self.home / 'console.log'}")
        try:
            with socket.create_connection(("127.0.0.1", self.ami_port), 1) as ami:
                ami.recv(64)
        except OSError:
            return False
        return "System uptime" in self.cli("core show uptime") and "fully booted" in self.cli(
            "core waitfullybooted"
        )

    def _lay_out(self) -> None:
        for folder in ("etc", "db/keys", "spool/monitor", "run", "log", "music"):
            (self.home / folder).mkdir(parents=True)
        for file in sorted(self._shipped.glob("*.conf")):
            (self.etc / file.name).write_text(self._with_ports(file.read_text()))
        for name, text in {**self._own_files(), **self._local}.items():
            (self.etc / name).write_text(text)
        write_music(self.home / "music" / "music.wav")
        uid, gid = self._owner()
        for path in (self.home, *self.home.rglob("*")):
            os.chown(path, uid, gid)

    def _with_ports(self, text: str) -> str:
        for port in (AMI_PORT, HTTP_PORT, SIP_PORT):
            text = re.sub(rf"\b{port}$", str(port + self._beside), text, flags=re.MULTILINE)
        return text  # RTP's range may be the same: a port in use is passed over

    def _owner(self) -> tuple[int, int]:
        for line in (self.root / "etc" / "passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == "asterisk":
                return int(uid), int(gid)
        raise RuntimeError("no user asterisk in the root")

    def _own_files(self) -> dict[str, str]:
        modules = next(self.root.glob("usr/lib/*/asterisk/modules")).relative_to(self.root)
        directories = _DIRECTORIES.format(inside=self.inside, modules=f"/{modules}").replace("(!)", "")
        accounts = self.accounts
        music = (self._shipped / "musiconhold.conf").read_text()
        return {
            "asterisk.conf": directories + (self._shipped / "asterisk.conf").read_text(),
            "musiconhold.conf": music.replace("/var/lib/asterisk/moh", f"{self.inside}/music"),
            "manager_local.conf": f"[callwright](callwright-account)\nsecret = {accounts.ami}\n",
            "pjsip_local.conf": _PJSIP.format(
                phone=accounts.phone,
                browser=accounts.browser,
                provider=f"{PROVIDER}:{PROVIDER_PORT}",
                provider_address=PROVIDER,
                phone_port=PHONE_PORT,
            ),
        }


_PJSIP = """[trunk-aor]
type = aor
contact = sip:{provider}

[trunk-identify]
type = identify
endpoint = trunk
match = {provider_address}

[op101-auth]
type = auth
auth_type = userpass
username = op101
password = {phone}

[op201-auth]
type = auth
auth_type = userpass
username = op201
password = {browser}

; Plain SIP phones that need no registration: sipp on a port of its own. See far_end.py for the digits.
[op301](callwright-phone)
aors = op301
[op301](callwright-aor)
contact = sip:op301200@127.0.0.1:{phone_port}
qualify_frequency = 0

; a second one like it
[op305](callwright-phone)
aors = op305
[op305](callwright-aor)
contact = sip:op305200@127.0.0.1:{phone_port}
qualify_frequency = 0

; hangs up two seconds after its answer
[op302](callwright-phone)
aors = op302
[op302](callwright-aor)
contact = sip:op302201@127.0.0.1:{phone_port}
qualify_frequency = 0

; is never answered
[op303](callwright-phone)
aors = op303
[op303](callwright-aor)
contact = sip:op303408@127.0.0.1:{phone_port}
qualify_frequency = 0

; is busy
[op304](callwright-phone)
aors = op304
[op304](callwright-aor)
contact = sip:op304486@127.0.0.1:{phone_port}
qualify_frequency = 0
"""
