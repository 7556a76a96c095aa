"""AMI's bytes to messages, without I/O.

    protocol = Protocol(wanted=frozenset({"Hangup", ...}))
    protocol.feed(data)              # whatever the socket gave, cut anywhere
    for message in protocol.messages():
        ...                          # may be left early; the rest is there at the next call

A line ends with CRLF or LF, a message with a blank line. CR and NUL are never data in Asterisk's output, so
they are dropped at the door: no pairing of line ends has to be understood, and no store has to fear a NUL.
Events that nobody wants are recognised by their first line and never taken apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from dialer.ami.messages import Greeting, Malformed, Message, Received

MAX_LINE = 64 * 1024  # characters; Asterisk's longest lines carry a channel variable
MAX_MESSAGE = (
    4 * MAX_LINE
)  # bytes, and a character has at most four: a message of short lines may be this long
_MAX_GREETING = 1024
_GREETING = "Asterisk Call Manager/"
_GREETING_BYTES = _GREETING.encode()
_REMEMBERED_LINES = 8192
_NOT_REPEATED: dict[str, tuple[str, ...]] = {}
_DROPPED = "\0"  # stands in the queue for an over-long message; NUL cannot come from the wire


class _Pairs(dict[str, tuple[str, str]]):
    """Lines already taken apart: a channel's lines come back in each of its events, so most are looked up."""

    __slots__ = ()

    def __missing__(self, line: str) -> tuple[str, str]:
        name, _, value = line.partition(":")
        pair = (name, value[1:] if value[:1] == " " else value)
        if len(line) < 256:
            if len(self) >= _REMEMBERED_LINES:
                self.clear()
            self[line] = pair
        return pair


class Protocol:
    """The reading side of one AMI connection. `wanted` names the events to give out; None wants all."""

    def __init__(self, wanted: frozenset[str] | None = None) -> None:
        self.skipped = 0  # events not wanted
        self.malformed = 0  # messages thrown away
        self._wanted = wanted
        self._pair = _Pairs().__getitem__
        self._buffer = bytearray()  # the beginning of a message whose end has not come yet
        self._blocks: deque[str] = deque()  # whole messages as text
        self._queued = 0
        self._dropping = 0  # bytes of an over-long message thrown away so far
        self._greeted = False

    @property
    def pending(self) -> int:
        """How much was fed and not yet given out, in characters or bytes."""
        return self._queued + len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes from the wire; the work is done by `messages`, save for finding the last blank line."""
        buffer = self._buffer
        scanned = max(0, len(buffer) - 1)
        buffer += data.translate(None, b"\r\0")
        if not self._greeted:
            self._look_for_greeting()
            scanned = 0
        if self._dropping:
            self._drop_to_blank_line()
            scanned = 0
        end = buffer.rfind(b"\n\n", scanned)
        if end >= 0 and not self._dropping:
            text = buffer[:end].decode("utf-8", "surrogateescape").strip("\n")
            del buffer[: end + 2]
            self._queue(text.split("\n\n"))
        if self._dropping:
            return
        while buffer[:1] == b"\n":
            del buffer[:1]
        # One byte more than allowed may be the first half of the blank line.
        if len(buffer) > MAX_MESSAGE + 1:
            self._dropping = 1
            self._drop_to_blank_line()

    def messages(self) -> Iterator[Received]:
        """Give out what is complete, in the order of the wire."""
        blocks, wanted, pair = self._blocks, self._wanted, self._pair
        while blocks:
            block = blocks.popleft()
            self._queued -= len(block)
            if block[:7] != "Event: " or len(block) > MAX_LINE or "\n" not in block:
                yield from self._unusual(block)
                continue
            if wanted is not None and block[7 : block.find("\n", 7)] not in wanted:
                self.skipped += 1
                continue
            lines = block.split("\n")
            if len(lines) > 2 and lines[2][:11] == "Timestamp: ":
                # The one line that is new in every event is kept out of what is remembered.
                stamp = lines.pop(2)
                headers = dict(map(pair, lines))
                if len(headers) == len(lines) and "Timestamp" not in headers:
                    headers["Timestamp"] = stamp[11:]
                    yield Message(lines[0][7:], headers, _NOT_REPEATED)
                    continue
                lines.insert(2, stamp)
            yield _message(lines[0][7:], [pair(line) for line in lines])

    def _unusual(self, block: str) -> Iterator[Received]:
        """Everything but an event of ordinary size: answers, the greeting, blank lines, what is too long."""
        if block[:1] == _DROPPED:
            self.malformed += 1
            yield Malformed("message too long", int(block[1:]))
            return
        block = block.strip("\n")
        if not block:
            return
        if len(block) > MAX_LINE:
            size = len(block.encode("utf-8", "surrogateescape"))
            if size > MAX_MESSAGE or max(map(len, block.split("\n"))) > MAX_LINE:
                self.malformed += 1
                yield Malformed("message too long" if size > MAX_MESSAGE else "line too long", size)
                return
        if block.startswith(_GREETING):
            yield _greeting(block)
            return
        message = _message("", [self._pair(line) for line in block.split("\n")])
        name = message.get("Event")
        if name and self._wanted is not None and name not in self._wanted:
            self.skipped += 1
            return
        yield Message(name, message.headers, message.repeated)

    def _queue(self, blocks: list[str]) -> None:
        self._blocks.extend(blocks)
        self._queued += sum(map(len, blocks))

    def _look_for_greeting(self) -> None:
        """The greeting is one line without a blank one after it: put one there, so that it is a message."""
        buffer = self._buffer
        start = bytes(buffer[: len(_GREETING_BYTES)])
        if start != _GREETING_BYTES:
            self._greeted = not _GREETING_BYTES.startswith(start)
            return
        end = buffer.find(b"\n", 0, _MAX_GREETING)
        if end >= 0:
            buffer[end : end + 1] = b"\n\n"
        self._greeted = end >= 0 or len(buffer) > _MAX_GREETING

    def _drop_to_blank_line(self) -> None:
        buffer = self._buffer
        end = buffer.find(b"\n\n")
        if end < 0:
            # A newline at the end may be the first half of the blank line.
            keep = 1 if buffer[-1:] == b"\n" else 0
            self._dropping += len(buffer) - keep
            del buffer[: len(buffer) - keep]
            return
        self._queue([f"{_DROPPED}{self._dropping - 1 + end}"])
        self._dropping = 0
        del buffer[: end + 2]


def _message(name: str, pairs: list[tuple[str, str]]) -> Message:
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return Message(name, headers, _NOT_REPEATED)
    values: dict[str, tuple[str, ...]] = {}
    for header, value in pairs:
        values[header] = (*values.get(header, ()), value)
    return Message(name, headers, {header: all_ for header, all_ in values.items() if len(all_) > 1})


def _greeting(line: str) -> Greeting:
    version = line[len(_GREETING) :]
    parts = version.split(".")
    return Greeting(line, tuple(int(p) for p in parts if p.isascii() and p.isdigit()))
