from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.scripts.check import check
from dialer.scripts.engine import MAX_NOTE, fill, finish, forget, move, resume, set_aside, start, tick
from dialer.scripts.findings import has_errors
from dialer.scripts.model import RETURN, Answer, Block, Field, Haste, Jump, Script, Task
from dialer.scripts.placeholders import Context
from dialer.scripts.run import (
    Back,
    Due,
    Ended,
    Give,
    Go,
    JumpTo,
    Move,
    Moved,
    NoneFits,
    Refusal,
    Return,
    RunState,
    Step,
)
from dialer.scripts.show import view
from tests.scripts.strategies import GOOD, fitted, moves, scripts

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
CONTEXT = Context(client_name="Анна {{operator.name}}", client_city="Тверь", operator_name="Ольга")

SMALL = Script(
    name="Small",
    language="en",
    start="hello",
    common=(Field(id="who", label="Speaking to", default="{{client.first_name}}"),),
    jumps=(Jump(id="price", text="Too expensive", to="price"), Jump(id="busy", text="No time", to="later")),
    blocks=(
        Block(
            id="hello",
            stage="Contact",
            text="Hello {{client.name}}, I am {{operator.name}}.",
            answers=(
                Answer(id="yes", text="Yes", to="ask", tone="positive"),
                Answer(id="no", text="No", to="bye", disposition="refused_no_need"),
            ),
        ),
        Block(
            id="ask",
            stage="Need",
            text="How many?",
            fields=(
                Field(id="number", label="Bottles", kind="number", required=True),
                Field(id="day", label="Day", kind="date"),
            ),
            answers=(
                Answer(id="so_many", text="So many", to="sold"),
                Answer(id="never", text="None", to="bye", needs_fields=False),
            ),
            next="route",
        ),
        Block(id="route", stage="Routed", next="sold"),
        Block(id="sold", text="{{field.number}} on {{field.day}}", goal=True, end="end", disposition="sale"),
        Block(id="bye", text="Goodbye", end="refused"),
        Block(id="later", text="When?", end="end", disposition="call_back"),
        Block(
            id="price",
            text="It is cheap.",
            disposition="refused_no_need",
            answers=(Answer(id="ok", text="All right", to=RETURN), Answer(id="buy", text="Buy", to="ask")),
        ),
    ),
)


def go(state: RunState, made: Move, script: Script = SMALL) -> RunState:
    moved = move(script, state, state.step, made, NOW + timedelta(seconds=state.step), CONTEXT)
    assert isinstance(moved, Moved), moved
    return moved.state


def refused(state: RunState, made: Move, script: Script = SMALL) -> Refusal:
    moved = move(script, state, state.step, made, NOW, CONTEXT)
    assert isinstance(moved, Refusal), moved
    return moved


def test_the_small_script_is_sound() -> None:
    assert not has_errors(check(SMALL))


def test_a_straight_run_to_the_goal() -> None:
    state = go(start(SMALL, NOW), Give(answer="yes"))
    state = go(state, Give(answer="so_many", fields={"number": "3", "day": "25.12.2026"}))
    shown = view(SMALL, state, CONTEXT, run_id="r", version=2)
    assert shown.block.text == "3 on 25 December 2026"
    assert (shown.block.end, shown.block.goal, shown.progress, shown.step) == (True, True, 1.0, 3)
    assert [(line.step, line.title, line.answer) for line in shown.trail] == [
        (1, "hello", "Yes"),
        (2, "ask", "So many"),
    ]
    done = finish(SMALL, state, NOW, CONTEXT)
    assert isinstance(done, Moved)
    assert done.step and done.step.kind == "end"
    assert done.state.ended and done.state.ended.kind is Ended.GOAL_MET
    assert done.state.ended.suggested == "sale"


def test_a_step_is_logged_as_it_was_shown() -> None:
    moved = move(SMALL, start(SMALL, NOW), 1, Give(answer="yes"), NOW + timedelta(seconds=4), CONTEXT)
    assert isinstance(moved, Moved)
    step = moved.step
    assert step is not None
    assert step.text == "Hello Анна {{operator.name}}, I am Ольга."  # a client's braces stay braces
    assert (step.step, step.kind, step.block, step.to) == (1, "answer", "hello", "ask")
    assert (step.answer, step.answer_text) == ("yes", "Yes")
    assert step.answered_at - step.entered_at == timedelta(seconds=4)


