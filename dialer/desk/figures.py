"""Figures of the desks: how many stand where, and how their pages keep up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from dialer.desk.model import state_of
from dialer.desk.room import Pages, Watcher
from dialer.desk.rooms import Rooms
from dialer.desk.view import DeskState
from dialer.health.figures import Figure, count, gauge


def desk_figures(rooms: Rooms) -> Iterator[Figure]:
    all_rooms = list(rooms.all.values())
    states = Counter(state_of(room.desk) for room in all_rooms)
    for state in DeskState:
        yield gauge("desks", "Operators by what they are doing.", states[state], state=state.value)
    works = [room.desk.work for room in all_rooms if room.desk.work is not None]
    yield gauge("claims", "Entries held on desks.", sum(work.claim is not None for work in works))
    doubt = sum(room.in_doubt for room in all_rooms)
    yield gauge("desks_in_doubt", "Desks that are read anew before their next change.", doubt)
    watchers = [watcher for room in all_rooms for watcher in room.watchers]
    yield from page_figures("desk", rooms.pages, watchers)


def page_figures(view: str, pages: Pages, watchers: Collection[Watcher]) -> Iterator[Figure]:
    """Of all pages of one kind; each has a queue of one frame."""
    yield gauge("pages", "Pages open.", len(watchers), view=view)
    behind = sum(watcher.behind for watcher in watchers)
    yield gauge("pages_behind", "Pages for which a frame waits.", behind, view=view)
    yield count("page_frames", "Frames made for pages.", pages.frames, view=view)
    says = "Pages that took nothing any more: their connection was ended, and they come again."
    yield count("pages_dropped", says, pages.dropped, view=view)
    says = "Frames that a newer one replaced before the page took them."
    yield count("page_frames_overtaken", says, pages.overtaken, view=view)
