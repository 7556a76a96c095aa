from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from dialer.http import once as rules
from dialer.http.once import Known, Once
from dialer.http.problems import Problem

DEADLINE_S = 10


class Writes:
    """What is carried out: each is answered with its number."""

    def __init__(self, status: int = 200, size: int = 0) -> None:
        self.status, self.size = status, size
        self.number = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> web.StreamResponse:
        self.number += 1
        number = self.number
        self.begun.set()
        await self.may_end.wait()
        return web.Response(status=self.status, body=b"%d" % number + bytes(self.size))


def known(key: str = "k", user: int = 1, path: str = "/a") -> Known:
    return user, "POST", path, key


async def asked(once: Once, writes: Writes, by: Known) -> int:
    answer = await once.answer(by, writes)
    assert isinstance(answer, web.Response) and isinstance(answer.body, bytes)
    assert answer.status == writes.status
    return int(answer.body.rstrip(b"\0"))


@pytest.mark.parametrize("status", [200, 409])
async def test_the_same_is_answered_the_same_for_ten_minutes(status: int) -> None:
    now = 0.0
    once, writes = Once(lambda: now), Writes(status)
    assert [await asked(once, writes, known()) for _ in range(2)] == [1, 1]
    others = known("other"), known(user=2), known(path="/b")
    assert [await asked(once, writes, other) for other in others] == [2, 3, 4]
    now = rules.KEPT_FOR_S - 1
    assert await asked(once, writes, known()) == 1
    now = rules.KEPT_FOR_S
    assert await asked(once, writes, known()) == 5


async def test_a_fault_may_be_tried_again() -> None:
    once, writes = Once(), Writes(503)
    assert [await asked(once, writes, known()) for _ in range(2)] == [1, 2]


async def test_who_comes_while_the_first_runs_gets_its_answer() -> None:
    once, writes = Once(), Writes()
    writes.may_end.clear()
    all_ = [asyncio.create_task(asked(once, writes, known())) for _ in range(3)]
    async with asyncio.timeout(DEADLINE_S):
        await writes.begun.wait()
    assert await asked(once, Writes(), known("other")) == 1, "nobody else waits"
    writes.may_end.set()
    assert await asyncio.gather(*all_) == [1, 1, 1]


async def test_if_the_first_is_given_up_the_next_carries_it_out() -> None:
    once, writes = Once(), Writes()
    writes.may_end.clear()
    first = asyncio.create_task(asked(once, writes, known()))
    second = asyncio.create_task(asked(once, writes, known()))
    async with asyncio.timeout(DEADLINE_S):
        await writes.begun.wait()
    first.cancel()
    writes.may_end.set()
    assert await second == 2


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "WAIT_S", 0.01)
    once, writes = Once(), Writes()
    writes.may_end.clear()
    first = asyncio.create_task(asked(once, writes, known()))
    async with asyncio.timeout(DEADLINE_S):
        await writes.begun.wait()
        with pytest.raises(Problem, match="still_running"):
            await asked(once, writes, known())
    writes.may_end.set()
    assert await first == 1


async def test_the_oldest_go_first_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST", 2)
    once, writes = Once(), Writes()
    keys = ("a", "b", "c")
    assert [await asked(once, writes, known(key)) for key in keys] == [1, 2, 3]
    assert [await asked(once, writes, known(key)) for key in ("c", "b", "a")] == [3, 2, 4]


async def test_bodies_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_BYTES", 250)
    once, writes = Once(), Writes(size=99)
    assert [await asked(once, writes, known(key)) for key in ("a", "b", "c")] == [1, 2, 3]
    assert [await asked(once, writes, known(key)) for key in ("c", "b", "a")] == [3, 2, 4]