def test_a_required_field_holds_the_script_there() -> None:
    state = go(start(SMALL, NOW), Give(answer="yes"))
    assert refused(state, Give(answer="so_many")) == Refusal(
        code="field_missing", params={"field": "number", "label": "Bottles"}
    )
    wrong = refused(state, Give(answer="so_many", fields={"number": "three"}))
    assert wrong.code == "field_invalid" and wrong.params["kind"] == "number"


def test_a_refusal_of_the_client_need_not_wait_for_fields() -> None:
    state = go(start(SMALL, NOW), Give(answer="yes"))
    state = go(state, Give(answer="never", fields={"number": "thr"}))
    assert state.at.block == "bye"
    assert state.fields["number"] == "thr"


def test_a_repeat_gives_the_same_and_an_old_number_is_stale() -> None:
    first = go(start(SMALL, NOW), Give(answer="yes"))
    again = move(SMALL, first, 1, Give(answer="yes"), NOW + timedelta(hours=1), CONTEXT)
    assert again == Moved(state=first, step=None)
    other = move(SMALL, first, 1, Give(answer="no"), NOW, CONTEXT)
    assert other == Refusal(code="step_stale", params={"step": 2})
    assert isinstance(fill(SMALL, first, 1, {"who": "x"}), Refusal)


def test_none_fits_stays_with_its_note_or_goes_on_by_default() -> None:
    state = go(start(SMALL, NOW), NoneFits(note="  wants a tender "))
    assert (state.at.block, state.step) == ("hello", 2)
    shown = view(SMALL, state, CONTEXT)
    assert shown.trail[0].answer == "wants a tender"
    assert not shown.can_go_back
    assert refused(state, NoneFits(note="x" * (MAX_NOTE + 1))).code == "note_too_long"
    state = go(state, Give(answer="yes"))
    assert refused(state, NoneFits()).code == "field_missing"
    state = go(state, NoneFits(note="as always", fields={"number": 2}))
    assert state.at.block == "sold"  # through the automatic block
    assert state.at.stage == "Routed"


def test_a_jump_comes_back_and_forgets_what_it_suggested() -> None:
    state = go(start(SMALL, NOW), Give(answer="yes"))
    state = go(state, JumpTo(jump="price", fields={"number": "4"}))
    shown = view(SMALL, state, CONTEXT)
    assert shown.in_jump and shown.block.id == "price"
    assert state.at.suggested == "refused_no_need"
    assert refused(state, JumpTo(jump="price")).code == "already_there"
    for way in (Return(), Give(answer="ok")):
        back = go(state, way)
        assert (back.at.block, back.at.stack, back.at.suggested) == ("ask", (), "")
        assert back.fields["number"] == "4"
        assert refused(back, Return()).code == "not_in_jump"


def test_an_arrow_into_the_main_line_closes_the_jump() -> None:
    state = go(go(start(SMALL, NOW), JumpTo(jump="price")), Give(answer="buy"))
    assert (state.at.block, state.at.stack) == ("ask", ())


def test_back_gives_the_place_back_and_keeps_the_fields() -> None:
    state = go(start(SMALL, NOW), Give(answer="yes"))
    state = go(state, Give(answer="so_many", fields={"number": "3"}))
    assert state.at.goal
    state = go(state, Back())
    assert (state.at.block, state.at.goal, state.at.suggested, state.step) == ("ask", False, "", 4)
    assert state.fields["number"] == "3"
    state = go(state, Back())
    assert state.at.block == "hello"
    assert refused(state, Back()).code == "nothing_to_go_back"


def test_back_steps_over_notes_that_went_nowhere() -> None:
    state = go(start(SMALL, NOW), Give(answer="yes"))
    jumped = go(state, JumpTo(jump="busy"))
    noted = go(go(jumped, NoneFits(note="a")), NoneFits(note="b"))
    assert go(noted, Back()).at == state.at


