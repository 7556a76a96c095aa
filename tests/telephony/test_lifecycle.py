"""The table: every move is one of a living call, the end is the end, and the page in docs is the table's."""

from __future__ import annotations

from pathlib import Path

from dialer.telephony.lifecycle import LIFECYCLE, Move, after, diagram
from dialer.telephony.model import CallState

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_diagram_in_docs_is_of_this_table() -> None:
    page = (DOCS / "call-lifecycle.md").read_text(encoding="utf-8")
    assert page == diagram(), "stale: python -m dialer.telephony.lifecycle > docs/call-lifecycle.md"


def test_nothing_follows_the_end() -> None:
    assert not [move for state, move in LIFECYCLE if state is CallState.ENDED]
    for move in Move:
        assert after(CallState.ENDED, (move,)) is CallState.ENDED


def test_every_living_state_can_end() -> None:
    for state in CallState:
        assert after(state, (Move.END,)) is CallState.ENDED


def test_every_state_can_be_reached() -> None:
    reached = {CallState.DIALLING}
    for _ in CallState:
        reached |= {to for (state, _), to in LIFECYCLE.items() if state in reached}
    assert reached == set(CallState)


def test_an_illegal_move_is_dropped() -> None:
    assert after(CallState.ANSWERED, (Move.RING, Move.HOLD, Move.PART)) is CallState.ANSWERED
