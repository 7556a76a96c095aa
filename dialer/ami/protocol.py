"""AMI's bytes to messages, without I/O.

    protocol = Protocol(wanted=frozenset({"Hangup", ...}))
    protocol.feed(data)              # whatever the socket gave, cut anywhere
    for message in protocol.messages():
        ...                          # may be left early; the rest is there at the next call

A line ends with CRLF or LF, a message with a blank line. Asterisk writes CRLF, so that is the short way; a blank
line that ends otherwise is found when the lines are looked at. Events that nobody wants are recognised by their
first line and never taken apart.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from dialer.ami.messages import Greeting, Malformed, Message, Received

MAX_LINE = 64 * 1024  # characters; Asterisk's longest lines carry a channel variable
MAX_MESSAGE = 4 * MAX_LINE  # bytes (a character has at most four)
_REMEMBERED = 512 * 1024  # bytes of the stream whose lines may be remembered
_MAX_GREETING = 1024
_GREETING = "Asterisk Call Manager/"
_GREETING_BYTES = _GREETING.encode()
_BLANK = re.compile("\n\r?\n")
_BLANK_BYTES = re.compile(rb"\n\r?\n")
_NOT_REPEATED: dict[str, tuple[str, ...]] = {}
_DROPPED = "\0dropped "  # stands in the queue for an over-long message


class _BlankLine(Exception):
    """What looked like one message is several."""


class _Pairs(dict[str, tuple[str, str]]):
    """Lines already taken apart: a channel's lines come back in each of its events, so most are looked up."""

    __slots__ = ()

    def __missing__(self, line: str) -> tuple[str, str]:
        bare = line.rstrip("\r")
        name, colon, value = bare.partition(": ")
        if not colon:
            if not bare:
                raise _BlankLine
            name, _, value = bare.partition(":")
        self[line] = pair = (name, value)
        return pair


class Protocol:
    """The reading side of one AMI connection. `wanted` names the events to give out; None wants all."""

    def __init__(self, wanted: frozenset[str] | None = None) -> None:
        self.skipped = 0  # events not wanted
        self.malformed = 0  # messages thrown away
        self._wanted = None if wanted is None else wanted | {f"{name}\r" for name in wanted}
        self._pairs = _Pairs()
        self._remembered = 0
        self._buffer = bytearray()  # the beginning of a message whose end has not come yet
        self._queue: deque[tuple[Iterator[str], int]] = (
            deque()
        )  # whole messages as text, by what brought them
        self._queued = 0
        self._dropping = -1  # bytes of an over-long message thrown away so far; -1: none is
        self._greeted = False

    @property
    def pending(self) -> int:
        """About how much was fed and not yet given out, in bytes."""
        return self._queued + len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes from the wire; the work is done by `messages`, save for finding the last blank line."""
        buffer = self._buffer
        scanned = max(0, len(buffer) - 2)
        buffer += data
        if not self._greeted:
            scanned = 0
            self._look_for_greeting()
        if self._dropping >= 0 and not self._drop_to_blank_line():
            return
        end = buffer.rfind(b"\n\r\n", scanned)
        if end >= 0:
            text = buffer[:end].decode("utf-8", "surrogateescape")
            self._put(text.split("\n\r\n"), end)
            del buffer[: end + 3]
            scanned = 0
        end = buffer.rfind(b"\n\n", scanned)
        if end >= 0:
            text = buffer[:end].decode("utf-8", "surrogateescape")
            self._put(_BLANK.split(text), end)
            del buffer[: end + 2]
        while buffer.startswith((b"\r", b"\n")):
            del buffer[:1]
        # Two bytes more than allowed may be the beginning of the blank line.
        if len(buffer) > MAX_MESSAGE + 2:
            self._dropping = 0
            self._drop_to_blank_line()

    def messages(self) -> Iterator[Received]:
        """Give out what is complete, in the order of the wire."""
        wanted, pair = self._wanted, self._pairs.__getitem__
        while self._queue:
            blocks, size = self._queue[0]
            for block in blocks:
                if block[:7] != "Event: " or len(block) > MAX_LINE:
                    yield from self._unusual(block)
                    continue
                if wanted is not None and _first_line(block)[7:] not in wanted:
                    self.skipped += 1
                    continue
                lines = block.split("\n")
                try:
                    stamp = lines[2]
                    if stamp[:11] == "Timestamp: ":
                        # The one line that is new in every event is kept out of what is remembered.
                        del lines[2]
                        headers = dict(map(pair, lines))
                        headers["Timestamp"] = stamp[11:].rstrip("\r")
                        if len(headers) > len(lines):
                            yield Message(headers["Event"], headers, _NOT_REPEATED)
                            continue
                        lines.insert(2, stamp)
                    yield _message(list(map(pair, lines)))
                except (_BlankLine, IndexError):
                    yield from self._unusual(block)
            self._queue.popleft()
            self._queued -= size

    def _put(self, blocks: list[str], size: int) -> None:
        self._queue.append((iter(blocks), size))
        self._queued += size
        self._remembered += size
        if self._remembered > _REMEMBERED:
            self._pairs.clear()
            self._remembered = 0

    def _unusual(self, text: str) -> Iterator[Received]:
        """All but an event of ordinary size: answers, the greeting, odd blank lines, what is too long."""
        if text.startswith(_DROPPED):
            self.malformed += 1
            yield Malformed("message too long", int(text[len(_DROPPED) :]))
            return
        for part in _BLANK.split(text):
            block = part.strip("\r\n")
            size = len(block) if len(block) <= MAX_LINE else len(block.encode("utf-8", "surrogateescape"))
            if size > MAX_MESSAGE or (size > MAX_LINE and max(map(len, block.split("\n"))) > MAX_LINE):
                self.malformed += 1
                yield Malformed("message too long" if size > MAX_MESSAGE else "line too long", size)
            elif block.startswith(_GREETING):
                yield _greeting(block)
            elif block:
                yield from self._any(block)

    def _any(self, block: str) -> Iterator[Message]:
        lines = (line for line in block.split("\n") if line.strip("\r"))
        message = _message([self._pairs[line] for line in lines])
        if message.name and self._wanted is not None and message.name not in self._wanted:
            self.skipped += 1
        else:
            yield message

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

    def _drop_to_blank_line(self) -> bool:
        """Throw away what belongs to the over-long message; true when its end was found."""
        buffer = self._buffer
        found = _BLANK_BYTES.search(buffer)
        if found is None:
            # The last two bytes may be the beginning of the blank line.
            gone = max(0, len(buffer) - 2)
            self._dropping += gone
            del buffer[:gone]
            return False
        self._put([f"{_DROPPED}{self._dropping + found.start()}"], 0)
        self._dropping = -1
        del buffer[: found.end()]
        return True


def _first_line(block: str) -> str:
    end = block.find("\n")
    return block if end < 0 else block[:end]


def _message(pairs: list[tuple[str, str]]) -> Message:
    headers = dict(pairs)
    name = headers.get("Event", "")
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
