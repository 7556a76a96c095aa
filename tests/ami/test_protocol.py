"""Bytes to messages: whatever the cuts and line ends, the same messages; nothing grows without bound."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.ami.messages import Greeting, Malformed, Message, Received
from dialer.ami.protocol import MAX_LINE, MAX_MESSAGE, Protocol
from tests.ami import capture

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
STREAM = b"".join(
    capture.load(name).heard for name in ("outbound_busy", "lists_with_live_calls", "inbound_hostile_names")
)


def read(pieces: list[bytes], wanted: frozenset[str] | None = None) -> list[Received]:
    protocol = Protocol(wanted)
    found: list[Received] = []
    for piece in pieces:
        protocol.feed(piece)
        found.extend(protocol.messages())
    return found


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted({point % (len(data) + 1) for point in at}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@pytest.fixture(scope="module")
def uncut() -> list[Received]:
    return read([STREAM])


@settings(max_examples=400, deadline=None)
@given(at=st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_any_cut_gives_the_same_messages(uncut: list[Received], at: list[int]) -> None:
    assert read(cut(STREAM, at)) == uncut


def test_one_byte_at_a_time_gives_the_same_messages(uncut: list[Received]) -> None:
    assert read([STREAM[i : i + 1] for i in range(len(STREAM))]) == uncut


LINE = st.text(st.sampled_from("ab:é \t\x1b\u2028\udcff\x85"), max_size=8)
MESSAGE = st.lists(LINE.filter(lambda line: line != ""), min_size=1, max_size=5)
END = st.sampled_from(["\n", "\r\n"])


@pytest.mark.many
@settings(max_examples=600, deadline=None)
@given(
    st.lists(MESSAGE, max_size=4),
    st.lists(END, min_size=1, max_size=5),
    st.lists(st.integers(0, 400), max_size=9),
)
@example([["Event: a"], ["Event: b", "c: d"]], ["\n", "\r\n"], [3, 9])
def test_any_line_ends_and_any_cut(messages: list[list[str]], ends: list[str], at: list[int]) -> None:
    lines = [line for message in messages for line in (*message, "")]
    mixed = "".join(line + ends[number % len(ends)] for number, line in enumerate(lines))
    data = mixed.encode("utf-8", "surrogateescape")
    plain = "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
    found = read([plain])
    assert read(cut(data, at)) == found
    assert len(found) == len(messages)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=8))
def test_noise_is_read_alike_however_it_is_cut(data: bytes, at: list[int]) -> None:
    assert read(cut(data, at)) == read([data])


def test_greeting_has_no_blank_line_after_it() -> None:
    found = read([GREETING + b"Response: Success\r\nActionID: 1\r\n\r\n"])
    assert found == [
        Greeting("Asterisk Call Manager/11.0.0", (11, 0, 0)),
        Message("", {"Response": "Success", "ActionID": "1"}),
    ]


def test_repeated_headers_are_kept_in_order() -> None:
    data = b"Event: Status\r\nVariable: a=1\r\nVariable: b=2\r\nVariable: a=3\r\nX: y\r\n\r\n"
    (message,) = read([data])
    assert isinstance(message, Message)
    assert message.all("Variable") == ("a=1", "b=2", "a=3")
    assert message.all("X") == ("y",)
    assert message.all("Y") == ()


@pytest.mark.parametrize(
    "lines",
    [
        ["Event: A", "Privilege: call,all", "Timestamp: 1.5", "B: c"],
        ["Event: A", "Privilege: call,all", "Timestamp: 1.5", "Timestamp: 2.5"],
        ["Event: A", "Timestamp: 1.5", "Timestamp: 2.5", "B: c", "B: d"],
        ["Event: A", "B", "Timestamp: 1.5"],
        ["Event: A"],
        ["Timestamp: 1", "Event: A", "Timestamp: 2"],
    ],
)
def test_the_short_way_reads_what_the_long_way_reads(lines: list[str]) -> None:
    (message,) = read([("\r\n".join(lines) + "\r\n\r\n").encode()])
    assert isinstance(message, Message)
    pairs = [(line.partition(":")[0], line.partition(":")[2].removeprefix(" ")) for line in lines]
    assert message.headers == dict(pairs)
    assert message.name == "A"
    for name, _ in pairs:
        assert message.all(name) == tuple(value for each, value in pairs if each == name)


def test_unwanted_events_are_counted_and_never_seen() -> None:
    protocol = Protocol(frozenset({"Hangup"}))
    protocol.feed(b"Event: VarSet\r\nX: y\r\n\r\nEvent: Hangup\r\nX: y\r\n\r\nX: y\r\nEvent: VarSet\r\n\r\n")
    assert [message.name for message in protocol.messages() if isinstance(message, Message)] == ["Hangup"]
    assert protocol.skipped == 2


def test_bytes_that_are_no_utf8_survive() -> None:
    raw = b"\xd0\x98\xff\xfe\xd0"
    (message,) = read([b"Event: A\r\nCallerIDName: " + raw + b"\r\n\r\n"])
    assert isinstance(message, Message)
    assert message.get("CallerIDName").encode("utf-8", "surrogateescape") == raw


@pytest.mark.parametrize("size", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, MAX_MESSAGE, 3 * MAX_MESSAGE])
@pytest.mark.parametrize("step", [4096, 65536, 10**9])
def test_an_over_long_line_costs_one_message(size: int, step: int) -> None:
    data = b"Event: A\r\nX: " + b"x" * (size - 3) + b"\r\n\r\nEvent: B\r\nX: y\r\n\r\n"
    first, second = read([data[i : i + step] for i in range(0, len(data), step)])
    assert isinstance(first, Malformed) == (size > MAX_LINE)
    assert second == Message("B", {"Event": "B", "X": "y"})


@pytest.mark.parametrize("over", [-2, -1, 0, 1, 2, 3])
@pytest.mark.parametrize("step", [4096, 10**9])
def test_the_limit_of_a_message_is_the_same_however_it_is_cut(over: int, step: int) -> None:
    line = b"X: " + b"x" * 1020 + b"\n"
    body = b"Event: A\n" + line * (MAX_MESSAGE // len(line) - 1)
    body += b"Y: " + b"y" * (MAX_MESSAGE + over - len(body) - 3)
    assert len(body) == MAX_MESSAGE + over
    data = body + b"\n\nEvent: B\nX: y\n\n"
    for start in range(3):
        pieces = [data[:start], *(data[i : i + step] for i in range(start, len(data), step))]
        first, second = read(pieces)
        assert isinstance(first, Malformed) == (over > 0)
        assert isinstance(second, Message)
        if isinstance(first, Malformed):
            assert first.size == MAX_MESSAGE + over


def test_an_endless_message_does_not_grow() -> None:
    protocol = Protocol()
    for _ in range(200):
        protocol.feed(b"X: " + b"x" * 60_000 + b"\r\n")
        assert protocol.pending <= MAX_MESSAGE + 70_000
    protocol.feed(b"\r\nEvent: B\r\n\r\n")
    assert [type(each).__name__ for each in protocol.messages()] == ["Malformed", "Message"]
    assert protocol.pending == 0


def test_messages_may_be_left_early() -> None:
    protocol = Protocol()
    protocol.feed(b"Event: A\n\nEvent: B\n\n")
    assert [next(protocol.messages())] == [Message("A", {"Event": "A"})]
    protocol.feed(b"Event: C\n\n")
    assert [each.name for each in protocol.messages() if isinstance(each, Message)] == ["B", "C"]
