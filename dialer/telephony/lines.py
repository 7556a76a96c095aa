"""Lines: the ways out to the public network, and the numbers under which clients call in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dialer.telephony.ranges import Range

# How a number is dialled: one channel of the PBX's own, with the number in it once. `{number}` is E.164 with its
# plus, `{digits}` the same without. The adapter and the configuration hold to the same form.
_DIAL = re.compile(r"[A-Za-z0-9]{2,16}/[A-Za-z0-9_.@:/-]*\{(?:number|digits)\}[A-Za-z0-9_.@:/-]*")
TECHNOLOGIES = ("PJSIP", "SIP", "IAX2", "DAHDI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`dial` is the PBX's own form with `{number}` or `{digits}` in it; `capacity` counts simultaneous calls.

    `region` is whose ordinary numbers it dials; `ranges` what the configuration allows or takes away besides.
    """

    name: str
    dial: str
    caller_id: str
    region: str
    capacity: int
    called: tuple[str, ...]
    ranges: tuple[Range, ...] = ()
    pbx: str = ""  # the PBX that it leads out of; "" = the first one


def wrong_dial(dial: str) -> str:
    """Why a line may not be dialled like this, "" if it may. Says nothing of what was given."""
    if not _DIAL.fullmatch(dial):
        return "not of the form TECHNOLOGY/...{number}...: one place, letters, digits and _ . @ : / - besides"
    technology = dial.partition("/")[0].upper()
    if technology == "LOCAL":
        return "no Local channel: Bridge would take its other half, and the client would hear nobody"
    if technology not in TECHNOLOGIES:
        return f"not one of the technologies {', '.join(TECHNOLOGIES)}"
    return ""


def endpoint_of(dial: str) -> str:
    """The PJSIP endpoint that a line's calls go out by, "" for another technology.

    Both of its forms are known: PJSIP/{number}@trunk and PJSIP/trunk/sip:{number}@host.
    """
    found = re.match(r"PJSIP/(?:[^/]*@)?([A-Za-z0-9_-]{1,32})(?:/|$)", dial, re.IGNORECASE)
    return found[1] if found else ""


def line_called(lines: Mapping[str, Line], dialled: str) -> Line | None:
    """The line that owns the number a client dialled; a line that names none takes what no other does."""
    digits = dialled.lstrip("+")
    for line in lines.values():
        if any(number.lstrip("+") == digits for number in line.called):
            return line
    return next((line for line in lines.values() if not line.called), None)
