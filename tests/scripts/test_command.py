from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.scripts.command import carry_out, check_files, read_script, rendered
from dialer.scripts.engine import move, start
from dialer.scripts.placeholders import GAP, Context
from dialer.scripts.run import Give, JumpTo, Move, Moved
from dialer.scripts.show import view
from dialer.scripts.yaml_dump import dump
from dialer.scripts.yaml_form import load
from tests.scripts.strategies import GOOD

SHIPPED = sorted((Path(__file__).parents[2] / "dialer" / "simulation" / "scripts").glob("*.yaml"))
RESULTS = {
    "sale", "call_back", "refused_no_time", "refused_uses_another", "refused_no_need", "could_not_talk",
    "not_there", "secretary", "wrong_number", "no_answer", "unavailable", "hung_up", "do_not_call",
    "answering_machine", "inbound_done",
}  # fmt: skip


def test_four_scripts_are_shipped() -> None:
    assert len(SHIPPED) == 4


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_script_has_no_fault_at_all(path: Path) -> None:
    script, findings = read_script(path, RESULTS)
    assert rendered(path, findings, "en") == ""
    assert script is not None
    assert load(dump(script)).script == script


async def test_the_library_is_listed_and_printed() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    listed = await carry_out("library", [], "", "en", now)
    assert listed.out.startswith("cold_call") and listed.out.count("\n") == 6
    printed = await carry_out("library", ["survey"], "", "ru", now)
    assert printed.out.startswith("format: 1\nname: Опрос") and printed.status == 0
    missing = await carry_out("library", ["../secret"], "", "en", now)
    assert (missing.out, missing.status) == ("", 1)


def test_findings_are_written_as_compilers_do(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "\ufeffname: S\nlanguage: ru\nstart: a\nblocks:\n  a:\n    text: '{{x}}'\n    next: b\n",
        encoding="utf-8",
    )
    findings = check_files([path])[path]
    assert rendered(path, findings, "ru").splitlines() == [
        f"{path}:5:3: замечание: Ни один блок не отмечен как цель. [no_goal]",
        f"{path}:6:11: ошибка: Неизвестная подстановка {{{{x}}}}. [placeholder_unknown]",
        f"{path}:7:11: ошибка: Блока «b» нет. [block_unknown]",
    ]
    assert "7:11: error: There is no block “b”." in rendered(path, findings, "en")
    assert read_script(path)[0] is None


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 600_000])
def test_a_file_that_is_no_script(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(content)
    assert [finding.code for finding in check_files([path])[path]] in (
        ["file_unreadable"],
        ["file_too_large"],
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert [finding.code for finding in check_files([path])[path]] == ["file_unreadable"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_script_says_nothing_with_a_gap_in_it(path: Path) -> None:
    """For a client of whom only the name is known, whatever is answered."""
    script, _ = read_script(path)
    assert script is not None
    context = Context(client_name="Anna Berg", operator_name="Olga")
    now = datetime(2026, 3, 12, tzinfo=UTC)
    seen: set[str] = set()
    waiting = [start(script, now)]
    while waiting:
        state = waiting.pop()
        shown = view(script, state, context)
        if shown.block.id in seen:
            continue
        seen.add(shown.block.id)
        assert GAP not in shown.block.text + shown.block.hint
        fields = {field.id: GOOD[field.kind][0] for field in shown.block.fields if not field.choices}
        fields |= {field.id: field.choices[0] for field in shown.block.fields if field.choices}
        moves: list[Move] = [Give(answer=answer.id, fields=fields) for answer in shown.block.answers]
        moves += [JumpTo(jump=jump.id) for jump in shown.jumps]
        for made in moves:
            moved = move(script, state, state.step, made, now, context)
            waiting += [moved.state] if isinstance(moved, Moved) else []
    assert seen == {block.id for block in script.blocks}
