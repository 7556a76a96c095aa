from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dialer.scripts.findings import Spot
from dialer.scripts.model import Answer, Block, Field, Script
from dialer.scripts.yaml_dump import dump
from dialer.scripts.yaml_form import load
from tests.scripts.strategies import scripts

HEAD = "name: S\nlanguage: en\nstart: a\n"


@pytest.mark.many
@given(script=scripts())
def test_what_is_written_is_read_back(script: Script) -> None:
    written = dump(script)
    loaded = load(written)
    assert loaded.findings == []
    assert loaded.script == script
    assert dump(loaded.script) == written
    yaml.safe_load(written)  # other programs can read it too


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "12",
        "null",
        "~",
        "- item",
        "a: b",
        "#x",
        "'",
        '"',
        "|",
        "> x",
        "{{client.name}}",
        "2026-03-12",
        "a\n b",
        "  x".strip(),
        "a\n\n\nb",
        "<<",
        "=",
        "!tag",
        "&x",
        "*x",
        "%y",
        "@z",
        "`",
        "1_000",
        "0x1F",
        "end ",
        "…\u00a0…",
    ],
)
def test_awkward_texts_are_read_back(text: str) -> None:
    text = text.strip()
    script = Script(
        name=text,
        language="ru",
        start="no",
        blocks=(
            Block(
                id="no",
                text=text,
                fields=(Field(id="on", label=text, kind="choice", choices=(text, "off")),),
                answers=(Answer(id="yes", text=text, to="no", needs_fields=False),),
            ),
        ),
    )
    assert load(dump(script)).script == script


@pytest.mark.many
@given(script=scripts(), at=st.integers(0, 5))
def test_a_change_of_one_block_changes_its_lines_only(script: Script, at: int) -> None:
    block = script.blocks[at % len(script.blocks)]
    other = Script(
        **{name: getattr(script, name) for name in script.__struct_fields__ if name != "blocks"},
        blocks=tuple(
            Block(**{**{name: getattr(b, name) for name in b.__struct_fields__}, "stage": "Changed"})
            if b is block
            else b
            for b in script.blocks
        ),
    )
    before, after = dump(script).splitlines(), dump(other).splitlines()
    assert len(set(after) - set(before)) <= 1
    assert abs(len(after) - len(before)) <= 1


@pytest.mark.parametrize(
    ("text", "code", "spot"),
    [
        (HEAD + "blocks:\n  a:\n    txet: Hi\n", "key_unknown_like", Spot(6, 5)),
        (HEAD + "blocks:\n  a:\n    whatever: Hi\n", "key_unknown", Spot(6, 5)),
        (HEAD + "blocks:\n  a: {}\n  a: {}\n", "key_twice", Spot(6, 3)),
        (HEAD + "blocks:\n  a:\n    text: x\n    text: y\n", "key_twice", Spot(7, 5)),
        (HEAD + "blocks: [a]\n", "value_wrong", Spot(4, 9)),
        (HEAD + "blocks:\n  a: word\n", "value_wrong", Spot(5, 6)),
        (HEAD + "blocks:\n  a:\n    text: [x]\n", "value_wrong", Spot(6, 11)),
        (HEAD + "blocks:\n  a:\n    goal: maybe\n", "value_wrong", Spot(6, 11)),
        (HEAD + "blocks:\n  a:\n    end: 1\n", "value_wrong", Spot(6, 10)),
        (HEAD + "blocks:\n  a:\n    answers:\n      b:\n        to: a\n", "key_missing", Spot(8, 9)),
        (HEAD + "blocks:\n  a:\n    answers: {b: {text: x, tone: sad}}\n", "value_wrong", Spot(6, 34)),
        (HEAD + "blocks:\n  a:\n    fields: {b: {label: x, choices: y}}\n", "value_wrong", Spot(6, 37)),
        ("name: S\nlanguage: de\nstart: a\nblocks: {}\n", "value_wrong", Spot(2, 11)),
        ("format: 2\n" + HEAD + "blocks: {}\n", "format_unknown", Spot(1, 9)),
        (HEAD, "key_missing", Spot(1, 1)),
        ("- a\n- b\n", "value_wrong", Spot(1, 1)),
        ("", "yaml_broken", Spot(1, 1)),
        ("a: b: c\n", "yaml_broken", Spot(1, 5)),
        ("a: [b\n", "yaml_broken", Spot(2, 1)),
        ("a: b\n---\nc: d\n", "yaml_broken", Spot(2, 1)),
        ("? [a]\n: b\n", "yaml_broken", Spot(1, 3)),
        ("name: &x S\n", "yaml_alias", Spot(1, 7)),
        ("name: !!python/name:os.system S\n", "yaml_alias", Spot(1, 7)),
        ("a: " + "[" * 5000, "yaml_deep", Spot(1, 15)),
        ("a" * 600_000, "file_too_large", None),
        (HEAD + 'blocks: {a: {text: "x\\0y"}}\n', "text_control", Spot(4, 20)),
    ],
)
def test_a_fault_of_form_has_its_place(text: str, code: str, spot: Spot | None) -> None:
    loaded = load(text)
    assert loaded.script is None
    assert (code, spot) in [(finding.code, finding.spot) for finding in loaded.findings]
    for finding in loaded.findings:
        assert finding.text("ru") and finding.text("en")


def test_all_faults_are_told_at_once() -> None:
    text = HEAD + "blocks:\n  a: {txet: x, goal: maybe, answers: {b: {tone: sad}}}\n"
    assert len(load(text).findings) == 4


@given(text=st.text(st.sampled_from(list("ab:-[]{}&*!|>'\"%@#?,\n \t\x00é\ufeff")), max_size=60) | st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    loaded = load(text)
    assert loaded.script is None
    assert loaded.findings


def test_words_of_yaml_stay_texts_and_line_ends_do_not_matter() -> None:
    text = HEAD + "blocks:\n  a:\n    text: yes\n    stage: 012\n    end: yes\n    goal: no\n"
    script = load(text.replace("\n", "\r\n")).script
    assert script is not None
    assert (script.blocks[0].text, script.blocks[0].stage) == ("yes", "012")
    assert (script.blocks[0].end, script.blocks[0].goal) == ("end", False)