def test_a_default_stands_until_it_is_emptied() -> None:
    context = Context(client_first_name="Ann")
    state = start(SMALL, NOW)
    assert view(SMALL, state, context).block.fields[0].value == "Ann"
    emptied = fill(SMALL, state, 1, {"who": ""})
    assert isinstance(emptied, RunState)
    assert view(SMALL, emptied, context).block.fields[0].value is None
    moved = move(SMALL, state, 1, Give(answer="yes"), NOW, context)
    assert isinstance(moved, Moved) and moved.step
    assert moved.step.fields[0].value == "Ann"


@pytest.mark.parametrize(
    ("block", "goal", "reason", "kind"),
    [
        ("bye", True, "", Ended.REFUSED),
        ("later", False, "", Ended.COMPLETED),
        ("ask", False, "hung_up", Ended.FAILED),
        ("ask", True, "hung_up", Ended.GOAL_MET),
    ],
)
def test_how_a_run_ends(block: str, goal: bool, reason: str, kind: Ended) -> None:
    state = start(SMALL, NOW)
    state = msgspec.structs.replace(state, at=msgspec.structs.replace(state.at, block=block, goal=goal))
    done = finish(SMALL, state, NOW, reason=reason)
    assert isinstance(done, Moved) and done.state.ended
    assert (done.state.ended.kind, done.state.ended.block, done.state.ended.reason) == (kind, block, reason)
    assert finish(SMALL, done.state, NOW) == Moved(state=done.state, step=None)
    assert refused(done.state, Back()).code == "run_ended"


def test_a_field_left_empty_at_the_end_holds_unless_the_call_broke_off() -> None:
    script = Script(
        name="s",
        language="en",
        start="a",
        blocks=(Block(id="a", text="?", end="end", fields=(Field(id="f", label="F", required=True),)),),
    )
    state = start(script, NOW)
    assert finish(script, state, NOW) == Refusal(code="field_missing", params={"field": "f", "label": "F"})
    assert isinstance(finish(script, state, NOW, reason="hung_up"), Moved)


@pytest.mark.parametrize("value", ["x" * 4001, ["x"] * 101, ["x" * 201], 10**30, float("inf")])
def test_what_is_too_long_to_keep_is_refused(value: object) -> None:
    refusal = fill(SMALL, start(SMALL, NOW), 1, {"who": value})  # type: ignore[dict-item]
    assert isinstance(refusal, Refusal) and refusal.code == "field_too_long"


def test_a_script_that_lost_a_block_shows_its_first() -> None:
    state = start(SMALL, NOW)
    state = msgspec.structs.replace(state, at=msgspec.structs.replace(state.at, block="gone"))
    assert view(SMALL, state).block.id == "hello"


# --- properties ---------------------------------------------------------------------------------------------


def _again(state: RunState) -> RunState:
    return msgspec.json.decode(msgspec.json.encode(state), type=RunState)


def _fully(script: Script, state: RunState) -> dict[str, object]:
    """A good value for everything that is shown."""
    shown = view(script, state, CONTEXT)
    return {field.id: GOOD[field.kind][0] for field in shown.block.fields}


@pytest.mark.many
@given(script=scripts(), made=st.lists(moves, max_size=25))
def test_any_moves_leave_a_way_on_and_a_loaded_state_goes_on_the_same(
    script: Script, made: list[Move]
) -> None:
    assert not has_errors(check(script))
    state = start(script, NOW)
    log: list[Step] = []
    for wanted in made:
        one = fitted(wanted, view(script, state, CONTEXT).block)
        moved = move(script, state, state.step, one, NOW, CONTEXT)
        assert moved == move(script, _again(state), state.step, one, NOW, CONTEXT)
        shown = view(script, state, CONTEXT)
        assert shown == view(script, _again(state), CONTEXT)
        assert 0 <= shown.progress <= 1
        if isinstance(moved, Refusal):
            continue
        assert moved.step is not None
        assert moved.state.step == state.step + 1
        repeat = move(script, moved.state, state.step, one, NOW, CONTEXT)
        assert repeat == Moved(state=moved.state, step=None)
        _does_what_the_script_says(script, moved)
        assert moved.state.fields.keys() >= state.fields.keys()
        assert len(moved.state.at.stack) <= len(script.blocks)
        log.append(moved.step)
        state = moved.state
        _has_a_way_on(script, state)
    assert [step.step for step in log] == list(range(1, len(log) + 1))
    for before, after in itertools.pairwise(log):
        assert before.to == after.block


