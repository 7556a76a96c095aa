"""Gathering what can be seen from this machine: folders, disks, the pages' port. Nothing is changed by looking."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from dialer.doctor.machine import BARE_HEADER
from dialer.doctor.model import Folder, LineSet, PagesSeen, SocketSeen, TrialFile
from dialer.telephony.lines import Line, endpoint_of
from dialer.telephony.naming import TRIAL, side_name

ASKED_S = 2.0
FILE_S = 1.0  # a PBX closes its files within 20 ms of the hang-up; a shared folder may show them later
TRIAL_FILE = side_name(TRIAL, 1, "in")
_LOOK_S = 0.05
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - nothing is bound to it
_BINDS = {
    errno.EADDRINUSE: "taken",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
    errno.EADDRNOTAVAIL: "host_wrong",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where this installation lives, by its settings."""

    lines: Mapping[str, Line]
    sources: Mapping[str, Path]  # by PBX
    kept: Path
    host: str
    port: int
    tls: bool  # the daemon itself speaks HTTPS
    https: bool  # the pages are reached over HTTPS: by itself, or through a proxy
    sockets: tuple[str, ...]  # where browser phones reach their PBXs


def look_at(path: Path) -> Folder:
    """A folder; of one that is yet to be made, whether it could be."""
    there = next((one for one in (path, *path.absolute().parents) if one.exists()), Path("/"))
    free = None
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(there).free
    exists = path.is_dir()
    return Folder(
        path=str(path),
        exists=exists,
        readable=exists and os.access(path, os.R_OK | os.X_OK),
        writable=there.is_dir() and os.access(there, os.W_OK | os.X_OK),
        free=free,
    )


def sets_of(lines: Mapping[str, Line]) -> tuple[LineSet, ...]:
    """The lines as the doctor sees them; a line that names no number takes calls to any."""
    return tuple(
        LineSet(name=line.name, endpoint=endpoint_of(line.dial), inbound=True, pbx=line.pbx)
        for line in lines.values()
    )


Mark = tuple[int, int, int] | None


def mark_of(source: Path) -> Mark:
    """By what a newer trial recording is told from the one before."""
    try:
        seen = (source / TRIAL_FILE).stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


async def trial_file(source: Path, before: Mark) -> TrialFile:
    """What became of the trial recording, after the call has ended."""
    loop = asyncio.get_running_loop()
    until = loop.time() + FILE_S
    while True:
        mark = await asyncio.to_thread(mark_of, source)
        size = mark[2] if mark is not None else 0
        arrived = mark is not None and mark != before
        if (arrived and size > BARE_HEADER) or loop.time() > until:
            readable = os.access(source / TRIAL_FILE, os.R_OK)
            return TrialFile(arrived=arrived, readable=readable, size=size)
        await asyncio.sleep(_LOOK_S)


async def pages_seen(place: Place) -> PagesSeen:
    """The port as another process finds it."""
    state, answer = await _port(place)
    return PagesSeen(host=place.host, port=place.port, https=place.https, port_state=state, answer=answer)


async def _port(place: Place) -> tuple[str, str]:
    host = _ANYWHERE.get(place.host, place.host)
    url = f"{'https' if place.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{place.port}/readyz"
    timeout = aiohttp.ClientTimeout(total=ASKED_S)
    if place.port:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            # Whose certificate it is does not matter: only whether our daemon is there.
            async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url, ssl=False) as response:
                if response.headers.get("Server") == "Callwright":
                    text = (await response.text())[:200].strip()
                    return "ours", "" if response.status == 200 else text
    return await asyncio.to_thread(_bound, place.host, place.port), ""


def _bound(host: str, port: int) -> str:
    """What comes of taking the port, as the daemon would, and letting it go at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            trial.listen(1)
        except OSError as error:
            return _BINDS.get(error.errno or 0, "host_wrong")
    return "free"


async def socket_seen(url: str) -> SocketSeen:
    """Whether something takes a SIP websocket there; a certificate of our own making is not held against it."""
    timeout = aiohttp.ClientTimeout(total=ASKED_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            asyncio.timeout(ASKED_S),
            http.ws_connect(url, protocols=("sip",), ssl=False),
        ):
            return SocketSeen(url, "there")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return SocketSeen(url, "silent")
