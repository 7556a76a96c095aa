"""A small AMI server over TCP, to be told what to answer and when to misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from dialer.ami.settings import AsteriskSettings

ALLOWED = ("Originate", "Bridge", "Redirect", "Hangup", "Setvar", "CoreStatus", "CoreShowChannels", "Ping")
Headers = dict[str, str]
Answer = Callable[[Headers], str | None]


def message(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in lines) + "\r\n"


def channel_row(
    action_id: str, leg: str, *, up: bool = True, bridge: str = "", duration: str = "00:00:05"
) -> str:
    return message(
        "Event: CoreShowChannel", f"ActionID: {action_id}", f"Channel: PJSIP/trunk-{leg[-4:]}",
        f"ChannelState: {6 if up else 5}", "CallerIDNum: +79161234567", "Context: callwright-client",
        f"Uniqueid: {leg}", f"Duration: {duration}", f"BridgeId: {bridge}",
    )  # fmt: skip


@dataclass
class FakeAmi:
    """`answers` replaces the answer to an action; None from it is silence. `asked` is all that came, in order."""

    secret: str = "secret"
    started: str = "17:31:15"
    greeting: str = "Asterisk Call Manager/11.0.0\r\n"
    clock_ahead_s: float = 0.0
    answers: dict[str, Answer] = field(default_factory=dict)
    channels: list[str] = field(default_factory=list)  # legs that live
    before_stock: str = ""  # events that come between the login and the list of channels
    commands: tuple[str, ...] = ALLOWED
    asked: list[Headers] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.came = asyncio.Event()
        self.connections = 0
        self.raw = b""
        self._writers: list[asyncio.StreamWriter] = []

    def settings(self, **more: object) -> AsteriskSettings:
        values: dict[str, object] = {
            "port": self.port, "user": "callwright", "secret": "secret", "boot_s": 0.2, "connect_s": 1.0,
        }  # fmt: skip
        return AsteriskSettings(**(values | more))  # type: ignore[arg-type]

    def of(self, action: str) -> list[Headers]:
        return [headers for headers in self.asked if headers["Action"] == action]

    async def wait_for(self, action: str, number: int = 1, deadline_s: float = 5.0) -> Headers:
        """The so-manyth action of a name, as soon as it has come."""
        async with asyncio.timeout(deadline_s):
            while len(self.of(action)) < number:
                self.came.clear()
                await self.came.wait()
        return self.of(action)[number - 1]

    def push(self, text: str) -> None:
        for writer in self._writers:
            writer.write(text.encode("utf-8", "surrogateescape"))

    async def gone_out(self) -> None:
        """Wait until the socket took all that was pushed."""
        for writer in self._writers:
            await writer.drain()

    def finish(self) -> None:
        """End the connections politely, after what was pushed."""
        for writer in self._writers:
            writer.close()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            writer.write(self.greeting.encode())
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                self.raw += block
                pairs = [line.split(": ", 1) for line in block.decode().strip().split("\r\n")]
                headers = {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs}
                self.asked.append(headers)
                answer = self.answers.get(headers["Action"], self.usual)(headers)
                if answer:
                    writer.write(answer.encode("utf-8", "surrogateescape"))
                self.came.set()
        self._writers.remove(writer)
        writer.close()

    def usual(self, headers: Headers) -> str:
        id_ = f"ActionID: {headers.get('ActionID', '')}"
        ok = "Response: Success"
        match headers["Action"]:
            case "Challenge":
                return message(ok, id_, "Challenge: 840415273")
            case "Login" if not self._proof_is_good(headers):
                return message("Response: Error", id_, "Message: Authentication failed")
            case "Login":
                booted = message("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted")
                return message(ok, id_, "Message: Authentication accepted") + booted
            case "Command" if "Command" not in self.commands:
                return message("Response: Error", id_, "Message: Permission denied")
            case "ListCommands":
                return message(ok, id_, *(f"{name}: Does it.  (Priv: call,all)" for name in self.commands))
            case "Ping":
                return message(ok, id_, "Ping: Pong", f"Timestamp: {time.time() + self.clock_ahead_s:.6f}")
            case "CoreStatus":
                return message(ok, id_, "CoreStartupDate: 2026-11-22", f"CoreStartupTime: {self.started}")
            case "CoreShowChannels":
                rows = [channel_row(headers["ActionID"], leg) for leg in self.channels]
                head = message(ok, id_, "EventList: start", "Message: Channels will follow")
                end = message("Event: CoreShowChannelsComplete", id_, f"ListItems: {len(rows)}")
                return self.before_stock + head + "".join(rows) + end
            case "Originate":
                return message(ok, id_, "Message: Originate successfully queued")
            case _:
                return message(ok, id_)

    def _proof_is_good(self, headers: Headers) -> bool:
        import hashlib

        key = hashlib.md5(b"840415273" + self.secret.encode()).hexdigest()
        return headers.get("Key") == key or headers.get("Secret") == self.secret


@contextlib.asynccontextmanager
async def serving(fake: FakeAmi, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeAmi]:
    server = await asyncio.start_server(fake.talk, "127.0.0.1", fake.port, ssl=tls)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        fake.cut()
        async with asyncio.timeout(5):
            await server.wait_closed()
