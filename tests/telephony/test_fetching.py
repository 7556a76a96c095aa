"""Recordings over HTTP from a server that tires, lies and refuses: whole or not at all, and never endless."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from dialer.telephony import fetching
from dialer.telephony.fetching import FetchFailed, PbxHttp, PbxWeb
from dialer.telephony.recordings import merge
from tests.telephony.studio import mono

CALL = "01JCW0000000000000000C0001"


@dataclass
class Server:
    """A PBX's web server with whims: `cut` bodies after so many bytes, as often as `cuts` says."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut: int = 0
    cuts: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, name, range
    proofs: set[str] = field(default_factory=set)
    status: int = 0
    digest: str = ""
    lies_of_size: int = 0
    port: int = 0
    stall: bool = False

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/recordings/"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        wanted = request.headers.get("Range", "")
        self.asked.append((request.method, name, wanted))
        self.proofs.add(request.headers.get("Authorization", ""))
        if self.status:
            return web.Response(status=self.status, headers={"Location": "http://127.0.0.1:1/elsewhere"})
        if name not in self.files:
            return web.Response(status=404)
        return await self._body(request, self.files[name], wanted)

    async def _body(self, request: web.Request, whole: bytes, wanted: str) -> web.StreamResponse:
        begin, _, end = wanted.removeprefix("bytes=").partition("-") if wanted else ("0", "", "")
        body = whole[int(begin) : int(end) + 1 if end else None]
        headers = {"ETag": '"one"', "Content-Length": str(len(body) + self.lies_of_size)}
        if wanted:
            headers["Content-Range"] = f"bytes {begin}-{int(begin) + len(body) - 1}/{len(whole)}"
        if self.digest:
            headers["Repr-Digest"] = f"sha-256=:{self.digest}:"
        answer = web.StreamResponse(status=206 if wanted else 200, headers=headers)
        await answer.prepare(request)
        if request.method == "HEAD":
            return answer
        if self.cuts and not end:
            self.cuts -= 1
            await answer.write(body[: self.cut])
            assert request.transport is not None
            if not self.stall:
                request.transport.abort()
            else:
                await asyncio.Event().wait()  # nothing more comes
            return answer
        await answer.write(body)
        return answer


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(fetching, "PAUSE_S", 0.001)
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/recordings/{name}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    for number in ("", "-2"):
        for side in ("in", "out"):
            server.files[f"{CALL}{number}-{side}.wav"] = mono()
    yield server
    await runner.cleanup()


@pytest.fixture
async def source(server: Server, tmp_path: Path) -> AsyncIterator[PbxHttp]:
    made = PbxHttp(PbxWeb(base=server.base, secret="a token", timeout_s=3.0), tmp_path / "spool")
    yield made
    await made.close()


async def test_both_sides_of_each_segment_are_brought_and_merged(
    server: Server, source: PbxHttp, tmp_path: Path
) -> None:
    assert await source.numbers(CALL) == [1, 2]
    assert await source.measure(CALL, 1) == (2 * len(mono()), True)
    folder = await source.bring(CALL, 2)
    assert merge(folder, tmp_path / "kept", CALL, 2).state == "ready"
    await source.done(CALL)
    assert list(folder.iterdir()) == []
    assert server.proofs == {"Bearer a token"}


async def test_a_side_that_is_missing_is_missing(server: Server, source: PbxHttp, tmp_path: Path) -> None:
    del server.files[f"{CALL}-out.wav"]
    assert (await source.measure(CALL, 1))[1] is False
    folder = await source.bring(CALL, 1)
    assert merge(folder, tmp_path / "kept", CALL).state == "repaired"
    assert await source.numbers("NOTHING") == []


async def test_what_was_cut_is_taken_up_where_it_was_cut(server: Server, source: PbxHttp) -> None:
    server.cut, server.cuts = 5000, 2
    folder = await source.bring(CALL, 1)
    assert (folder / f"{CALL}-out.wav").read_bytes() == mono()
    ranges = [wanted for method, name, wanted in server.asked if method == "GET" and "-out" in name]
    assert ranges == ["", "bytes=5000-", "bytes=10000-"]


async def test_after_a_failure_the_next_try_goes_on(server: Server, source: PbxHttp) -> None:
    server.cut, server.cuts = 1000, fetching.MOST_ATTEMPTS
    with pytest.raises(FetchFailed):
        await source.bring(CALL, 1)
    folder = await source.bring(CALL, 1)
    assert (folder / f"{CALL}-out.wav").read_bytes() == mono()
    assert ("GET", f"{CALL}-out.wav", f"bytes={1000 * fetching.MOST_ATTEMPTS}-") in server.asked


async def test_a_digest_is_held_against_the_content(server: Server, source: PbxHttp) -> None:
    server.digest = base64.b64encode(hashlib.sha256(mono()).digest()).decode()
    await source.bring(CALL, 1)
    await source.done(CALL)
    server.digest = base64.b64encode(hashlib.sha256(b"another").digest()).decode()
    with pytest.raises(FetchFailed, match="digest"):
        await source.bring(CALL, 1)
    assert list(source._spool.iterdir()) == [], "nothing of it is kept"


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 500])
async def test_whatever_is_no_file_is_a_failure_that_passes(
    server: Server, source: PbxHttp, status: int
) -> None:
    server.status = status
    for asked in (source.numbers(CALL), source.measure(CALL, 1), source.bring(CALL, 1)):
        with pytest.raises(OSError, match=str(status)):
            await asked
    assert {name for _, name, _ in server.asked} == {f"{CALL}-out.wav"}, "no other address was asked"


async def test_a_file_that_is_too_long_is_refused_before_it_is_read(server: Server, tmp_path: Path) -> None:
    source = PbxHttp(PbxWeb(base=server.base, most_bytes=1000), tmp_path / "spool")
    with pytest.raises(FetchFailed, match="more than 1000"):
        await source.bring(CALL, 1)
    await source.close()
    assert [method for method, _, _ in server.asked] == ["HEAD"]


async def test_a_server_that_stalls_is_given_up_in_time(server: Server, tmp_path: Path) -> None:
    server.cut, server.cuts, server.stall = 100, 99, True
    source = PbxHttp(PbxWeb(base=server.base, user="cw", secret="word", timeout_s=0.3), tmp_path / "spool")
    with pytest.raises(FetchFailed, match=r"not whole within 0\.3 s"):
        await source.bring(CALL, 1)
    await source.close()
    assert server.proofs == {"Basic " + base64.b64encode(b"cw:word").decode()}


async def test_nobody_there_is_a_failure_that_passes(tmp_path: Path) -> None:
    source = PbxHttp(PbxWeb(base="http://127.0.0.1:1", secret="canary"), tmp_path / "spool")
    with pytest.raises(FetchFailed) as failed:
        await source.numbers(CALL)
    await source.close()
    assert "canary" not in str(failed.value) + repr(source._web)
