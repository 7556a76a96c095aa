"""What reaches the log when all else fails: the cause, and nothing about anybody."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection, text

from dialer.http.problems import Catalogue
from dialer.http.server import _problems
from dialer.store import Store

NUMBER, WORDS = "+79161234567", "asked not to be called in the evening"
BROKEN = text("SELECT * FROM nowhere WHERE number = :number AND words = :words")


def fails(connection: Connection) -> None:
    connection.execute(BROKEN, {"number": NUMBER, "words": WORDS})


async def test_a_failed_statement_is_logged_without_what_was_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/store.db")

    async def write(request: web.Request) -> web.Response:
        return await store.write(fails) or web.Response()

    async def read(request: web.Request) -> web.Response:
        return await store.read(fails) or web.Response()

    async def reading(request: web.Request) -> web.Response:
        async with store.reading() as connection:
            await connection.execute(BROKEN, {"number": NUMBER, "words": WORDS})
        return web.Response()

    app = web.Application(middlewares=[_problems(Catalogue())])
    for handler in (write, read, reading):
        app.router.add_get(f"/{handler.__name__}", handler)
    async with TestClient(TestServer(app)) as client:
        for name in ("write", "read", "reading"):
            with caplog.at_level(logging.DEBUG):
                answer = await client.get(f"/{name}")
            said = await answer.text() + caplog.text
            assert answer.status == 500
            assert "no such table: nowhere" in caplog.text, "the cause is there"
            assert NUMBER[1:] not in said, name
            assert WORDS not in said, name
            caplog.clear()
    await store.close()
