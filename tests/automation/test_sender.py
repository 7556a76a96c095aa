from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from dialer.automation import deliveries
from dialer.automation.model import Hook
from dialer.automation.sender import Sender
from dialer.automation.signing import DELIVERY, SIGNATURE, TIMESTAMP, sign
from dialer.scripts.actions import Part, WebHook
from tests.automation.conftest import Talk

DEADLINE_S = 10


@dataclass
class Receiver:
    """A web server that answers as it is told, and remembers what it was sent."""

    url: str = ""
    answers: list[int] = field(default_factory=list)  # then 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    silent: bool = False
    most_at_once: int = 0
    now: int = 0

    @property
    def keys(self) -> list[str]:
        return [headers[DELIVERY] for headers, _ in self.got]

    async def take(self, request: web.Request) -> web.Response:
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        try:
            self.got.append((dict(request.headers), await request.read()))
            self.asked.set()
            if self.silent:
                await asyncio.Event().wait()
            status = self.answers.pop(0) if self.answers else 200
            return web.Response(status=status, headers={"Location": "/elsewhere"})
        finally:
            self.now -= 1


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", found.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    yield found
    await runner.cleanup()


@pytest.fixture
async def sender(talk: Talk, receiver: Receiver) -> AsyncIterator[Sender]:
    talk.hooks["crm"] = Hook(name="crm", url=receiver.url, secret="secret", timeout_s=0.3)
    made = Sender(talk.store, talk.hooks, lambda: talk.now, chance=lambda: 0.5, look_s=0.02)
    made.start()
    yield made
    await made.stop()


async def until(
    talk: Talk, sender: Sender, wanted: Callable[[list[Any]], bool], *, pass_time: bool = False
) -> list[Any]:
    """What is to leave the house, once it is as wanted: looked at after each try that was written down."""
    async with asyncio.timeout(DEADLINE_S):
        while not wanted(found := await talk.outgoing()):
            if pass_time:
                talk.now = max(row.due_at for row in found)
            await sender.settled.wait()
            sender.settled.clear()
    return found


def states(found: list[Any]) -> list[str]:
    return [row.state for row in found]


async def test_what_was_queued_is_sent_signed_with_its_key(
    talk: Talk, sender: Sender, receiver: Receiver
) -> None:
    await talk.do(WebHook(hook="crm", body=(Part(key="a", value="1"),)))
    await sender.wake()
    (row,) = await until(talk, sender, lambda rows: states(rows) == ["delivered"])
    ((headers, body),) = receiver.got
    assert headers[DELIVERY] == row.id == "R-1-0"
    assert headers[SIGNATURE] == sign("secret", int(headers[TIMESTAMP]), body)
    assert body.decode() == row.body
    assert (row.tries, row.status, row.trouble) == (1, 200, "")


async def test_a_fault_is_tried_again_with_growing_pauses_and_the_same_key(
    talk: Talk, sender: Sender, receiver: Receiver
) -> None:
    receiver.answers = [503, 500]
    await talk.do(WebHook(hook="crm"))
    pauses: list[timedelta] = []
    for tries in (1, 2):
        (row,) = await until(talk, sender, lambda rows, tries=tries: rows[0].tries == tries)
        assert (row.state, row.trouble) == ("waiting", f"answered {(503, 500)[tries - 1]}")
        pauses.append(row.due_at - talk.now)
        talk.now = row.due_at
    (row,) = await until(talk, sender, lambda rows: states(rows) == ["delivered"])
    assert pauses == [timedelta(seconds=5), timedelta(seconds=30)]
    assert receiver.keys == ["R-1-0"] * 3


@pytest.mark.parametrize("status", [400, 302, 404])
async def test_a_refusal_or_a_redirect_fails_at_once_and_is_sent_again_by_hand(
    talk: Talk, sender: Sender, receiver: Receiver, status: int
) -> None:
    receiver.answers = [status]
    await talk.do(WebHook(hook="crm"))
    (row,) = await until(talk, sender, lambda rows: states(rows) == ["failed"])
    assert (row.status, len(receiver.got)) == (status, 1), "a redirect is not followed"
    assert await talk.store.write(lambda conn: deliveries.resend(conn, row.id, talk.now))
    await until(talk, sender, lambda rows: states(rows) == ["delivered"])
    assert receiver.keys == [row.id] * 2


async def test_a_receiver_that_says_nothing_is_given_up_in_time_and_left_in_peace(
    talk: Talk, sender: Sender, receiver: Receiver
) -> None:
    receiver.silent = True
    for _ in range(12):
        await talk.do(WebHook(hook="crm"))
    await until(talk, sender, lambda rows: sum(row.tries for row in rows) >= 8)
    assert receiver.most_at_once <= 8
    tried = len(receiver.got)
    assert tried == 8, "its circuit is open: nothing more goes there for now"
    talk.now += timedelta(hours=1)
    await until(talk, sender, lambda rows: sum(row.tries for row in rows) > 8)
    assert len(receiver.got) == 9, "one try shows whether it is back"
    receiver.silent, talk.now = False, talk.now + timedelta(hours=1)
    await until(talk, sender, lambda rows: set(states(rows)) == {"delivered"})


async def test_nobody_is_tried_for_ever(talk: Talk, sender: Sender, receiver: Receiver) -> None:
    receiver.answers = [500] * 100
    await talk.do(WebHook(hook="crm"))

    (row,) = await until(talk, sender, lambda rows: states(rows) == ["failed"], pass_time=True)
    assert row.tries == 11


async def test_a_hook_that_is_gone_from_the_configuration_fails_with_words(
    talk: Talk, sender: Sender
) -> None:
    await talk.do(WebHook(hook="crm"))
    sender.hooks = {}
    (row,) = await until(talk, sender, lambda rows: states(rows) == ["failed"])
    assert "configuration" in row.trouble


async def test_what_was_under_way_is_sent_again_by_the_next_life(
    talk: Talk, sender: Sender, receiver: Receiver
) -> None:
    receiver.silent = True
    await talk.do(WebHook(hook="crm"))
    async with asyncio.timeout(DEADLINE_S):
        await receiver.asked.wait()
    await sender.stop()
    assert states(await talk.outgoing()) == ["waiting"]
    receiver.silent = False
    again = Sender(talk.store, talk.hooks, lambda: talk.now, look_s=0.02)
    again.start()
    await until(talk, again, lambda rows: states(rows) == ["delivered"])
    await again.stop()
    assert receiver.keys == ["R-1-0"] * 2
