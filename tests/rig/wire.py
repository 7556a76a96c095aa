"""A bare AMI session for tests: blocking, independent of the product, and it can write down all that it sees.

A capture is a file of JSON lines. The first is a header: Asterisk's version, what happened, the ids.
Each further line is one piece of the stream as it came from or went into the socket: `t` in seconds since the
connection, `from` "pbx" or "us", `data` the bytes as text (UTF-8 with surrogateescape: exactly reversible).
An empty piece is the end of the stream. The account's secret is masked.
"""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Message = dict[str, str]
_SECRET = re.compile(r"(?m)^(Secret: )[^\r\n]*")


class AmiTimeout(Exception):
    """The message waited for did not come."""


class RawAmi:
    """One connection. `seen` holds every message read so far; `mark` and `since` cut it."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 5038) -> None:
        self.seen: list[Message] = []
        self.banner = ""
        self.closed = False
        self._pieces: list[tuple[float, str, bytes]] = []
        self._buffer = b""
        self._serial = 0
        self._began = time.monotonic()
        self._socket = socket.create_connection((host, port), 5)
        end = time.monotonic() + 5
        while not self.banner and time.monotonic() < end:
            self._pump(0.2)
        if not self.banner:
            raise AmiTimeout("no greeting")

    def __enter__(self) -> RawAmi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    # --- out ---

    def send(self, action: str, *headers: tuple[str, str]) -> str:
        """Write one action; its ActionID."""
        self._serial += 1
        action_id = f"rig-{self._serial}"
        lines = [("Action", action), ("ActionID", action_id), *headers]
        self.send_raw("".join(f"{name}: {value}\r\n" for name, value in lines).encode() + b"\r\n")
        return action_id

    def send_raw(self, data: bytes) -> None:
        self._pieces.append((time.monotonic() - self._began, "us", data))
        self._socket.sendall(data)

    def ask(self, action: str, *headers: tuple[str, str], deadline_s: float = 5) -> Message:
        """One action and its response."""
        action_id = self.send(action, *headers)
        return self.wait_for(
            lambda m: "Response" in m and m.get("ActionID") == action_id, deadline_s, f"response to {action}"
        )

    def ask_list(self, action: str, *headers: tuple[str, str], deadline_s: float = 5) -> list[Message]:
        """One action and the events of its list."""
        action_id = self.send(action, *headers)
        self.wait_for(
            lambda m: m.get("ActionID") == action_id and m.get("EventList") == "Complete", deadline_s, action
        )
        rows = [m for m in self.seen if m.get("ActionID") == action_id and "Event" in m]
        return rows[:-1]

    def login(self, secret: str, user: str = "callwright") -> Message:
        return self.ask("Login", ("Username", user), ("Secret", secret))

    # --- in ---

    def wait_for(
        self, wanted: Callable[[Message], bool], deadline_s: float, what: str = "a message", since: int = 0
    ) -> Message:
        """The first message from position `since` of `seen` on that is wanted."""
        end = time.monotonic() + deadline_s
        position = since
        while True:
            while position < len(self.seen):
                if wanted(self.seen[position]):
                    return self.seen[position]
                position += 1
            left = end - time.monotonic()
            if left <= 0 or self.closed:
                raise AmiTimeout(f"{what}: {'closed' if self.closed else f'not within {deadline_s} s'}")
            self._pump(left)

    def event(self, name: str, deadline_s: float = 10, since: int = 0, **headers: str) -> Message:
        """The first event of that name with these headers."""

        def wanted(message: Message) -> bool:
            return message.get("Event") == name and all(message.get(k) == v for k, v in headers.items())

        return self.wait_for(wanted, deadline_s, f"{name} {headers}", since)

    def events(self, name: str, **headers: str) -> list[Message]:
        return [
            m
            for m in self.seen
            if m.get("Event") == name and all(m.get(key) == value for key, value in headers.items())
        ]

    @property
    def mark(self) -> int:
        return len(self.seen)

    def drain(self, seconds: float) -> None:
        """Read whatever comes for so long, or to the end of the connection."""
        end = time.monotonic() + seconds
        while not self.closed and (left := end - time.monotonic()) > 0:
            self._pump(left)

    # --- captures ---

    def save(self, path: Path, **header: object) -> None:
        """Write down everything since the connection was made."""
        with path.open("w", encoding="utf-8") as out:
            for line in self._lines(header):
                out.write(json.dumps(line, ensure_ascii=True) + "\n")

    def _lines(self, header: dict[str, object]) -> Iterator[dict[str, object]]:
        yield header
        for at, source, data in self._pieces:
            text = data.decode("utf-8", "surrogateescape")
            if source == "us":
                text = _SECRET.sub(r"\g<1>********", text)
            yield {"t": round(at, 6), "from": source, "data": text}

    # --- inner ---

    def _pump(self, wait_s: float) -> None:
        ready, _, _ = select.select([self._socket], [], [], wait_s)
        if not ready:
            return
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self._pieces.append((time.monotonic() - self._began, "pbx", data))
        if not data:
            self.closed = True
            return
        self._buffer += data
        if not self.banner:
            banner, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                return
            self.banner, self._buffer = banner.decode(), rest
        *whole, self._buffer = self._buffer.split(b"\r\n\r\n")
        self.seen += [_message(one) for one in whole]


def _message(data: bytes) -> Message:
    message: Message = {}
    for line in data.decode("utf-8", "surrogateescape").split("\r\n"):
        name, found, value = line.partition(": ")
        if not found:
            name, _, value = line.partition(":")
        message[name] = f"{message[name]}\n{value}" if name in message else value
    return message
