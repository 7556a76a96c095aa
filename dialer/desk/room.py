"""One operator's desk in memory: its present value, what stands around it, and the pages that watch it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

import msgspec

from dialer.auth.model import User
from dialer.campaigns.model import Refusal
from dialer.desk.kept import Loaded, Today
from dialer.desk.model import Desk, pbx_of
from dialer.desk.view import DeskView

_KEYS = 256


class RefusedPress(msgspec.Struct, frozen=True, kw_only=True):
    """Why a press changed nothing: a stable code, and its text in the operator's language."""

    code: str
    title: str
    params: dict[str, str | int] = {}


class DeskFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="desk"):
    """One push to a page: the whole desk. A later `seq` of the same stream replaces an earlier one."""

    stream: str
    seq: int
    desk: DeskView
    refused: RefusedPress | None = None


class Pages:
    """What is counted of all pages of one kind."""

    def __init__(self) -> None:
        self.frames = 0
        self.dropped = 0  # pages that took nothing any more, and were told to come again
        self.overtaken = 0  # frames that a newer one replaced before the page took them


class Watcher:
    """A page's place to wait for the latest frame: one deep, so that a slow page holds nobody up."""

    def __init__(self, pages: Pages | None = None) -> None:
        self._pages = pages or Pages()
        self._frame: bytes | None = None
        self._ready = asyncio.Event()
        self.closed = False

    def put(self, frame: bytes) -> None:
        self._pages.frames += 1
        self._pages.overtaken += self._frame is not None
        self._frame = frame
        self._ready.set()

    @property
    def behind(self) -> bool:
        """Whether a frame waits for the page."""
        return self._frame is not None

    def drop(self) -> None:
        """Note that the page took nothing any more."""
        self._pages.dropped += 1

    def close(self) -> None:
        """Tell the page that its login has ended."""
        self.closed = True
        self._ready.set()

    async def next(self) -> bytes | None:
        """The newest frame not yet taken; None when the watcher was closed."""
        while not self.closed:
            if self._frame is not None:
                frame, self._frame = self._frame, None
                return frame
            self._ready.clear()
            await self._ready.wait()
        return None


class Room:
    """Holds `desk` and lets one change at a time be made to it (`lock`)."""

    def __init__(self, desk: Desk, user: User) -> None:
        self.desk = desk
        self.user = user
        self.loaded: Loaded | None = None
        self.around_guest: Loaded | None = None  # the same around a colleague's call
        self.today = Today()
        self.refusal: Refusal | None = None
        self.lock = asyncio.Lock()  # a change is made in `Rooms.changing`, which takes it
        self.block_pause_after: datetime | None = None  # not before then is a block's pause ordered again
        self.in_doubt = False  # the last change ended in a way that leaves memory and store apart
        self.connecting_since: datetime | None = None
        self.dirty = asyncio.Event()  # something about its call or session changed
        self.follower: asyncio.Task[None] | None = None
        self.watchers: set[Watcher] = set()
        self.seq = 0
        self._answered: OrderedDict[str, None] = OrderedDict()

    @property
    def pbx(self) -> str:
        """The name of the PBX that this desk works at."""
        return pbx_of(self.desk, self.user.pbx)

    def no_longer(self, code: str) -> None:
        """What the page was told with this code is not so any more."""
        if self.refusal is not None and self.refusal.code == code:
            self.refusal = None

    def seen(self, key: str) -> bool:
        """Whether the press with this key was carried out already."""
        return key in self._answered

    def remember(self, key: str) -> None:
        if key:
            self._answered[key] = None
            if len(self._answered) > _KEYS:
                self._answered.popitem(last=False)

    def push(self, stream: str, render: Callable[[], DeskView]) -> bytes | None:
        """Send the present state to every page; encoded once. Gives the frame, if there is a page."""
        self.seq += 1
        if not self.watchers:
            return None
        frame = encode(stream, self.seq, render())
        for watcher in self.watchers:
            watcher.put(frame)
        return frame


def encode(stream: str, seq: int, view: DeskView, refused: RefusedPress | None = None) -> bytes:
    return msgspec.json.encode(DeskFrame(stream=stream, seq=seq, desk=view, refused=refused))
