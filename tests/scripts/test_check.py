from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from dialer.scripts.check import check, spotted
from dialer.scripts.findings import Finding, Path, Spot, has_errors
from dialer.scripts.model import Answer, Block, Field, Jump, Script
from dialer.scripts.texts import FINDINGS
from tests.scripts.strategies import scripts

END = Block(id="end", text="Bye", end="end", goal=True)


def to(*targets: str) -> tuple[Answer, ...]:
    return tuple(Answer(id=f"a{at}", text="x", to=target) for at, target in enumerate(targets))


def of(*blocks: Block, jumps: tuple[Jump, ...] = (), common: tuple[Field, ...] = ()) -> Script:
    return Script(
        name="s", language="en", start=blocks[0].id, blocks=(*blocks, END), jumps=jumps, common=common
    )


def hello(**more: object) -> Block:
    return Block(**{"id": "hello", "text": "Hi", "answers": to("end"), **more})  # type: ignore[arg-type]


def field(**more: object) -> Field:
    return Field(**{"id": "f", "label": "F", **more})  # type: ignore[arg-type]


JUMP = (Jump(id="q", text="?", to="aside"),)
ASIDE = Block(id="aside", text="...", next="return")
HELLO = ("blocks", "hello")

FAULTS: list[tuple[Script, str, Path]] = [
    (of(hello(), Block(id="alone", text="x", next="end")), "unreachable", ("blocks", "alone")),
    (of(hello(answers=to("end", "stop")), Block(id="stop", text="x")), "dead_end", ("blocks", "stop")),
    (of(hello(answers=to("end", ""))), "answer_nowhere", (*HELLO, "answers", "a1")),
    (of(hello(answers=to("end", "nowhere"))), "block_unknown", (*HELLO, "answers", "a1", "to")),
    (of(hello(answers=to("end", "ennd"))), "block_unknown_like", (*HELLO, "answers", "a1", "to")),
    (of(hello(next="nowhere")), "block_unknown", (*HELLO, "next")),
    (of(hello(), jumps=(Jump(id="q", text="?", to="return"),)), "block_unknown", ("jumps", "q", "to")),
    (of(hello(), hello()), "id_twice", HELLO),
    (of(hello(fields=(field(),)), common=(field(),)), "id_twice", (*HELLO, "fields", "f")),
    (of(hello(answers=to("end") * 2)), "id_twice", (*HELLO, "answers", "a0")),
    (of(hello(answers=(Answer(id="next", text="x", to="end"),))), "id_reserved", (*HELLO, "answers", "next")),
    (of(hello(answers=(Answer(id="да", text="x", to="end"),))), "id_wrong", (*HELLO, "answers", "да")),
    (of(hello(text="{{client.phone}}")), "placeholder_unknown", (*HELLO, "text")),
    (of(hello(text="{{field.g}}")), "placeholder_unknown", (*HELLO, "text")),
    (of(hello(hint="{{client.name}")), "placeholder_broken", (*HELLO, "hint")),
    (
        of(hello(text="{{field.f}}", next="ask"), Block(id="ask", fields=(field(),), next="end")),
        "field_never_filled",
        (*HELLO, "text"),
    ),
    (of(hello(text="{{field.f}}", fields=(field(),))), "field_never_filled", (*HELLO, "text")),
    (
        of(
            hello(answers=to("ask", "say")),
            Block(id="ask", fields=(field(),), next="say"),
            Block(id="say", text="{{field.f}}", next="end"),
        ),
        "field_maybe_empty",
        ("blocks", "say", "text"),
    ),
    (
        of(hello(next="r1"), Block(id="r1", next="r2"), Block(id="r2", next="r1")),
        "automatic_loop",
        ("blocks", "r1"),
    ),
    (of(hello(answers=to("end", "r")), Block(id="r", next="r")), "automatic_loop", ("blocks", "r")),
    (of(hello(answers=to("end", "return"))), "return_without_jump", HELLO),
    (
        of(hello(answers=to("end", "round")), Block(id="round", text="x", next="round")),
        "never_ends",
        ("blocks", "round"),
    ),
    (of(hello(), ASIDE, jumps=JUMP * 5), "jumps_many", ("jumps",)),
    (of(hello(answers=to(*["end"] * 10))), "answers_many", (*HELLO, "answers")),
    (of(hello(end="end")), "end_goes_on", HELLO),
    (of(hello(fields=(field(kind="choice"),))), "choices_missing", (*HELLO, "fields", "f")),
    (of(hello(fields=(field(choices=("a",)),))), "choices_useless", (*HELLO, "fields", "f", "choices")),
    (
        of(hello(fields=(field(kind="choice", choices=("a", "a")),))),
        "choice_twice",
        (*HELLO, "fields", "f", "choices"),
    ),
    (
        of(hello(fields=(field(kind="date", default="soon"),))),
        "default_wrong",
        (*HELLO, "fields", "f", "default"),
    ),
    (
        of(hello(fields=(field(kind="yes_no", default="si"),))),
        "default_wrong",
        (*HELLO, "fields", "f", "default"),
    ),
    (of(hello(disposition="sold")), "disposition_unknown", (*HELLO, "disposition")),
    (of(hello(text="x" * 9000)), "text_too_long", (*HELLO, "text")),
    (
        of(hello(answers=(Answer(id="a", text=" ", to="end"),))),
        "text_missing",
        (*HELLO, "answers", "a", "text"),
    ),
    (
        of(hello(), Block(id="on", next="end", pause_recording=True)),
        "pause_unseen",
        ("blocks", "on", "pause_recording"),
    ),
    (msgspec.structs.replace(of(hello()), start="gone"), "start_unknown", ("start",)),
    (Script(name="s", language="en", start="a", blocks=()), "no_blocks", ("blocks",)),
    (Script(name="s", language="en", start="a", blocks=(Block(id="a", end="end"),)), "no_goal", ("blocks",)),
]


