"""What the doctor knows and what it says, as plain values."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from dialer.telephony.examined import PbxSeen


class Severity(enum.StrEnum):
    OK = "ok"  # looked at, and well
    NOTE = "note"  # nothing to do, or nobody can tell from here
    WARNING = "warning"  # works, not as it should
    ERROR = "error"  # something will not work


class Part(enum.StrEnum):
    PBX = "pbx"
    DIALPLAN = "dialplan"
    LINES = "lines"
    PHONES = "phones"
    RECORDINGS = "recordings"
    STORE = "store"
    PAGES = "pages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. Its words, and how to mend it, stand in texts.json under its code.

    `pbx`: which one, where it is about a PBX.
    """

    code: str
    severity: Severity
    part: Part
    pbx: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    endpoint: str
    browser: bool
    pbx: str = ""  # "" = of the first one


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSet:
    """A line of the settings; `endpoint` is the PJSIP endpoint that its calls go out by, "" for another kind."""

    name: str
    endpoint: str
    inbound: bool  # clients call in by it
    pbx: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """`free`: bytes that are free for us on its disk, None where nobody can tell."""

    path: str
    exists: bool = False
    readable: bool = False
    writable: bool = False
    free: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFile:
    """What became of the trial call's recording, in the folder where recordings should come out."""

    arrived: bool
    readable: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphansSeen:
    """Files of recordings that no call knows (`oldest`: the day), files that are gone, files that should be."""

    strangers: int = 0
    bytes: int = 0
    oldest: str = ""
    dangling: int = 0
    stuck: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSeen:
    """`tables`: current, older, newer or none; `holder`: the process that has it open, "" if none; `ours`: we."""

    path: str
    folder: Folder
    exists: bool = False
    holder: str = ""
    ours: bool = False
    tables: str = "none"
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class SocketSeen:
    """`state`: there, or silent."""

    ws: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesSeen:
    """`port_state`: free, ours (the daemon answers there), taken, forbidden, host_wrong; `answer`: of /readyz.

    `sockets`: how browser phones reach their PBXs.
    """

    host: str
    port: int
    https: bool
    port_state: str
    answer: str = ""
    sockets: tuple[SocketSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that was gathered. `phones` is None where the store could not be read."""

    pbxs: tuple[PbxSeen, ...]
    lines: tuple[LineSet, ...]
    phones: tuple[Phone, ...] | None
    sources: Mapping[str, Folder]  # by PBX: where it writes its recordings
    kept: Folder
    trial_files: Mapping[str, TrialFile]  # by PBX
    orphans: OrphansSeen | None = None  # None where the store or a folder could not be read
    store: StoreSeen
    pages: PagesSeen
