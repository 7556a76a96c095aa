"""The daemon under test as a process of its own, and an operator's page without a browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.rig import process
from tests.rig.asterisk import AsteriskServer

Json = dict[str, Any]
PASSWORD = "a password for tests"
LINE = "main"
OFFICE_NUMBER = "+74951234567"
SCRIPTS = Path("dialer/simulation/scripts")

_CONFIG = """
[http]
port = {port}
[store]
url = "sqlite:///{folder}/store.db"
[pbx]
port = {ami_port}
secret_file = "{folder}/ami-secret"
[phones]
ws = "{ws}"
[recordings]
source = "{monitor}"
kept = "{folder}/recordings"
[lines.main]
dial = "PJSIP/{{number}}@trunk"
caller_id = "+74951234567"
"""


class Refused(Exception):
    """The daemon refused a request; `problem` is its own word."""

    def __init__(self, problem: Json) -> None:
        super().__init__(problem.get("code"))
        self.problem = problem
        self.code = str(problem.get("code"))


class Daemon:
    """`dialer serve` in a folder of its own. The same port after each start, as an operator's page expects."""

    def __init__(
        self,
        folder: Path,
        *,
        secret: str,
        monitor: Path,
        ami_port: int = 5038,
        port: int = 8099,
        ws: str = "",
    ) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.config = folder / "dialer.toml"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ami-secret").write_text(secret)
        self.config.write_text(
            _CONFIG.format(
                port=port,
                folder=folder,
                ami_port=ami_port,
                monitor=monitor,
                ws=ws or "ws://127.0.0.1:8088/ws",
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def beside(cls, asterisk: AsteriskServer, folder: Path) -> Daemon:
        """A daemon for this Asterisk."""
        return cls(folder, secret=asterisk.accounts.ami, monitor=asterisk.monitor)

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run `dialer` once to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "dialer", "--config", str(self.config), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add_operator(self, login: str, endpoint: str, *, phone: str = "sip", secret: str = "") -> None:
        more = [f"--phone-secret={secret}"] if secret else []  # one may begin with -
        self.command(
            "user", login, "--name", login.title(), "--endpoint", endpoint, "--phone", phone, *more,
            stdin=PASSWORD + "\n",
        )  # fmt: skip

    def add_supervisor(self, login: str = "head") -> None:
        self.command("user", login, "--name", login.title(), "--role", "supervisor", stdin=PASSWORD + "\n")

    def add_campaign(
        self,
        numbers: list[str],
        *,
        script: str = "water_reorder_ru.yaml",
        name: str = "Вода",
        extra: tuple[str, ...] = (),
    ) -> None:
        clients = self.folder / "clients.csv"
        rows = [f"Клиент Номер {i};{number};Тверь;Europe/Moscow" for i, number in enumerate(numbers)]
        clients.write_text("\n".join(["Имя;Телефон;Город;Часовой пояс", *rows]) + "\n", encoding="utf-8")
        self.command("import", str(clients), "--campaign", name, "--script", str(SCRIPTS / script), *extra)

    def add_inbound(self, script: str = "water_inbound_ru.yaml") -> None:
        self.command("import", "--campaign", "Входящие", "--inbound", "--script", str(SCRIPTS / script))

    def start(self, deadline_s: float = 20) -> None:
        log = self.folder / "daemon.log"
        before = log.stat().st_size if log.exists() else 0
        self._process = process.start(
            [sys.executable, "-m", "dialer", "--config", str(self.config), "serve"],
            log,
            env={"PYTHONUNBUFFERED": "1"},
        )

        def ready() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, log.read_text()[before:]
            return "ready: http" in log.read_text()[before:]

        process.wait_until(ready, deadline_s, "the daemon's start")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        if self._process is not None:
            process.end(self._process, 10)

    def log(self) -> str:
        return (self.folder / "daemon.log").read_text()


class Client:
    """Somebody logged in, with cookies of their own."""

    def __init__(self, daemon: Daemon, login: str, password: str = PASSWORD, *, cookie: str = "") -> None:
        self.daemon = daemon
        self.cookie = cookie
        if not cookie:
            self.post("/api/v1/login", {"login": login, "password": password})

    def get(self, path: str) -> Json:
        return self._request("GET", path, None, "")

    def post(self, path: str, body: Json, key: str = "") -> Json:
        return self._request("POST", path, body, key or uuid.uuid4().hex)

    def fetch(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        request = urllib.request.Request(
            self.daemon.url + path, headers={"Cookie": self.cookie, **(headers or {})}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()

    def _request(self, method: str, path: str, body: Json | None, key: str) -> Json:
        headers = {
            "Content-Type": "application/json",
            "X-Callwright": "1",
            "Origin": self.daemon.url,
            "Idempotency-Key": key,
            "Cookie": self.cookie,
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.daemon.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                if cookie := answer.headers.get("Set-Cookie"):
                    self.cookie = cookie.split(";")[0]
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise Refused(json.loads(error.read() or b"{}")) from None


class Page(Client):
    """An operator's page: presses buttons, and sees each frame of the desk. `desk` is the newest."""

    def __init__(self, daemon: Daemon, login: str, *, cookie: str = "") -> None:
        super().__init__(daemon, login, cookie=cookie)
        self.frames: list[Json] = []
        self.popped: list[str] = []
        self._socket: ClientConnection | None = None
        self._held = ExitStack()
        self.open()

    def open(self) -> None:
        self._socket = self._held.enter_context(
            connect(
                self.daemon.url.replace("http", "ws") + "/api/v1/live",
                additional_headers={"Cookie": self.cookie},
                origin=self.daemon.url,  # type: ignore[arg-type]
                max_size=2**20,
                open_timeout=10,
                # A test looks at a page only now and then; meanwhile the page must not seem dead or slow.
                ping_interval=None,
                max_queue=None,
            )
        )
        self._take(self._socket.recv(timeout=10))

    def reopen(self, deadline_s: float = 10) -> None:
        """As a page does after a break: the same login, a new socket."""
        self.close()

        def opened() -> bool:
            try:
                self.open()
            except OSError:
                return False
            return True

        process.wait_until(opened, deadline_s, "the page's reconnect")

    def close(self) -> None:
        self._held.close()

    @property
    def desk(self) -> Json:
        return self.frames[-1]["desk"]

    @property
    def work(self) -> Json:
        work = self.desk["work"]
        assert work is not None
        return work

    def press(self, verb: str, *, key: str = "", **body: Any) -> Json:
        answer = self.post(f"/api/v1/desk/{verb}", body, key)
        self._keep(answer)
        if answer["refused"]:
            raise Refused(answer["refused"])
        return self.desk

    def on_work(self, verb: str, **body: Any) -> Json:
        return self.press(verb, work=self.work["id"], **body)

    def wait(self, wanted: Callable[[Json], Any], what: str, deadline_s: float = 15) -> Json:
        """Read frames until the desk looks as wanted."""
        end = time.monotonic() + deadline_s
        while not wanted(self.desk):
            left = end - time.monotonic()
            assert left > 0 and self._socket is not None, (
                f"{what}: not within {deadline_s} s; {self._brief()}"
            )
            try:
                self._take(self._socket.recv(timeout=left))
            except TimeoutError:
                continue
        return self.desk

    def wait_state(self, state: str, deadline_s: float = 15) -> Json:
        return self.wait(lambda desk: desk["state"] == state, f"state {state}", deadline_s)

    def start_session(self) -> None:
        self.wait(lambda desk: desk["pbx_up"], "the PBX")
        self.press("session", on=True)
        self.wait_state("ready")

    def choose(self, campaign: str = "Вода") -> None:
        found = next(each for each in self.desk["campaigns"] if each["name"] == campaign)
        self.press("campaign", campaign=found["id"])

    def answer(self, index: int = 0, **fields: Any) -> Json:
        """Give an answer of the present block, with whatever fields it needs."""
        run = self.work["run"]
        block = run["block"]
        values = {
            **{f["id"]: plausible(f) for f in block["fields"] if f["required"] and not f["value"]},
            **fields,
        }
        move = {"kind": "answer", "answer": block["answers"][index]["id"], "fields": values}
        return self.on_work("step", step=run["step"], move=move)

    def save(self, disposition: str, *, then_next: bool = False, **draft: Any) -> Json:
        self.on_work("draft", disposition=disposition, **draft)
        return self.on_work("save", next=then_next)

    def _take(self, text: str | bytes) -> None:
        frame = json.loads(text)
        if frame["type"] == "desk":
            self._keep(frame)

    def _keep(self, frame: Json) -> None:
        newest = self.frames[-1] if self.frames else None
        if newest is not None and newest["stream"] == frame["stream"] and newest["seq"] > frame["seq"]:
            return
        self.frames.append(frame)
        work = frame["desk"]["work"]
        if work is not None and work["id"] not in self.popped:
            self.popped.append(work["id"])

    def _brief(self) -> str:
        work = self.desk["work"] or {}
        brief = {"state": self.desk["state"], "refusal": self.desk["refusal"], "call": work.get("call")}
        return re.sub(r"\+?\d{6,}", "<number>", json.dumps(brief))


def plausible(field: Json) -> Any:
    """Something that a field of the script accepts."""
    samples: dict[str, Any] = {
        "number": "3",
        "money": "1200",
        "date": "2026-12-01",
        "time": "10:00",
        "choice": (field["choices"] or [""])[0],
        "choices": field["choices"][:1],
        "yes_no": True,
        "phone": "+79161234567",
        "email": "someone@example.org",
    }
    return samples.get(field["kind"], "words")
