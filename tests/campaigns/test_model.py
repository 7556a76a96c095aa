"""The life of an entry: one table, from which every state has a way out, and whose picture in docs is up to date."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dialer.campaigns.model import HELD, MOVES, EntryState, Rules, diagram, sources

PAGE = Path(__file__).resolve().parents[2] / "docs" / "entry-lifecycle.md"
ENDS = {EntryState.DONE, EntryState.EXCLUDED}


def reached_from(start: EntryState) -> set[EntryState]:
    reached = {start}
    for _ in EntryState:
        reached |= {target for state in reached for target in MOVES[state]}
    return reached


def test_the_page_in_docs_is_of_this_table() -> None:
    stale = "stale: python -m dialer.campaigns.model > docs/entry-lifecycle.md"
    assert PAGE.read_text(encoding="utf-8") == diagram(), stale


def test_every_state_stands_in_the_table() -> None:
    assert set(MOVES) == set(EntryState)


@pytest.mark.parametrize("state", EntryState)
def test_every_state_leads_to_an_end_and_none_to_itself(state: EntryState) -> None:
    assert state not in MOVES[state]
    assert MOVES[state], "an entry could never leave it"
    assert reached_from(state) >= ENDS


def test_every_state_is_reached_from_the_pool() -> None:
    assert reached_from(EntryState.WAITING) == set(EntryState)


def test_a_held_entry_came_through_a_claim() -> None:
    """Nobody works with an entry that was not handed out: into what is held leads the claim alone."""
    free = set(EntryState) - set(HELD)
    assert {target for state in free for target in MOVES[state]} & set(HELD) == {EntryState.CLAIMED}


def test_a_call_is_left_by_its_own_end_only() -> None:
    """From calling on neither time nor a saved result takes the entry away: first the call has to end."""
    assert MOVES[EntryState.CALLING] <= {EntryState.TALKING, EntryState.WRAPUP}
    assert MOVES[EntryState.TALKING] == {EntryState.WRAPUP}


@pytest.mark.parametrize("target", EntryState)
def test_sources_turns_the_table_round(target: EntryState) -> None:
    assert set(sources(target)) == {state for state in EntryState if target in MOVES[state]}


@pytest.mark.parametrize("wrong", ['{"entries_per_window":0}', '{"window_s":0}', '{"cooldown_s":-1}'])
def test_a_rule_that_means_nothing_is_not_read(wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(wrong, type=Rules)
