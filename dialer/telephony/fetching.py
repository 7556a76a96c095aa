"""Recordings from a PBX on another machine, over HTTP(S): bounded in size and time, resumed, and verified.

The PBX's web server offers the folder of recordings (asterisk-conf/README.md shows one); it has to answer HEAD and
ranges. Redirects are not followed, so that what we send as a proof goes nowhere else.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import os
import re
from pathlib import Path
from typing import Final

import aiohttp
from msgspec import Struct

from dialer.telephony import wav
from dialer.telephony.naming import MOST_SEGMENTS, SIDES, side_name
from dialer.telephony.private import private_folder

log = logging.getLogger(__name__)

BLOCK: Final = 64 * 1024
MOST_ATTEMPTS: Final = 5  # of one file in one go; the recorder asks again later
PAUSE_S: Final = 0.2
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")
_DIGEST: Final = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")


class FetchFailed(OSError):
    """A file could not be had; the message says why, and holds no secret."""


class PbxWeb(Struct, frozen=True, kw_only=True):
    """Where and how. With a `user` the `secret` is a password (basic), without one a token (bearer)."""

    base: str
    user: str = ""
    secret: str = ""
    most_bytes: int = 200 * 1024 * 1024
    timeout_s: float = 60.0

    def __repr__(self) -> str:
        return f"PbxWeb({self.base!r})"


class _Head(Struct, frozen=True, kw_only=True):
    size: int
    tag: str


class PbxHttp:
    """A `Source` behind a web server. `spool` holds what was fetched until it is kept."""

    def __init__(self, web: PbxWeb, spool: Path) -> None:
        self._web = web
        self._spool = spool
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def numbers(self, call_id: str) -> list[int]:
        found: list[int] = []
        for number in range(1, MOST_SEGMENTS + 1):
            heads = [await self._head(side_name(call_id, number, side)) for side in SIDES]
            if not any(heads):
                break
            found.append(number)
        return found

    async def measure(self, call_id: str, number: int) -> tuple[int, bool]:
        total, whole = 0, True
        for side in SIDES:
            name = side_name(call_id, number, side)
            head = await self._head(name)
            if head is None:
                whole = False
                continue
            total += head.size
            try:
                described = wav.inspect(await self._beginning(name), head.size)
                whole = whole and described.frames > 0 and not described.repaired
            except wav.NotWav:
                whole = False
        return total, whole

    async def bring(self, call_id: str, number: int) -> Path:
        await asyncio.to_thread(private_folder, self._spool)
        for side in SIDES:
            await self._fetch(side_name(call_id, number, side))
        return self._spool

    async def done(self, call_id: str) -> None:
        def unlink() -> None:
            for number in range(1, MOST_SEGMENTS + 1):
                for side in SIDES:
                    name = side_name(call_id, number, side)
                    for path in (self._spool / name, self._spool / f"{name}.part"):
                        path.unlink(missing_ok=True)

        await asyncio.to_thread(unlink)

    async def remove(self, call_id: str) -> None:
        """A web server deletes nothing: the PBX's own clearing has to (asterisk-conf/README.md)."""

    # --- one file -------------------------------------------------------------------------------------------

    async def _fetch(self, name: str) -> None:
        """Bring one file whole, or raise; what is there already is not asked for again. A side may be missing."""
        head = await self._head(name)
        if head is None:
            return
        if head.size > self._web.most_bytes:
            raise FetchFailed(f"{name}: {head.size} bytes are more than {self._web.most_bytes}")
        part, why = self._spool / f"{name}.part", "no answer"
        try:
            async with asyncio.timeout(self._web.timeout_s):
                for attempt in range(MOST_ATTEMPTS):
                    if attempt:
                        await asyncio.sleep(PAUSE_S * 2**attempt)
                    try:
                        digest = await self._append(name, part, head)
                    except (aiohttp.ClientError, ConnectionError) as error:
                        why = type(error).__name__
                        continue
                    await asyncio.to_thread(_accept, part, self._spool / name, head.size, digest)
                    return
        except TimeoutError:
            why = f"not whole within {self._web.timeout_s:g} s"
        raise FetchFailed(f"{name}: {why}")

    async def _append(self, name: str, part: Path, head: _Head) -> str:
        """Ask for what is missing; the digest that the server gives of the whole, or ""."""
        have = await asyncio.to_thread(_begun, part, head.size)
        if have == head.size:
            return ""
        headers = {"Range": f"bytes={have}-"} if have else {}
        if have and head.tag:
            headers["If-Range"] = head.tag
        async with self._http().get(self._url(name), headers=headers, allow_redirects=False) as answer:
            if answer.status not in (200, 206):
                raise FetchFailed(f"{name}: answered {answer.status}")
            if answer.status == 206:
                told = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
                if told is None or (int(told[1]), int(told[2])) != (have, head.size):
                    raise FetchFailed(f"{name}: another part than was asked for")
            with part.open("ab" if answer.status == 206 else "wb") as file:
                size = have if answer.status == 206 else 0
                async for block in answer.content.iter_chunked(BLOCK):
                    size += len(block)
                    if size > head.size:
                        raise FetchFailed(f"{name}: longer than it said")
                    file.write(block)
            digest = _DIGEST.search(answer.headers.get("Repr-Digest", ""))
        if size < head.size:
            raise aiohttp.ClientPayloadError("cut short")
        return digest[1] if digest else ""

    async def _head(self, name: str) -> _Head | None:
        """Size and tag of a file; None if there is none. Raises `FetchFailed`."""
        try:
            async with self._http().head(self._url(name), allow_redirects=False) as answer:
                if answer.status == 404:
                    return None
                length = answer.headers.get("Content-Length", "")
                if answer.status != 200 or not length.isdigit():
                    raise FetchFailed(f"{name}: answered {answer.status}")
                return _Head(size=int(length), tag=answer.headers.get("ETag", ""))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FetchFailed(f"{name}: {type(error).__name__}") from error

    async def _beginning(self, name: str) -> bytes:
        headers = {"Range": f"bytes=0-{wav.HEADER - 1}"}
        try:
            async with self._http().get(self._url(name), headers=headers, allow_redirects=False) as answer:
                if answer.status not in (200, 206):
                    raise FetchFailed(f"{name}: answered {answer.status}")
                return await answer.content.read(wav.HEADER)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FetchFailed(f"{name}: {type(error).__name__}") from error

    def _url(self, name: str) -> str:
        return f"{self._web.base.rstrip('/')}/{name}"

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._web.timeout_s, sock_connect=5.0, sock_read=10.0)
            self._session = aiohttp.ClientSession(
                headers=_proof(self._web), timeout=timeout, auto_decompress=False
            )
        return self._session


def _proof(web: PbxWeb) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if web.user:
        pair = base64.b64encode(f"{web.user}:{web.secret}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    elif web.secret:
        headers["Authorization"] = f"Bearer {web.secret}"
    return headers


def _begun(part: Path, size: int) -> int:
    """How much of a file is there already. Blocking."""
    have = part.stat().st_size if part.exists() else 0
    if have > size:  # another file of that name
        part.unlink()
        return 0
    return have


def _accept(part: Path, target: Path, size: int, digest: str) -> None:
    """Give a file its name if it is whole. Blocking."""
    there = part.stat().st_size
    if digest:
        with part.open("rb") as file:
            made = hashlib.file_digest(file, "sha256").digest()
        if base64.b64encode(made).decode() != digest:
            part.unlink()
            raise FetchFailed(f"{target.name}: another content than the server's digest says")
    if there != size:
        part.unlink()
        raise FetchFailed(f"{target.name}: {there} bytes instead of {size}")
    os.replace(part, target)
