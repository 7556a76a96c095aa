"""One AMI connection as the PBX sees it, without sockets: bytes in, answers and events out.

Fifteen of AMI's actions are known, those that the captures show. `send` gets bytes, `close` ends the connection.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from dialer.simulation.clock import Clock
from dialer.simulation.exchange import Exchange

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
MAX_LINE = 1024
MAX_HEADERS = 128
WRONG_LOGIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    user: str = "callwright"
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One message from a client; `variables` holds the values of all Variable headers."""

    headers: dict[str, str]
    variables: tuple[str, ...]

    def get(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    @property
    def action(self) -> str:
        return self.get("Action").lower()


Answer = Callable[["Manager", Request], None]


class World(Protocol):
    """What a connection needs of the PBX around it."""

    @property
    def account(self) -> Account: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def exchange(self) -> Exchange: ...


class Manager:
    """The state of one connection. `actions` maps an action's name in small letters to what it does."""

    def __init__(
        self,
        world: World,
        actions: dict[str, Answer],
        send: Callable[[bytes], None],
        close: Callable[[], None],
    ) -> None:
        self.world = world
        self.send = send
        self.close = close
        self.logged_in = False
        self.wants_events = True
        self._actions = actions
        self._buffer = b""
        self._lines: list[str] = []
        self._fault = ""
        self._challenge = ""
        send(BANNER)

    def feed(self, data: bytes) -> None:
        """Take bytes from the socket; a line ends with CRLF or LF, a message with an empty line."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for raw in lines:
            line = raw.removesuffix(b"\r")
            if len(line) > MAX_LINE:
                self._fault = self._fault or "Failed to parse message: line too long"
            elif line:
                self._take_line(line.decode("utf-8", "surrogateescape"))
                continue
            if not line:
                self._finish_message()
        if len(self._buffer) > 64 * MAX_LINE:
            self.close()

    def tell(self, events: bytes) -> None:
        if self.logged_in and self.wants_events:
            self.send(events)

    # --- answering ---

    def answer(self, request: Request, response: str, *lines: str) -> None:
        head = [f"Response: {response}"]
        if action_id := request.get("ActionID"):
            head.append(f"ActionID: {action_id}")
        self.write("\r\n".join([*head, *lines]) + "\r\n\r\n")

    def refuse(self, request: Request, message: str) -> None:
        self.answer(request, "Error", f"Message: {message}")

    def accept(self, request: Request, message: str) -> None:
        self.answer(request, "Success", f"Message: {message}")

    def write(self, text: str) -> None:
        self.send(text.encode("utf-8", "surrogateescape"))

    # --- reading ---

    def _take_line(self, line: str) -> None:
        if len(self._lines) >= MAX_HEADERS:
            self._fault = self._fault or "Too many lines in message or allocation failure"
            return
        self._lines.append(line)

    def _finish_message(self) -> None:
        lines, self._lines = self._lines, []
        fault, self._fault = self._fault, ""
        request = read(lines)
        if fault:
            self.refuse(request, fault)
        elif not request.action:
            self.refuse(request, "Missing action in request")
        else:
            self._act(request)

    def _act(self, request: Request) -> None:
        action = request.action
        if action == "challenge":
            self._give_challenge(request)
        elif action == "login":
            self._log_in(request)
        elif action == "logoff":
            self.answer(request, "Goodbye", "Message: Thanks for all the fish.")
            self.close()
        elif not self.logged_in:
            self.refuse(request, "Permission denied")
        elif (do := self._actions.get(action)) is not None:
            do(self, request)
        else:
            name = request.get("Action")
            self.refuse(
                request,
                f"Invalid/unknown command: {name}. Use Action: ListCommands to show available commands.",
            )

    def _give_challenge(self, request: Request) -> None:
        if request.get("AuthType").upper() != "MD5":
            self.refuse(request, "Must specify AuthType")
            return
        self._challenge = str(self.world.exchange.rng.randrange(10**8, 10**9))
        self.answer(request, "Success", f"Challenge: {self._challenge}")

    def _log_in(self, request: Request) -> None:
        if not self._is_right(request):
            self.world.clock.later(WRONG_LOGIN_S, lambda: self._turn_away(request))
            return
        self.logged_in = True
        self.wants_events = request.get("Events").lower() != "off"
        self.accept(request, "Authentication accepted")
        exchange = self.world.exchange
        uptime = int(self.world.clock.now() - exchange.started)
        self.tell(
            "Event: FullyBooted\r\nPrivilege: system,all\r\n"
            f"Uptime: {uptime}\r\nLastReload: {uptime}\r\nStatus: Fully Booted\r\n\r\n".encode()
        )

    def _is_right(self, request: Request) -> bool:
        account = self.world.account
        if not hmac.compare_digest(request.get("Username").encode(), account.user.encode()):
            return False
        if request.get("AuthType").upper() == "MD5":
            text = (self._challenge + account.secret).encode()
            right = hashlib.md5(text, usedforsecurity=False).hexdigest()
            return bool(self._challenge) and hmac.compare_digest(request.get("Key").encode(), right.encode())
        return hmac.compare_digest(
            request.get("Secret").encode("utf-8", "surrogateescape"), account.secret.encode()
        )

    def _turn_away(self, request: Request) -> None:
        self.refuse(request, "Authentication failed")
        self.close()


def read(lines: Iterable[str]) -> Request:
    """Take a message's lines apart; the first of equal headers counts, save for Variable."""
    headers: dict[str, str] = {}
    variables = []
    for line in lines:
        name, _, value = line.partition(":")
        value = value.lstrip()
        if name.lower() == "variable":
            variables.append(value)
        headers.setdefault(name.strip().lower(), value)
    return Request(headers, tuple(variables))
