"""The websocket of a page: the whole state at once, the end of a login said, the slow page dropped."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from dialer.auth.model import Role
from dialer.http import live
from tests.http.conftest import DEADLINE_S, House, Page, eventually, frame_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def refused(page: Page, query: str = "") -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        async with page.live(query):
            pass
    return error.value.status


async def test_a_page_is_told_the_whole_state_when_it_comes_and_when_it_changes(house: House) -> None:
    page = await house.entered()
    async with page.live() as socket_:
        first = await frame_of(socket_)
        assert first["type"] == "desk"
        assert first["desk"]["operator"]["id"] == page.user.id  # type: ignore[union-attr]
        assert first["desk"]["state"] == "offline"
        answer = await page.press("break", {"on": True})
        pushed = await frame_of(socket_)
        assert (pushed["stream"], pushed["seq"]) == (answer["stream"], answer["seq"])
        assert pushed["seq"] > first["seq"]
        assert set(pushed["desk"]) == set(first["desk"]), "a whole state, never a patch"
    async with page.live() as again:
        frame = await frame_of(again)
        assert (frame["stream"], frame["seq"]) == (pushed["stream"], pushed["seq"])


async def test_scenario_43_both_pages_of_an_operator_are_told(house: House) -> None:
    page = await house.entered()
    async with page.live() as one, page.live() as other:
        await frame_of(one)
        await frame_of(other)
        answer = await page.press("break", {"on": True})
        assert (await frame_of(one))["seq"] == (await frame_of(other))["seq"] == answer["seq"]


async def test_a_change_of_one_desk_is_told_to_no_other(house: House) -> None:
    mine, others = await house.entered(), await house.entered()
    async with mine.live() as my_socket, others.live() as other_socket:
        await frame_of(my_socket)
        await frame_of(other_socket)
        await mine.press("break", {"on": True})
        await others.press("break", {"on": True})
        frame = await frame_of(other_socket)
        assert frame["desk"]["operator"]["id"] == others.user.id  # type: ignore[union-attr]


async def test_the_console_sees_everybody(house: House) -> None:
    page = await house.entered()
    async with page.live() as socket_:
        await frame_of(socket_)
        async with house.pages[Role.SUPERVISOR].live("?view=console") as console:
            frame = await frame_of(console)
            assert frame["type"] == "console"
            assert frame["console"]["pbx_up"] is False
            assert page.user is not None
            assert page.user.id in {line["id"] for line in frame["console"]["operators"]}
            assert "Вода" in {row["name"] for row in frame["console"]["campaigns"]}
            await page.press("break", {"on": True})
            assert (await frame_of(console))["seq"] > frame["seq"]


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.SUPERVISOR, Role.ADMIN)])
async def test_the_console_is_closed_to(house: House, role: Role) -> None:
    assert await refused(house.pages[role], "?view=console") == 403


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
async def test_the_desk_is_closed_to(house: House, role: Role) -> None:
    assert await refused(house.pages[role]) == 403


async def test_nobody_listens_without_a_login(house: House) -> None:
    assert await refused(house.page()) == 401
    assert await refused(house.page(), "?view=console") == 401


async def test_a_plain_request_is_no_websocket(house: House) -> None:
    answer = await house.pages[Role.OPERATOR].get("/api/v1/live")
    assert (answer.status, answer.code) == (400, "websocket_wanted")


@pytest.mark.parametrize("view", ["", "?view=console"])
async def test_a_page_is_told_that_its_login_has_ended(house: House, view: str) -> None:
    page = await house.entered(Role.SUPERVISOR if view else Role.OPERATOR)
    async with page.live(view) as socket_:
        await frame_of(socket_)
        assert (await page.post("/api/v1/logout", {})).status == 200
        frame = await frame_of(socket_)
        while frame["type"] != "logout":
            frame = await frame_of(socket_)
        assert (await socket_.receive(timeout=DEADLINE_S)).type is aiohttp.WSMsgType.CLOSE
    assert await refused(page, view) == 401


async def test_a_user_who_is_shut_out_is_out_of_all_pages_at_once(house: House) -> None:
    page = await house.entered()
    assert page.user is not None
    async with page.live() as one, page.live() as other:
        for socket_ in (one, other):
            await frame_of(socket_)
        await house.app.auth.set_active(page.user.id, False)
        assert [(await frame_of(s))["type"] for s in (one, other)] == ["logout", "logout"]
    assert (await page.get("/api/v1/me")).status == 401
    assert (await page.log_in(page.user.login)).code == "login_wrong"


async def test_what_a_page_says_is_not_heard_and_too_much_ends_it(house: House) -> None:
    page = await house.entered()
    async with page.live() as socket_:
        await frame_of(socket_)
        await socket_.send_str('{"type":"next"}')
        await page.press("break", {"on": True})
        assert (await frame_of(socket_))["desk"]["work"] is None
        await socket_.send_bytes(bytes(live.MOST_MESSAGE + 1))
        ended = await socket_.receive(timeout=DEADLINE_S)
        assert ended.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert socket_.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_page_that_takes_nothing_is_dropped_and_holds_nobody_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STUCK_S", 0.2)
    slow, colleague = await house.entered(), await house.entered()
    assert slow.user is not None
    async with colleague.live() as living:
        await frame_of(living)
        deaf = await _deaf_page(slow)
        room = await house.app.desks.rooms.of(slow.user)
        assert room.watchers
        pages = house.app.desks.rooms.pages
        dropped, overtaken = pages.dropped, pages.overtaken
        async with asyncio.timeout(DEADLINE_S):
            while room.watchers:  # until the socket's buffers are full, and then STUCK_S
                house.app.desks.rooms.push(room)
                await asyncio.sleep(0)
        assert pages.dropped == dropped + 1
        assert pages.overtaken > overtaken, "only the newest frame waited for it"
        await colleague.press("break", {"on": True})
        assert (await frame_of(living))["desk"]["state"] in ("offline", "break")
        deaf.close()


async def test_a_page_that_can_be_told_nothing_more_does_not_look_connected(house: House) -> None:
    page = await house.entered()
    assert page.user is not None
    async with page.live() as socket_:
        await frame_of(socket_)
        room = await house.app.desks.rooms.of(page.user)
        for watcher in room.watchers:
            watcher.put(b"\xff")  # no text: a fault of ours
        ended = await socket_.receive(timeout=DEADLINE_S)
        assert ended.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    await eventually(lambda: not room.watchers)


async def _deaf_page(page: Page) -> socket.socket:
    """A websocket that was opened and is never read: the smallest buffers, so that they fill soon."""
    host, port = page.url.removeprefix("http://").split(":")
    cookie = next(iter(page.http.cookie_jar))
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(plain, (host, int(port)))
    request = (
        f"GET /api/v1/live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\nOrigin: {page.url}\r\n"
        f"Cookie: {cookie.key}={cookie.value}\r\n\r\n"
    )
    await loop.sock_sendall(plain, request.encode())
    head = await asyncio.wait_for(loop.sock_recv(plain, 32), DEADLINE_S)
    assert head.startswith(b"HTTP/1.1 101")
    return plain


async def test_pages_that_come_and_go_leave_nothing_behind(house: House) -> None:
    page = await house.entered()
    assert page.user is not None
    before = len(asyncio.all_tasks())
    for _ in range(20):
        async with page.live() as socket_:
            await frame_of(socket_)
    room = await house.app.desks.rooms.of(page.user)
    await eventually(lambda: not room.watchers and len(asyncio.all_tasks()) <= before + 3)