def _does_what_the_script_says(script: Script, moved: Moved) -> None:
    """Actions of this script, as plain values; a step back and a way back do nothing."""
    places = {block.id for block in script.blocks}
    assert all(due.place.partition("/")[0] in places and not due.action.when for due in moved.due)
    assert msgspec.json.decode(msgspec.json.encode(moved.due), type=tuple[Due, ...]) == moved.due
    if moved.step is not None and moved.step.kind in ("back", "return"):
        assert not moved.due


def _has_a_way_on(script: Script, state: RunState) -> None:
    shown = view(script, state, CONTEXT)
    if shown.block.end:
        done = finish(script, state, NOW, CONTEXT, reason="hung_up")
        assert isinstance(done, Moved) and done.state.ended
        return
    assert shown.block.answers
    for answer in shown.block.answers:
        fields = _fully(script, state)
        moved = move(script, state, state.step, Give(answer=answer.id, fields=fields), NOW, CONTEXT)  # type: ignore[arg-type]
        assert isinstance(moved, Moved), moved


@given(script=scripts(), made=st.lists(moves, max_size=12))
def test_a_field_keeps_its_value_through_back_and_jumps(script: Script, made: list[Move]) -> None:
    state = start(script, NOW)
    for wanted in made:
        one = fitted(wanted, view(script, state, CONTEXT).block)
        moved = move(script, state, state.step, one, NOW, CONTEXT)
        if isinstance(moved, Refusal):
            continue
        if isinstance(one, (Back, Return)):
            assert moved.state.fields == state.fields
        state = moved.state


def quick(haste: Haste, after_s: float, made: Move) -> Moved | Refusal:
    script = msgspec.structs.replace(SMALL, haste=haste, pace=10)  # 28 characters of greeting: 2.8 s
    return move(
        script, start(script, NOW), 1, made, NOW + timedelta(seconds=after_s), Context(client_name="Ann")
    )


def test_what_cannot_have_been_read_is_refused_or_marked_as_the_script_says() -> None:
    early = quick("refuse", 1.0, Give(answer="yes"))
    assert isinstance(early, Refusal) and early.code == "too_fast" and early.params["seconds"] in (1, 2)
    for haste, after_s, hasty in (
        ("refuse", 3.0, False),
        ("mark", 1.0, True),
        ("mark", 3.0, False),
        ("", 0.0, False),
    ):
        moved = quick(haste, after_s, Give(answer="yes"))  # type: ignore[arg-type]
        assert isinstance(moved, Moved) and moved.step is not None
        assert moved.step.hasty is hasty


SLOW = msgspec.structs.replace(SMALL, haste="refuse", pace=1)
"""Its greeting takes longer than its price."""


def walked(script: Script, *moves: tuple[Move, float]) -> RunState:
    """A run after moves, each made so many seconds after the one before."""
    state = start(script, NOW, CONTEXT)
    for made, after_s in moves:
        moved = move(script, state, state.step, made, state.since + timedelta(seconds=after_s), CONTEXT)
        assert isinstance(moved, Moved), moved
        state = moved.state
    return state


def test_jumps_and_what_was_read_before_are_free() -> None:
    assert isinstance(quick("refuse", 0.0, JumpTo(jump="price")), Moved)
    state = walked(SLOW, (Give(answer="yes"), 200), (Back(), 0), (Give(answer="yes"), 0))
    assert (state.at.block, state.read) == ("ask", ("hello",))


def test_what_was_read_and_not_answered_by_its_text_is_free_too() -> None:
    state = walked(SLOW, (NoneFits(note="hm"), 200), (Give(answer="yes"), 0))
    assert state.at.block == "ask"