@pytest.mark.parametrize(
    ("script", "code", "path"), FAULTS, ids=[f"{code}-{at}" for at, (_, code, _) in enumerate(FAULTS)]
)
def test_a_fault_is_found_at_its_place(script: Script, code: str, path: Path) -> None:
    assert (code, path) in [(finding.code, finding.path) for finding in check(script, {"sale"})]


GOOD: list[Script] = [
    of(hello()),
    of(hello(), ASIDE, jumps=JUMP),
    of(hello(text="{{field.f}}"), common=(field(),)),
    of(
        hello(next="ask"),
        Block(id="ask", fields=(field(),), next="say"),
        Block(id="say", text="{{field.f}}", next="end"),
    ),
    of(
        hello(answers=to("ask", "say")),
        Block(id="ask", fields=(field(),), next="say"),
        Block(id="say", text="{{field.f | five}}", next="end"),
    ),
    of(hello(next="r1"), Block(id="r1", next="r2"), Block(id="r2", next="end")),
    of(hello(fields=(field(kind="choices", choices=("a", "b"), default="a, b"),), disposition="sale")),
    of(  # one may jump aside after the field was filled
        hello(fields=(field(),)),
        Block(id="aside", text="{{field.f | ?}}", next="return"),
        jumps=JUMP,
    ),
]


@pytest.mark.parametrize("script", GOOD)
def test_what_is_sound_has_no_fault(script: Script) -> None:
    assert check(script, {"sale"}) == []


@given(script=scripts())
def test_every_finding_has_its_text_in_both_languages(script: Script) -> None:
    broken = msgspec.structs.replace(script, blocks=script.blocks[:-1], start="b1")
    for finding in [*check(script), *check(broken)]:
        for language in ("ru", "en"):
            text = finding.text(language)
            assert text and text != finding.code and "{}" not in text


def test_all_texts_can_be_said() -> None:
    for code in FINDINGS:
        for script, _, _ in FAULTS:
            for finding in check(script, {"sale"}):
                if finding.code == code:
                    assert finding.text("ru") != finding.text("en")


def test_placing_falls_back_to_what_is_around() -> None:
    finding = Finding(code="dead_end", path=("blocks", "a", "answers", "b"))
    spots = {("blocks", "a"): Spot(7, 3), ("blocks",): Spot(2, 1)}
    assert spotted([finding], spots)[0].spot == Spot(7, 3)
    assert spotted([finding], {})[0].spot == Spot(1, 1)


def test_a_large_script_is_checked_at_once() -> None:
    blocks = [
        Block(id=f"b{at}", text="{{field.f0 | x}}", fields=(field(id=f"f{at}"),), next=f"b{at + 1}")
        for at in range(300)
    ]
    script = of(*blocks, Block(id="b300", text="x", next="end"))
    assert not has_errors([finding for finding in check(script) if finding.code != "field_never_filled"])
