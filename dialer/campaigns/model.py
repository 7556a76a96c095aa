"""What a campaign is, the life of an entry in its pool, and the results an operator may give."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct


class EntryState(enum.StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    CALLING = "calling"
    TALKING = "talking"
    WRAPUP = "wrapup"
    POSTPONED = "postponed"
    DONE = "done"
    EXCLUDED = "excluded"


HELD = (EntryState.CLAIMED, EntryState.CALLING, EntryState.TALKING, EntryState.WRAPUP)

# The life of an entry: a move that does not stand here is refused and changes nothing.
# Only `claimed` may be left by time; from `calling` on it takes a result, given by a person or by resynchronisation.
MOVES: dict[EntryState, frozenset[EntryState]] = {
    EntryState.WAITING: frozenset({EntryState.CLAIMED, EntryState.POSTPONED, EntryState.EXCLUDED}),
    EntryState.POSTPONED: frozenset({EntryState.CLAIMED, EntryState.WAITING, EntryState.EXCLUDED}),
    EntryState.CLAIMED: frozenset(
        {EntryState.CALLING, EntryState.WAITING, EntryState.POSTPONED, EntryState.DONE, EntryState.EXCLUDED}
    ),
    EntryState.CALLING: frozenset({EntryState.TALKING, EntryState.WRAPUP}),
    EntryState.TALKING: frozenset({EntryState.WRAPUP}),
    EntryState.WRAPUP: frozenset(
        {EntryState.CALLING, EntryState.POSTPONED, EntryState.DONE, EntryState.EXCLUDED, EntryState.WAITING}
    ),
    EntryState.DONE: frozenset({EntryState.EXCLUDED, EntryState.WAITING, EntryState.POSTPONED}),
    EntryState.EXCLUDED: frozenset({EntryState.WAITING}),
}


def sources(target: EntryState) -> tuple[EntryState, ...]:
    """The states from which an entry may come to `target`."""
    return tuple(state for state, targets in MOVES.items() if target in targets)


def diagram() -> str:
    """The table as a page for people: `python -m dialer.campaigns.model > docs/entry-lifecycle.md`."""
    return "\n".join(
        [
            "# The life of an entry",
            "",
            "Generated from the table in `dialer/campaigns/model.py`; a test fails when it is stale.",
            "A move that is not drawn is refused and changes nothing. Only `claimed` is left by time: from",
            "`calling` on an entry is freed by its result, given by a person or by asking the PBX what lives.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {EntryState.WAITING}",
            *(
                f"    {state} --> {target}"
                for state in MOVES
                for target in EntryState
                if target in MOVES[state]
            ),
            "```",
            "",
        ]
    )


class Retry(Struct, frozen=True, kw_only=True):
    """What becomes of an entry after a result that did not settle it."""

    after_s: int


class Disposition(Struct, frozen=True, kw_only=True):
    """A result that an operator may give. `titles` by language; `retry` none = the entry is done with."""

    id: str
    titles: dict[str, str]
    group: Literal["reached", "not_reached", "refused", "success", "technical"]
    comment: Literal["none", "optional", "required"] = "optional"
    callback: bool = False
    retry: Retry | None = None
    do_not_call: bool = False
    flag_phone: bool = False

    def title(self, language: str) -> str:
        return self.titles.get(language) or self.titles["en"]


class Rules(Struct, frozen=True, kw_only=True):
    """The concurrency rules of one campaign (spec C3.3); None = the rule does not stand."""

    entries_per_window: Annotated[int, Meta(ge=1)] | None = None
    window_s: Annotated[int, Meta(ge=1)] = 3600
    cooldown_s: Annotated[int, Meta(ge=0)] | None = None
    max_postponed: Annotated[int, Meta(ge=0)] | None = None


OVER = ("finished", "archived")
"""The states of a campaign in which nothing is begun any more."""


class Campaign(Struct, frozen=True, kw_only=True):
    id: int = 0  # given by the store
    name: str
    status: Literal["draft", "running", "paused", "finished", "archived"] = "running"
    kind: Literal["outbound", "inbound"] = "outbound"
    language: str
    line: str
    caller_ids: tuple[str, ...] = ()  # of the line's, those that this campaign's clients see; empty = all
    script_id: int | None = None
    ring_timeout_s: int = 40
    auto_dial: bool = False
    record: bool = True
    talking_point: str = ""
    max_attempts: int = 5  # of an entry; a promised callback is made beyond it
    attempts_per_day: Annotated[int, Meta(ge=1)] = 3  # to reach one phone
    attempt_pause_s: Annotated[int, Meta(ge=0)] = 30
    preview_s: int = 120
    patience_s: int = 1800
    recording_days: int | None = (
        None  # then its recordings are deleted; None = as the settings say, 0 = never
    )
    rules: Rules = Rules()
    dispositions: tuple[Disposition, ...]

    def disposition(self, wanted: str) -> Disposition | None:
        return next((d for d in self.dispositions if d.id == wanted), None)


class Claim(Struct, frozen=True, kw_only=True):
    """An exclusive hold on an entry; `epoch` proves it: a stale one changes nothing."""

    entry_id: int
    client_id: int
    epoch: int
    attempts: int
    lease_until: datetime


class Refusal(Struct, frozen=True, kw_only=True):
    """A no with its reason; `until` = when it may be had."""

    code: str
    params: dict[str, str | int] = {}
    until: datetime | None = None


if __name__ == "__main__":
    import sys

    sys.stdout.write(diagram())