def test_a_jump_there_and_back_does_not_read_a_block() -> None:
    state = walked(SLOW, (JumpTo(jump="price"), 0), (Return(), 0))
    assert state.at.block == "hello"
    early = move(SLOW, state, state.step, Give(answer="yes"), state.since, CONTEXT)
    assert isinstance(early, Refusal) and early.code == "too_fast"


# --- freely, set aside, tasks -------------------------------------------------------------------------------------

FREE = msgspec.structs.replace(
    SMALL, mode="free", tasks=(Task(id="greet", text="Greet"), Task(id="thank", text="Thank"))
)


def test_only_a_free_script_lets_one_go_anywhere() -> None:
    state = start(SMALL, NOW, CONTEXT)
    assert refused(state, Go(block="ask")).code == "not_free"
    assert refused(state, Go(block="hello"), FREE).code == "already_there"
    assert refused(state, Go(block="nowhere"), FREE).code == "go_unknown"


def test_going_freely_is_logged_like_any_other_step() -> None:
    state = start(FREE, NOW, CONTEXT)
    moved = move(FREE, state, 1, Go(block="ask", fields={"who": "Anna"}), NOW + timedelta(seconds=3), CONTEXT)
    assert isinstance(moved, Moved) and moved.step is not None
    step = moved.step
    assert (step.kind, step.block, step.to, step.answer_text) == ("go", "hello", "ask", "→ ask")
    assert [visit.at.block for visit in moved.state.trail] == ["hello"]
    assert go(moved.state, Back(), FREE).at.block == "hello"


def test_what_only_jumps_lead_to_is_jumped_to() -> None:
    state = go(start(FREE, NOW, CONTEXT), Go(block="price"), FREE)
    assert state.at.block == "price" and state.at.stack
    assert go(state, Return(), FREE).at.block == "hello"
    assert not go(state, Go(block="ask"), FREE).at.stack


def test_an_automatic_block_is_passed_when_one_goes_to_it() -> None:
    assert go(start(FREE, NOW, CONTEXT), Go(block="route"), FREE).at.block == "sold"


def test_a_run_set_aside_goes_on_where_it_was() -> None:
    state = go(start(SMALL, NOW, CONTEXT), Give(answer="yes"))
    typed = fill(SMALL, state, state.step, {"number": "1 0"})
    assert isinstance(typed, RunState)
    aside = set_aside(SMALL, typed, NOW + timedelta(seconds=9), CONTEXT)
    assert isinstance(aside, Moved) and aside.step is not None
    assert (aside.step.kind, aside.step.block) == ("aside", "ask")
    later = NOW + timedelta(days=2)
    again = resume(_again(aside.state), later)
    assert (again.at, again.trail, again.since) == (typed.at, typed.trail, later)
    moved = move(SMALL, again, again.step, Give(answer="so_many"), later + timedelta(seconds=5), CONTEXT)
    assert isinstance(moved, Moved) and moved.step is not None
    assert moved.step.entered_at == later
    over = finish(SMALL, moved.state, later, CONTEXT)
    assert isinstance(over, Moved)
    refusal = set_aside(SMALL, over.state, later, CONTEXT)
    assert isinstance(refusal, Refusal) and refusal.code == "run_ended"


def test_tasks_are_ticked_off_in_the_scripts_order() -> None:
    state = start(FREE, NOW, CONTEXT)
    for task in ("thank", "greet"):
        ticked = tick(FREE, state, task, True)
        assert isinstance(ticked, RunState)
        state = ticked
    assert state.done == ("greet", "thank")
    ticked = tick(FREE, state, "greet", False)
    assert isinstance(ticked, RunState) and ticked.done == ("thank",)
    unknown = tick(FREE, state, "dance", True)
    assert isinstance(unknown, Refusal) and unknown.code == "task_unknown"


def test_what_keeps_no_log_forgets_what_was_said() -> None:
    state = go(start(SMALL, NOW, CONTEXT), Give(answer="no", fields={"who": "Anna"}))
    over = finish(SMALL, state, NOW, CONTEXT)
    assert isinstance(over, Moved)
    left = forget(over.state)
    assert b"Anna" not in msgspec.json.encode(left)
    assert left.ended == over.state.ended
