from __future__ import annotations

import msgspec
from hypothesis import given, settings

from dialer.scripts.comparison import BlockName, PartChange, compare
from dialer.scripts.model import RETURN, Answer, Block, Field, Jump, Script, Way
from tests.scripts.strategies import scripts

HELLO = Block(
    id="hello",
    title="Hello",
    text="Hi",
    answers=(Answer(id="yes", text="Yes", to="bye"), Answer(id="no", text="No", tone="negative", to="bye")),
    fields=(Field(id="size", label="Size", kind="number"),),
    ways=(Way(when="field.size > 2", to="bye"),),
    next="bye",
)
BYE = Block(id="bye", title="Good bye", end="end")
OLD = Script(name="S", language="en", start="hello", blocks=(HELLO, BYE))


def changed(block: Block) -> list[tuple[str, str, str]]:
    found = compare(OLD, msgspec.structs.replace(OLD, blocks=(block, BYE)), "en")
    assert (found.settings, found.added, found.removed) == ([], [], [])
    return [(part.part, part.before, part.after) for one in found.changed for part in one.parts]


def test_each_part_is_told_in_words() -> None:
    edit = msgspec.structs.replace
    assert changed(edit(HELLO, text="Hello!")) == [("text", "Hi", "Hello!")]
    assert changed(edit(HELLO, next=RETURN)) == [("default arrow", "Good bye", "back from the jump")]
    assert changed(edit(HELLO, ways=())) == [("conditions", "field.size > 2 → Good bye", "")]
    assert changed(edit(HELLO, answers=(HELLO.answers[0], edit(HELLO.answers[1], to="hello")))) == [
        ("answer «No»: where it leads", "Good bye", "Hello")
    ]
    assert changed(edit(HELLO, answers=HELLO.answers[1:])) == [
        ("answer «Yes»", "Yes; where it leads: Good bye; tone: neutral; waits for required fields: yes", "")
    ]
    assert changed(edit(HELLO, answers=HELLO.answers[::-1])) == [("answer: order", "yes, no", "no, yes")]
    assert changed(edit(HELLO, fields=(edit(HELLO.fields[0], required=True),))) == [
        ("field «Size»: required", "no", "yes")
    ]


def test_blocks_and_the_scripts_own_parts() -> None:
    more = Block(id="more", title="More")
    new = msgspec.structs.replace(
        OLD, blocks=(BYE, more), start="more", jumps=(Jump(id="who", text="Who?", to="more"),)
    )
    found = compare(OLD, new, "ru")
    assert (found.added, found.removed) == (
        [BlockName(id="more", title="More")],
        [BlockName(id="hello", title="Hello")],
    )
    assert found.settings[0] == PartChange(part="первый блок", before="Hello", after="More")
    assert found.settings[1].part == "быстрый переход «Who?»"


@settings(max_examples=6)
@given(scripts(), scripts())
def test_what_was_compared_is_whole(old: Script, new: Script) -> None:
    assert compare(old, old, "en") == compare(new, new, "ru")  # nothing and nothing
    there, back = compare(old, new, "en"), compare(new, old, "en")
    assert [one.id for one in there.added] == [one.id for one in back.removed]
    assert {one.id for one in there.changed} == {one.id for one in back.changed}
    nothing = not (there.settings or there.added or there.removed or there.changed)
    assert nothing == (old == new)
