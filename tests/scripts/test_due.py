from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from dialer.scripts.actions import (
    CreateTask,
    DealStage,
    DoNotCall,
    Exclude,
    Part,
    SetField,
    WebHook,
)
from dialer.scripts.engine import finish, move, start
from dialer.scripts.model import RETURN, Answer, Block, Field, Jump, Script, Way
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Back, Due, Give, JumpTo, Move, Moved, NoneFits, Return, RunState
from dialer.scripts.show import view
from dialer.scripts.weave import weave

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
CONTEXT = Context(client_name="{{company}}", deal_stage="New", deal_fields={"Sum": "12"}, company="SECRET")


def stage(name: str) -> tuple[DealStage, ...]:
    return (DealStage(stage=name),)


SCRIPT = Script(
    name="s",
    language="en",
    start="ask",
    jumps=(Jump(id="who", text="Who?", to="pass_aside"),),
    blocks=(
        Block(
            id="ask",
            text="?",
            fields=(
                Field(id="day", label="Day", kind="date"),
                Field(id="paid", label="Paid", kind="yes_no"),
                Field(id="n", label="N", kind="number", default="2"),
                Field(id="friend", label="F", kind="reference", of="client"),
            ),
            answers=(
                Answer(id="yes", text="Yes, {{client.name}}", actions=stage("on the answer")),
                Answer(id="no", text="No", to="end"),
            ),
            ways=(Way(when="field.n > 5", to="many"),),
            next="auto",
            actions=(
                CreateTask(text="On {{field.day}}, paid: {{field.paid}}, {{field.friend}}", date="day"),
                SetField(field="client.fields.Day", value="{{field.day}} {{field.paid}}"),
                WebHook(
                    hook="crm",
                    body=(Part(key="f", value="{{field.friend}}"), Part(key="n", value="{{field.n}}")),
                ),
                DoNotCall(reason="{{client.name}}", when="field.n > 100"),
            ),
        ),
        Block(id="auto", next="auto2", actions=stage("passed")),
        Block(id="auto2", next="end"),
        Block(id="many", text="!", next="end", actions=(Exclude(),)),
        Block(id="pass_aside", next="aside", actions=stage("passed in a jump")),
        Block(id="aside", text="We.", next=RETURN, actions=stage("left the jump")),
        Block(id="end", text="{{answer.ask}}", end="end", goal=True, actions=stage("{{deal.stage}}: end")),
    ),
)


def made(state: RunState, one: Move) -> Moved:
    moved = move(SCRIPT, state, state.step, one, NOW, CONTEXT)
    assert isinstance(moved, Moved), moved
    return moved


def told(moved: Moved) -> list[str]:
    return [due.action.stage if isinstance(due.action, DealStage) else due.place for due in moved.due]


FILLED = {"day": "2026-12-25", "paid": True, "friend": "7 Ann Lee"}


def test_the_answers_actions_then_the_blocks_then_what_was_passed() -> None:
    moved = made(start(SCRIPT, NOW, CONTEXT), Give(answer="yes", fields=FILLED))
    assert [due.place for due in moved.due] == ["ask/yes", "ask", "ask", "ask", "auto"]
    _, task, field, hook, passed = (due.action for due in moved.due)
    assert task == CreateTask(text="On 25 December 2026, paid: yes, Ann Lee", date="2026-12-25")
    assert field == SetField(field="client.fields.Day", value="2026-12-25 true")
    assert hook == WebHook(hook="crm", body=(Part(key="f", value="7"), Part(key="n", value="2")))
    assert passed == DealStage(stage="passed")
    assert view(SCRIPT, moved.state, CONTEXT).block.text == "Yes, {{company}}"
    done = finish(SCRIPT, moved.state, NOW, CONTEXT)
    assert isinstance(done, Moved)
    assert done.due == (Due(place="end", action=DealStage(stage="New: end")),)


def test_a_condition_over_fields_holds_or_leaves_it_out() -> None:
    moved = made(start(SCRIPT, NOW, CONTEXT), Give(answer="yes", fields={"n": "101"}))
    assert moved.state.at.block == "many"
    assert moved.due[-1].action == DoNotCall(reason="{{company}}")


def test_what_is_not_filled_in_is_nothing_and_no_gap() -> None:
    moved = made(start(SCRIPT, NOW, CONTEXT), Give(answer="no"))
    assert moved.due[0].action == CreateTask(text="On , paid: , ", date="")


def test_a_repeat_a_step_back_and_a_way_back_ask_for_nothing() -> None:
    begun = start(SCRIPT, NOW, CONTEXT)
    moved = made(begun, Give(answer="yes"))
    again = move(SCRIPT, moved.state, begun.step, Give(answer="yes"), NOW, CONTEXT)
    assert isinstance(again, Moved) and (again.step, again.due) == (None, ())
    assert made(moved.state, Back()).due == ()
    jumped = made(begun, JumpTo(jump="who"))
    assert told(jumped) == ["passed in a jump"]
    assert made(jumped.state, Return()).due == ()
    assert told(made(jumped.state, Give(answer="next"))) == ["left the jump"]


def test_a_note_leaves_the_block_only_where_a_default_arrow_leads_on() -> None:
    moved = made(start(SCRIPT, NOW, CONTEXT), NoneFits(note="Hm"))
    assert [due.place for due in moved.due] == ["ask", "ask", "ask", "auto"]
    stays = msgspec.structs.replace(SCRIPT.blocks[0], next="", ways=())
    script = msgspec.structs.replace(SCRIPT, blocks=(stays, *SCRIPT.blocks[1:]))
    noted = move(script, start(script, NOW, CONTEXT), 1, NoneFits(note="Hm"), NOW, CONTEXT)
    assert isinstance(noted, Moved) and noted.due == ()


@pytest.mark.parametrize(("block", "reason", "asked"), [("end", "hung_up", 1), ("ask", "hung_up", 0)])
def test_what_was_broken_off_does_nothing(block: str, reason: str, asked: int) -> None:
    state = start(SCRIPT, NOW, CONTEXT)
    state = msgspec.structs.replace(state, at=msgspec.structs.replace(state.at, block=block))
    done = finish(SCRIPT, state, NOW, CONTEXT, reason=reason)
    assert isinstance(done, Moved) and len(done.due) == asked


def test_a_sub_script_does_its_own_and_the_outer_block_is_left_at_its_end() -> None:
    inner = Script(
        name="Inner",
        language="en",
        start="a",
        blocks=(
            Block(
                id="a", text="?", answers=(Answer(id="y", text="Y", to="b", actions=stage("inner answer")),)
            ),
            Block(id="b", text="{{answer.a}}", end="end", actions=stage("{{answer.a | none}} inner end")),
        ),
    )
    outer = Script(
        name="Outer",
        language="en",
        start="h",
        blocks=(
            Block(id="h", text="?", next="sub"),
            Block(id="sub", sub="Inner", next="end", actions=stage("outer left")),
            Block(id="end", text="Bye", end="end"),
        ),
    )
    script = weave(outer, {"Inner": inner}.get)
    state, done = start(script, NOW), []
    for answer in ("next", "y", "next"):
        moved = move(script, state, state.step, Give(answer=answer), NOW)
        assert isinstance(moved, Moved)
        done += told(moved)
        state = moved.state
    assert state.at.block == "end"
    assert done == ["inner answer", "Y inner end", "outer left"]
    assert state.trail[-1].at.block == "sub.b"
