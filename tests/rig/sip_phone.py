"""A plain SIP phone that does more than sipp can in one scenario: two calls at once, and transfers between them.

It answers whatever calls it, silently, and says yes to everything else that Asterisk asks.
"""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.rig.asterisk import SIP_PORT

_tags = itertools.count(1)
HOST = "127.0.0.1"
ASTERISK = (HOST, SIP_PORT)


@dataclass
class Dialog:
    """One call of the phone. `ours` and `theirs` are the parties as From or To would have them."""

    call_id: str
    ours: str
    theirs: str
    target: str
    number: int = 0  # of our last request
    up: bool = False
    over: bool = False


@dataclass
class SipPhone:
    """Listens at a port of its own from the beginning to `close`."""

    user: str
    port: int
    dialogs: dict[str, Dialog] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, self.port))
        self._socket.settimeout(0.2)
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"phone {self.user}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed = True
        self._thread.join(5)
        self._socket.close()

    # --- what its user does ---

    def wait_called(self, deadline_s: float = 10) -> Dialog:
        """The first call that this phone has answered."""
        return self._wait(lambda: next(iter(self.dialogs.values()), None), deadline_s)

    def dial(self, number: str, deadline_s: float = 10) -> Dialog:
        """Call a number, and wait for the answer."""
        tag = next(_tags)
        dialog = Dialog(
            call_id=f"phone-{self.user}-{tag}",
            ours=f"<sip:{self.user}@{HOST}>;tag=o{tag}",
            theirs=f"<sip:{number}@{HOST}>",
            target=f"sip:{number}@{HOST}:{SIP_PORT}",
        )
        self.dialogs[dialog.call_id] = dialog
        self._request("INVITE", dialog, body=_sdp(self.port))
        self._wait(lambda: dialog if dialog.up else None, deadline_s)
        return dialog

    def transfer(self, dialog: Dialog, to: str, other: Dialog | None = None) -> None:
        """Send the other end of `dialog` to a number; with `other` to whom that call is with (attended)."""
        refer = f"sip:{to}@{HOST}:{SIP_PORT}"
        if other is not None:
            tags = f"{other.call_id}%3Bto-tag%3D{_tag(other.theirs)}%3Bfrom-tag%3D{_tag(other.ours)}"
            refer += f"?Replaces={tags}"
        me = f"<sip:{self.user}@{HOST}>"
        self._request("REFER", dialog, f"Refer-To: <{refer}>", f"Referred-By: {me}")

    def press(self, dialog: Dialog, key: str) -> None:
        """A key, as SIP INFO."""
        body = f"Signal={key}\r\nDuration=160\r\n"
        self._request("INFO", dialog, "Content-Type: application/dtmf-relay", body=body)

    def hang_up(self, dialog: Dialog) -> None:
        if not dialog.over:
            dialog.over = True
            self._request("BYE", dialog)

    # --- the wire ---

    def _request(self, method: str, dialog: Dialog, *more: str, body: str = "") -> None:
        dialog.number += 1
        self._send(method, dialog, dialog.number, f"z9hG4bK{next(_tags)}x", more, body)

    def _send(
        self,
        method: str,
        dialog: Dialog,
        number: int,
        branch: str,
        more: tuple[str, ...] = (),
        body: str = "",
    ) -> None:
        lines = [
            f"{method} {dialog.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch={branch};rport",
            f"From: {dialog.ours}",
            f"To: {dialog.theirs}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{self.user}@{HOST}:{self.port}>",
            "Max-Forwards: 70",
            *more,
        ]
        self._socket.sendto(_message(lines, body), ASTERISK)

    def _run(self) -> None:
        while not self._closed:
            try:
                data = self._socket.recv(65535).decode("utf-8", "replace")
            except TimeoutError:
                continue
            head, _, _ = data.partition("\r\n\r\n")
            with self._changed:
                if head.startswith("SIP/2.0"):
                    self._answered(head)
                else:
                    self._asked(head)
                self._changed.notify_all()

    def _answered(self, head: str) -> None:
        dialog = self.dialogs.get(_header(head, "Call-ID"))
        number, method = _header(head, "CSeq").split()
        if dialog is None or method != "INVITE" or int(head.split()[1]) < 200:
            return
        dialog.theirs = _header(head, "To")
        dialog.up = head.startswith("SIP/2.0 200")
        if dialog.up:
            dialog.target = _uri(_header(head, "Contact"))
            self._send("ACK", dialog, int(number), f"z9hG4bK{next(_tags)}a")
        else:
            self._send("ACK", dialog, int(number), re.findall(r"branch=([^;]+)", _header(head, "Via"))[0])

    def _asked(self, head: str) -> None:
        method, call_id = head.split()[0], _header(head, "Call-ID")
        if method == "ACK":
            return
        dialog = self.dialogs.get(call_id)
        to = _header(head, "To")
        if dialog is None and method == "INVITE":
            to = f"{to};tag=o{next(_tags)}"
            dialog = Dialog(call_id, to, _header(head, "From"), _uri(_header(head, "Contact")), up=True)
            self.dialogs[call_id] = dialog
        if dialog is not None:
            to = dialog.ours
            dialog.over = dialog.over or method == "BYE"
        lines = [
            "SIP/2.0 200 OK",
            *(line for line in head.split("\r\n") if line.lower().startswith("via:")),
            f"From: {_header(head, 'From')}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {_header(head, 'CSeq')}",
            f"Contact: <sip:{self.user}@{HOST}:{self.port}>",
        ]
        self._socket.sendto(_message(lines, _sdp(self.port) if method == "INVITE" else ""), ASTERISK)

    def _wait(self, found: Callable[[], Dialog | None], deadline_s: float) -> Dialog:
        end = time.monotonic() + deadline_s
        with self._changed:
            while (dialog := found()) is None:
                if not self._changed.wait(end - time.monotonic()) and time.monotonic() >= end:
                    raise TimeoutError(f"phone {self.user}: nothing within {deadline_s} s")
            return dialog


def _header(head: str, name: str) -> str:
    return re.search(rf"(?im)^{name}\s*:\s*(.*?)\s*$", head)[1]  # type: ignore[index]


def _uri(contact: str) -> str:
    return re.search(r"<([^>]+)>", contact)[1]  # type: ignore[index]


def _tag(party: str) -> str:
    return re.search(r";tag=([^;>\s]+)", party)[1]  # type: ignore[index]


def _sdp(port: int) -> str:
    lines = ("v=0", f"o=phone {port} 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0")
    media = (
        f"m=audio {port + 1000} RTP/AVP 8 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
    )
    return "\r\n".join((*lines, *media, "a=sendrecv", ""))


def _message(lines: list[str], body: str) -> bytes:
    kind = ["Content-Type: application/sdp"] if body.startswith("v=0") else []
    return ("\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", ""]) + body).encode()
