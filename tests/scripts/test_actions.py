from __future__ import annotations

import msgspec
import pytest

from dialer.scripts.actions import (
    KINDS,
    Action,
    Callback,
    CreateDocument,
    CreateOrder,
    CreateTask,
    DealStage,
    Exclude,
    HandOver,
    Message,
    Part,
    SendMail,
    SetField,
    WebHook,
    templates,
    with_texts,
    word,
)
from dialer.scripts.check import check
from dialer.scripts.check_actions import Outside
from dialer.scripts.findings import Path, Spot, has_errors
from dialer.scripts.model import Answer, Block, Field, Script
from dialer.scripts.yaml_dump import dump
from dialer.scripts.yaml_form import load

DAY = Field(id="day", label="Day", kind="date")
OUTSIDE = Outside(hooks={"crm"}, people={"anna"})


def doing(*actions: Action, on_answer: bool = True) -> Script:
    """A script whose first answer, or first block, does this."""
    answer = Answer(id="yes", text="Yes", to="end", actions=actions if on_answer else ())
    asked = (DAY, Field(id="at", label="At", kind="time"), Field(id="n", label="N", kind="number"))
    first = Block(
        id="hello", text="Hi", fields=asked, answers=(answer,), actions=() if on_answer else actions
    )
    end = Block(id="end", text="Bye", end="end", goal=True)
    return Script(name="s", language="en", start="hello", blocks=(first, end))


HERE: Path = ("blocks", "hello", "answers", "yes", "actions", "0")
FAULTS: list[tuple[Action, str, Path]] = [
    (SetField(field="client.id", value="1"), "action_field", (*HERE, "field")),
    (SetField(field="client.fields. ", value="1"), "action_field", (*HERE, "field")),
    (SetField(field="deal.stage", value="1"), "action_field", (*HERE, "field")),
    (SetField(field="client.city", value="{{field.nobody}}"), "placeholder_unknown", (*HERE, "value")),
    (SetField(field="client.city", value="{{x"), "placeholder_broken", (*HERE, "value")),
    (SetField(field="client.city", value="x" * 2001), "text_too_long", (*HERE, "value")),
    (SetField(field="client.city", value="x", when="field.nobody > 1"), "condition_name", (*HERE, "when")),
    (DealStage(stage=" "), "text_missing", (*HERE, "stage")),
    (Callback(), "action_time", HERE),
    (Callback(minutes=5, date="day"), "action_time", HERE),
    (Callback(time="at"), "action_time", HERE),
    (Callback(date="nobody"), "action_field_unknown", (*HERE, "date")),
    (Callback(date="n"), "action_field_kind", (*HERE, "date")),
    (CreateTask(text="x", date="day", time="day"), "action_field_kind", (*HERE, "time")),
    (CreateTask(text="x", to="anna", role="admin"), "action_whom", HERE),
    (HandOver(text="x"), "action_whom", HERE),
    (Message(text="x", role="nobody"), "action_role", (*HERE, "role")),
    (Message(text="x", to="ann"), "action_person", (*HERE, "to")),
    (WebHook(hook="crn"), "action_hook", (*HERE, "hook")),
    (WebHook(hook="http://10.0.0.1/"), "action_hook_name", (*HERE, "hook")),
    (WebHook(hook="crm", body=(Part(key="a b", value=""),)), "action_part", (*HERE, "body")),
    (WebHook(hook="crm", body=(Part(key="a", value="1"),) * 2), "action_part", (*HERE, "body")),
    (SendMail(to="a@b.example"), "action_not_yet", HERE),
    (CreateOrder(), "action_not_yet", HERE),
    (CreateDocument(form="complaint"), "action_not_yet", HERE),
]


@pytest.mark.parametrize(("action", "code", "path"), FAULTS, ids=[f"{code}" for _, code, _ in FAULTS])
def test_what_is_wrong_with_an_action_is_found_at_its_place(action: Action, code: str, path: Path) -> None:
    found = check(doing(action), outside=OUTSIDE)
    assert [(finding.code, finding.path) for finding in found if finding.level == "error"] == [(code, path)]
    block = check(doing(action, on_answer=False), outside=OUTSIDE)
    assert [finding.code for finding in block if finding.level == "error"] == [code]


def test_a_callback_comes_too_late_at_the_end() -> None:
    script = doing()
    end = msgspec.structs.replace(script.blocks[1], actions=(Callback(minutes=5),))
    found = check(msgspec.structs.replace(script, blocks=(script.blocks[0], end)))
    assert [(finding.code, finding.path) for finding in found] == [
        ("action_at_end", ("blocks", "end", "actions", "0"))
    ]


