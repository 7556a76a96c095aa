from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.scripts import engine
from dialer.scripts.model import Script
from dialer.scripts.placeholders import Context
from dialer.scripts.preview import walk
from dialer.scripts.run import Back, Give, Move, Moved
from dialer.scripts.show import view
from tests.scripts.strategies import fitted, moves, scripts

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
WHOM = Context(client_name="Anna Petrova", client_first_name="Anna")


@settings(max_examples=8)
@given(scripts(), st.lists(moves, max_size=8))
def test_a_walk_comes_where_a_run_comes(script: Script, wished: list[Move]) -> None:
    plain = msgspec.structs.replace(script, haste="")
    state, made = engine.start(plain, NOW, WHOM), []
    for at, wish in enumerate(wished):
        one = fitted(wish, view(plain, state, WHOM).block)
        moved = engine.move(plain, state, state.step, one, NOW + timedelta(seconds=at), WHOM)
        if isinstance(moved, Moved):
            state = moved.state
            made.append(one)
    walked = walk(script, made, WHOM, NOW)
    assert (walked.made, walked.refused) == (len(made), None)
    assert walked.view == view(plain, state, WHOM)
    assert (walked.goal, walked.suggested) == (state.at.goal, state.at.suggested)


@settings(max_examples=3)
@given(scripts())
def test_a_walk_stops_at_what_cannot_be_done(script: Script) -> None:
    walked = walk(script, [Give(answer="nobody said this"), Back()], WHOM, NOW)
    assert walked.made == 0
    assert walked.refused is not None and walked.refused.code == "answer_unknown"
