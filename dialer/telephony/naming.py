"""The names of a recording's files: the call's id, from the second segment on its number, and the side.

`CALL-in.wav` and `CALL-out.wav` are the first segment as a PBX writes it, `CALL-2-in.wav` the second; `CALL.wav`,
`CALL-2.opus` are what we keep. A name holds nothing from outside.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

SIDES: Final = ("out", "in")  # the operator, the client: left, right
MOST_SEGMENTS: Final = 99
TRIAL: Final = "CHECK"  # what stands in a call id's place in the doctor's trial recording
_FORM: Final = re.compile(r"([0-9A-Z]{1,26})(?:-([2-9]|[1-9]\d))?(?:-(in|out))?\.(wav|opus)")


class Named(NamedTuple):
    """What a file's name says; `side` "" = both, as we keep them."""

    call_id: str
    number: int
    side: str
    codec: str


def stem(call_id: str, number: int) -> str:
    """The name of one segment, without its side and its kind."""
    return call_id if number == 1 else f"{call_id}-{number}"


def side_name(call_id: str, number: int, side: str) -> str:
    return f"{stem(call_id, number)}-{side}.wav"


def parse(name: str) -> Named | None:
    """What a name says, or None for a file that is none of ours."""
    found = _FORM.fullmatch(name)
    if found is None:
        return None
    call_id, number, side, codec = found.groups()
    if side and codec != "wav":
        return None
    return Named(call_id, int(number or 1), side or "", codec)
