"""What is said on the wire: the RTP of this network's loopback, so that a test knows what each phone heard.

A phone sends from the port at which it listens: what it hears is what goes to where its own voice comes from.
"""

from __future__ import annotations

import io
import socket
import struct
import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import soundfile

from tests.rig.sound import Clock, Samples, strength

A_LAW, EVENT = 8, 101
_KEYS = "0123456789*#ABCD"
PHONES_PORT = 30_000  # where the media ports of our sipps begin (far_end.py)
RATE = 8000
_OUTGOING = 4  # the loopback shows each packet twice
_SO_TIMESTAMPNS = 35
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Packet:
    at: float
    source: Address
    to: Address
    kind: int
    stamp: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """A clock voice as a phone heard it: when (s since 1970) each packet was `sent`, its place (s) in the sound."""

    sent: tuple[float, ...]
    places: tuple[float, ...]
    clock: Clock

    def moment(self, at: float) -> float:
        """Which moment of the voice the phone heard at that time, by the packet that it then had last."""
        last = bisect_right(self.sent, at) - 1
        if last < 0:
            raise LookupError("nothing had been sent yet")
        return self.clock.moment(self.places[last] + at - self.sent[last])


@dataclass
class Tap:
    """Use it as a context, inside the network namespace."""

    packets: list[Packet] = field(default_factory=list)

    def __enter__(self) -> Tap:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self._socket.bind(("lo", 0))
        self._socket.settimeout(0.2)
        # When a packet went is the kernel's word: on a busy machine we read it late.
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._over = False
        self._thread = threading.Thread(target=self._read, name="tap", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join(5)
        self._socket.close()

    def voice_of(self, hz: float, since: float) -> Address:
        """Where the phone is whose own voice is a tone of `hz`."""
        spoken = [one for one in list(self.packets) if one.kind == A_LAW and one.at >= since]
        for source in sorted({one.source for one in spoken}):
            said = [one for one in spoken if one.source == source]
            # Asterisk says what others said: a voice of its own comes from no port of Asterisk's.
            if source[1] >= PHONES_PORT and strength(_sound(said), hz) > 0.1:
                return source
        raise LookupError(f"nobody speaks at {hz} Hz")

    def heard_by(self, phone: Address, since: float, until: float) -> Samples:
        """Only what was sent in that time (s since 1970)."""
        mine = [one for one in list(self.packets) if one.to == phone and one.kind == A_LAW]
        return _sound([one for one in mine if since <= one.at < until])

    def told(self, address: str, since: float) -> Heard:
        """The clock voice that the one phone at `address` was sent since then."""
        told = [one for one in list(self.packets) if one.to[0] == address and one.kind == A_LAW]
        told = [one for one in told if one.at >= since]
        # One after the other: their stamps begin anew when the phone's partner changes, and none gets lost in here.
        ends = accumulate(len(one.payload) for one in told)
        places = tuple((end - len(one.payload)) / RATE for end, one in zip(ends, told, strict=True))
        return Heard(tuple(one.at for one in told), places, Clock.listen(_sound(told), RATE))

    def keys_to(self, phone: Address, since: float = 0.0) -> str:
        """The keys that were sent to a phone as telephone events."""
        events = [one for one in self.packets if one.to == phone and one.kind == EVENT and one.at >= since]
        pressed = dict.fromkeys((one.stamp, one.payload[0]) for one in events)
        return "".join(_KEYS[code] for _, code in pressed)

    def _read(self) -> None:
        while not self._over:
            try:
                data, beside, _, address = self._socket.recvmsg(4096, 64)
            except TimeoutError:
                continue
            seconds, nanoseconds = struct.unpack("qq", beside[0][2])
            packet = _packet(data, seconds + nanoseconds / 1e9) if address[2] != _OUTGOING else None
            if packet is not None:
                self.packets.append(packet)


def _sound(packets: list[Packet]) -> Samples:
    data = b"".join(one.payload for one in packets)
    samples, _ = soundfile.read(
        io.BytesIO(data), format="RAW", subtype="ALAW", channels=1, samplerate=RATE, dtype="float64"
    )
    return np.asarray(samples, dtype=np.float64)


def _packet(data: bytes, at: float) -> Packet | None:
    """An RTP packet in an IPv4 one, or None."""
    head = (data[0] & 15) * 4
    if data[9] != socket.IPPROTO_UDP or len(data) < head + 20:
        return None
    source, to = struct.unpack_from("!HH", data, head)
    first, kind, _, stamp = struct.unpack_from("!BBHI", data, head + 8)
    if first >> 6 != 2 or min(source, to) < 10_000 or kind & 127 not in (A_LAW, EVENT):
        return None
    here, there = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    return Packet(at, (here, source), (there, to), kind & 127, stamp, data[head + 20 :])
