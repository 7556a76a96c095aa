"""The library: nothing is wrong with any of its scripts, each leads to its goal, and both languages say the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dialer.campaigns.dispositions import INBOUND, OUTBOUND
from dialer.scripts.check import check
from dialer.scripts.engine import finish, move, start
from dialer.scripts.model import Field, Script, arrows
from dialer.scripts.placeholders import Context
from dialer.scripts.run import Ended, Give, Moved, RunState
from dialer.scripts.show import view
from dialer.scripts.standing import current, offered
from dialer.scripts.starters import NAMES, Starter, starters, text
from dialer.scripts.yaml_dump import dump
from dialer.scripts.yaml_form import load
from tests.scripts.strategies import GOOD

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SOMEBODY = Context(client_name="Anna Smith", client_first_name="Anna", operator_name="Olga")
KNOWN = {disposition.id for disposition in (*OUTBOUND, *INBOUND)}
ALL = [pytest.param(one, id=f"{one.language}-{one.id}") for one in starters()]


@pytest.mark.parametrize("one", ALL)
def test_nothing_is_wrong_with_it(one: Starter) -> None:
    loaded = load(text(one.id, one.language) or "")
    assert [finding.text("en") for finding in (*loaded.findings, *check(one.script, KNOWN))] == []
    assert load(dump(one.script)).script == one.script
    assert one.script.about and one.script.jumps and any(block.hint for block in one.script.blocks)
    assert any(block.ways for block in one.script.blocks) and len(one.script.blocks) >= 8


def fillings(fields: tuple[Field, ...]) -> Iterator[dict[str, Any]]:
    """Each choice of each field, the others as they come first."""
    first = {field.id: field.choices[0] if field.choices else GOOD[field.kind][0] for field in fields}
    first |= {field.id: [field.choices[0]] for field in fields if field.kind == "choices"}
    yield first
    for field in fields:
        others: list[Any] = [*field.choices] if field.kind == "choice" else []
        others += {"yes_no": [False], "number": ["1", "7", "9"]}.get(field.kind, [])
        for value in others:
            yield first | {field.id: value}


def seen(script: Script) -> tuple[dict[str, RunState], set[Ended]]:
    """Every block that a talk can come to, and how it can end; with every answer, and no jump."""
    begun = start(script, NOW, SOMEBODY)
    found, ends, left = {begun.at.block: begun}, set(), [begun]
    while left:
        state = left.pop()
        block = current(script, state)
        later = NOW + timedelta(hours=state.step)
        done = finish(script, state, later, SOMEBODY)
        if block.end and isinstance(done, Moved) and done.state.ended is not None:
            ends.add(done.state.ended.kind)
        for answer in offered(script, block):
            for fields in fillings((*script.common, *block.fields)):
                made = Give(answer=answer.id, fields=fields)
                moved = move(script, state, state.step, made, later, SOMEBODY)
                assert isinstance(moved, Moved), (block.id, answer.id, moved)
                if moved.state.at.block not in found:
                    found[moved.state.at.block] = moved.state
                    left.append(moved.state)
    return found, ends


@pytest.mark.parametrize("one", ALL)
def test_it_leads_to_its_goal_and_every_block_is_said(one: Starter) -> None:
    found, ends = seen(one.script)
    aside = {jump.to for jump in one.script.jumps}
    assert {block.id for block in one.script.blocks} - aside <= set(found)
    goal = next(block.id for block in one.script.blocks if block.goal)
    assert found[goal].at.goal and found[goal].at.suggested
    assert Ended.REFUSED in ends
    for state in found.values():
        shown = view(one.script, state, SOMEBODY).block
        assert shown.text and "{{" not in shown.text
        assert len(shown.answers) <= 9


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_shape(name: str) -> None:
    russian, english = [one.script for one in starters() if one.id == name]

    def shape(script: Script) -> list[Any]:
        return [
            (
                block.id,
                [(arrow.by, arrow.to) for arrow in arrows(block)],
                [field.id for field in block.fields],
            )
            for block in script.blocks
        ]

    assert shape(russian) == shape(english)
    assert (russian.mode, russian.haste, len(russian.tasks)) == (
        english.mode,
        english.haste,
        len(english.tasks),
    )
    words = "".join(block.text + block.hint + block.title for block in english.blocks)
    assert not any("а" <= sign.lower() <= "я" for sign in words)


def test_what_is_no_name_of_one_opens_no_file() -> None:
    assert text("../../../etc/passwd", "en") is None
