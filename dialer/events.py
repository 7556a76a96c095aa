"""Every event of the product, on one page.

An event is a fact that was committed: past tense, frozen, all that a listener needs. Its `tag` is its name in
the store and on the wire and never changes; fields may be added with a default, never removed or renamed.
"""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=""):
    """What every event is made from: `class CallEnded(Event, frozen=True, kw_only=True, tag="...")`.

    `frozen` and `kw_only` are inherited; mypy wants them repeated.
    """


def kind_of(event_type: type[Event]) -> str:
    """The event's name in the store; ValueError for a class without one of its own."""
    tag = event_type.__struct_config__.tag
    if not isinstance(tag, str) or not tag:
        raise ValueError(f"{event_type.__name__} has no tag")
    return tag


def registry() -> dict[str, type[Event]]:
    """All events by name; ValueError when two share one."""
    found: dict[str, type[Event]] = {}
    for event_type in _descendants(Event):
        kind = kind_of(event_type)
        if found.setdefault(kind, event_type) is not event_type:
            raise ValueError(f"two events are called {kind}")
    return found


def _descendants(parent: type[Event]) -> list[type[Event]]:
    return [found for child in parent.__subclasses__() for found in (child, *_descendants(child))]


class CallStarted(Event, frozen=True, kw_only=True, tag="call.started"):
    call_id: str


class CallAnswered(Event, frozen=True, kw_only=True, tag="call.answered"):
    call_id: str


class CallEnded(Event, frozen=True, kw_only=True, tag="call.ended"):
    call_id: str
    recorded: bool


class RecordingReady(Event, frozen=True, kw_only=True, tag="recording.ready"):
    call_id: str
    state: str


class PauseForgotten(Event, frozen=True, kw_only=True, tag="recording.pause_forgotten"):
    """A paused recording went on by itself: its operator had not let it."""

    call_id: str
    operator_id: int


class ResultSaved(Event, frozen=True, kw_only=True, tag="result.saved"):
    work_id: str
    campaign_id: int
    disposition: str


class DeliveryQueued(Event, frozen=True, kw_only=True, tag="delivery.queued"):
    """Something is to leave the house: a web hook is to be called."""

    delivery: str


class DeliveryFailed(Event, frozen=True, kw_only=True, tag="delivery.failed"):
    """Nothing more is tried by itself."""

    delivery: str
    operator_id: int


class TaskMade(Event, frozen=True, kw_only=True, tag="task.made"):
    """For one person, or for everybody of a role: `user_id` None."""

    task_id: int
    user_id: int | None


class EntryClaimed(Event, frozen=True, kw_only=True, tag="entry.claimed"):
    entry_id: int
    campaign_id: int
    operator_id: int


class LineAlarm(Event, frozen=True, kw_only=True, tag="line.alarm"):
    """A dial was refused in a way that looks like misuse."""

    code: str
    line: str
    operator_id: int


class CampaignChanged(Event, frozen=True, kw_only=True, tag="campaign.changed"):
    """Somebody set it up otherwise: its script, the numbers that its clients see."""

    campaign_id: int


class LineChanged(Event, frozen=True, kw_only=True, tag="line.changed"):
    """A policy was changed, a line stopped or let go on; the line "" is the whole service."""

    line: str
