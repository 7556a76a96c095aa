"""Arrows with conditions: taken by what is filled in, refused when they could not be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialer.scripts import yaml_dump
from dialer.scripts.check import check, spotted
from dialer.scripts.engine import move, start
from dialer.scripts.model import Answer, Block, Field, Script, Way
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Give, Moved, NoneFits, RunState
from dialer.scripts.values import Typed
from dialer.scripts.yaml_form import load

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
CONTEXT = Context(client_city="Тверь")

ORDER = Script(
    name="Order",
    language="en",
    start="ask",
    blocks=(
        Block(
            id="ask",
            text="How much, and where to?",
            fields=(
                Field(id="bottles", label="Bottles", kind="number"),
                Field(id="delivery", label="Delivery", kind="choice", choices=("city", "intercity")),
                Field(id="day", label="Day", kind="date"),
            ),
            answers=(Answer(id="so", text="So"), Answer(id="never", text="Never", to="bye")),
            ways=(
                Way(when="field.delivery == 'intercity'", to="intercity"),
                Way(when="field.bottles >= 10 || field.day >= '2026-12-01'", to="route"),
            ),
            next="done",
        ),
        # Says nothing itself: where it leads depends on the city.
        Block(id="route", ways=(Way(when="client.city == 'Тверь'", to="van"),), next="done"),
        Block(id="intercity", text="By rail.", end="end"),
        Block(id="van", text="Our van comes.", end="end"),
        Block(id="done", text="Thank you.", goal=True, end="end"),
        Block(id="bye", text="Goodbye.", end="refused"),
    ),
)


def reached(fields: dict[str, Typed], context: Context = CONTEXT, answer: str = "so") -> str:
    state: RunState = start(ORDER, NOW, context)
    moved = move(ORDER, state, 1, Give(answer=answer, fields=fields), NOW, context)
    assert isinstance(moved, Moved), moved
    assert moved.step is not None and moved.step.to == moved.state.at.block
    return moved.state.at.block


@pytest.mark.parametrize(
    ("fields", "block"),
    [
        ({}, "done"),
        ({"delivery": "city", "bottles": "2"}, "done"),
        ({"delivery": "intercity", "bottles": "20"}, "intercity"),  # the first that holds
        ({"bottles": "10"}, "van"),  # through the block that says nothing
        ({"bottles": "9,5"}, "done"),
        ({"day": "24.12.2026"}, "van"),
        ({"day": "2026-11-30"}, "done"),
    ],
)
def test_the_first_condition_that_holds_shows_the_way(fields: dict[str, Typed], block: str) -> None:
    assert reached(fields) == block


def test_an_answer_with_an_arrow_of_its_own_asks_no_condition() -> None:
    assert reached({"delivery": "intercity"}, answer="never") == "bye"


def test_conditions_know_whom_one_talks_to() -> None:
    assert reached({"bottles": "10"}, Context(client_city="Москва")) == "done"


def test_no_suitable_answer_goes_by_the_conditions_too() -> None:
    fields: dict[str, Typed] = {"delivery": "intercity"}
    moved = move(ORDER, start(ORDER, NOW), 1, NoneFits(note="hm", fields=fields), NOW, CONTEXT)
    assert isinstance(moved, Moved) and moved.state.at.block == "intercity"


def test_a_script_with_conditions_is_sound_and_is_read_back() -> None:
    assert [finding.code for finding in check(ORDER)] == []
    assert load(yaml_dump.dump(ORDER)).script == ORDER


def found(text: str) -> list[tuple[str, int]]:
    loaded = load(text)
    assert loaded.script is not None, loaded.findings
    return [
        (finding.code, finding.spot.line if finding.spot else 0)
        for finding in spotted(check(loaded.script), loaded.spots)
        if finding.level == "error"
    ]


TEXT = """\
format: 1
name: Small
language: en
start: ask
blocks:
  ask:
    text: Where to?
    fields:
      place:
        label: Place
        kind: choice
        choices: [city, village]
    ways:
      - when: field.place == 'village'
        to: done
    next: done
  done:
    text: Thank you.
    goal: true
    end: true
"""


def test_faults_of_conditions_are_found_where_they_stand() -> None:
    assert found(TEXT) == []
    assert found(TEXT.replace("'village'\n", "'vilage'\n")) == [("condition_choice", 14)]
    assert found(TEXT.replace("field.place ==", "field.plaice ==")) == [("condition_name", 14)]
    assert found(TEXT.replace("field.place ==", "field.place >=").replace("'village'\n", "2\n")) == [
        ("condition_types", 14)
    ]
    assert found(TEXT.replace("        to: done\n    next: done", "        to: dome\n    next: done")) == [
        ("block_unknown_like", 15)
    ]
    assert ("ways_without_next", 14) in found(TEXT.replace("    next: done\n", ""))


def test_blocks_without_words_that_may_lead_in_a_circle_are_found() -> None:
    circle = Script(
        name="Circle",
        language="en",
        start="a",
        blocks=(
            Block(id="a", ways=(Way(when="client.city == 'x'", to="b"),), next="end"),
            Block(id="b", next="a"),
            Block(id="end", text="Bye", end="end", goal=True),
        ),
    )
    assert [finding.code for finding in check(circle)] == ["automatic_loop"]
    assert start(circle, NOW, Context(client_city="x")).at.block in ("a", "b")  # and the engine does not hang