def test_too_many_actions_are_refused() -> None:
    assert [finding.code for finding in check(doing(*[Exclude()] * 21))] == ["too_large"]


def test_without_a_word_of_what_there_is_nobody_asks_for_it() -> None:
    assert not check(doing(WebHook(hook="any"), Message(text="x", to="any")))


def test_what_the_block_asks_is_filled_in_when_it_is_left() -> None:
    assert not check(doing(SetField(field="client.fields.Day", value="{{field.day}}")))
    script = doing(DealStage(stage="{{field.late}}"))
    late = Block(id="end", text="Bye", end="end", goal=True, fields=(Field(id="late", label="L"),))
    found = check(msgspec.structs.replace(script, blocks=(script.blocks[0], late)))
    assert [finding.code for finding in found] == ["field_never_filled"]


def test_nothing_is_done_before_anything_is_said() -> None:
    script = doing()
    auto = Block(id="auto", next="hello", actions=(Exclude(),))
    found = check(msgspec.structs.replace(script, start="auto", blocks=(auto, *script.blocks)))
    assert [(finding.code, finding.path) for finding in found] == [
        ("action_before", ("blocks", "auto", "actions"))
    ]


TEXT = """\
name: S
language: en
start: hello
blocks:
  hello:
    text: Hi
    fields:
      day:
        label: Day
        kind: date
      friend:
        label: Friend
        kind: reference
        of: client
    answers:
      yes:
        text: Yes
        to: end
        actions:
          - do: set_field
            field: client.fields.Day
            value: "{{field.day}}"
          - do: web_hook
            when: field.day != null
            hook: crm
            body:
              day: "{{field.day}}"
    actions:
      - do: callback
        date: day
      - do: deal_stage
        stage: Agreed
        close: true
  end:
    text: Bye
    end: true
"""


def test_the_text_form() -> None:
    loaded = load(TEXT)
    assert loaded.findings == [] and loaded.script is not None
    hello = loaded.script.blocks[0]
    assert hello.answers[0].actions == (
        SetField(field="client.fields.Day", value="{{field.day}}"),
        WebHook(hook="crm", body=(Part(key="day", value="{{field.day}}"),), when="field.day != null"),
    )
    assert hello.actions == (Callback(date="day"), DealStage(stage="Agreed", close=True))
    assert loaded.spots["blocks", "hello", "actions", "0", "date"] == Spot(30, 15)
    assert load(dump(loaded.script)).script == loaded.script
    assert "      - do: web_hook\n" in dump(loaded.script)


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        ("- do: sett_field", "value_wrong", 6),
        ("- field: client.city", "key_missing", 6),
        ("- do: set_field\n        value: x", "key_missing", 6),
        ("- do: exclude\n        hook: crm", "key_unknown", 7),
        ("- do: callback\n        minutes: soon", "value_wrong", 7),
        ("- do: web_hook\n        hook: crm\n        body: {a: [1]}", "value_wrong", 8),
        ("- exclude", "value_wrong", 6),
        ("exclude", "value_wrong", 6),
    ],
)
def test_a_fault_of_the_form_has_its_place(lines: str, code: str, line: int) -> None:
    text = f"name: S\nlanguage: en\nstart: a\nblocks:\n  a:\n    actions:\n      {lines}\n    end: true\n"
    loaded = load(text)
    assert loaded.script is None
    assert [(finding.code, finding.spot.line if finding.spot else 0) for finding in loaded.findings] == [
        (code, line + 1)
    ]


def test_every_word_is_a_kind_and_every_text_can_be_changed() -> None:
    assert {word(kind(**_needed(kind))) for kind in KINDS.values()} == set(KINDS)
    for kind in KINDS.values():
        action = kind(**_needed(kind))
        changed = with_texts(action, {name: "new" for name, _ in templates(action)})
        assert all(text == "new" for _, text in templates(changed))


def _needed(kind: type[Action]) -> dict[str, str]:
    return {part.name: "x" for part in msgspec.structs.fields(kind) if part.required}


def test_a_script_of_before_has_no_actions() -> None:
    old = msgspec.json.decode(b'{"name":"s","language":"en","start":"a","blocks":[{"id":"a"}]}', type=Script)
    assert old.blocks[0].actions == () and not has_errors([])
