"""Captures as tests want them: bytes of the PBX, messages, telephony events."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from dialer.ami.messages import Message
from dialer.ami.protocol import Protocol
from dialer.ami.translate import ORDER, translate
from dialer.telephony.model import PbxEvent

FOLDER = Path(__file__).resolve().parents[1] / "captures"


@dataclass(frozen=True)
class Capture:
    """`pieces` are (who, data) in order; orders' ActionIDs are as our adapter would have written them."""

    name: str
    ids: dict[str, str]
    pieces: tuple[tuple[str, bytes], ...]

    @property
    def heard(self) -> bytes:
        return b"".join(data for who, data in self.pieces if who == "pbx")

    def messages(self) -> list[Message]:
        protocol = Protocol()
        protocol.feed(self.heard)
        return [message for message in protocol.messages() if isinstance(message, Message)]

    def events(self) -> list[PbxEvent]:
        found = (translate(message, 0.0) for message in self.messages() if message.name)
        return [event for event in found if event is not None]


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.capture"))


def load(name: str) -> Capture:
    header, *lines = (FOLDER / f"{name}.capture").read_text(encoding="utf-8").splitlines()
    pieces = [json.loads(line) for line in lines]
    said = "".join(piece["data"] for piece in pieces if piece["from"] == "us")
    ours = dict(
        re.findall(
            r"Action: Originate\r\nActionID: ([^\r]+)\r\n(?:[^\r]+\r\n)*?ChannelId: ([^\r]+)\r\n", said
        )
    )
    known: set[str] = set()
    for action_id, leg in list(ours.items()):
        if leg in known:
            del ours[
                action_id
            ]  # a second order of the same id: our adapter sends none, so it is somebody else's
        known.add(leg)

    def as_ours(data: str) -> bytes:
        data = re.sub(
            r"(?<=ActionID: )([^\r]+)(?=\r)", lambda m: ORDER + ours[m[1]] if m[1] in ours else m[1], data
        )
        return data.encode("utf-8", "surrogateescape")

    return Capture(
        name=name,
        ids=json.loads(header)["ids"],
        pieces=tuple((piece["from"], as_ours(piece["data"])) for piece in pieces),
    )
