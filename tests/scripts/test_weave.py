"""Sub-scripts: what is gone through stands in the version that is published, and nobody gets lost in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.scripts import service
from dialer.scripts.check import check
from dialer.scripts.command import check_files, export, import_files
from dialer.scripts.engine import finish, move, start
from dialer.scripts.findings import has_errors
from dialer.scripts.model import Answer, Block, Field, Jump, Script, Way
from dialer.scripts.run import Ended, Give, JumpTo, Moved, Return
from dialer.scripts.show import view
from dialer.scripts.weave import CannotWeave, weave
from dialer.scripts.yaml_dump import dump
from dialer.store.engine import Store
from tests.fresh_store import fresh_store
from tests.scripts.strategies import CONDITIONS, fitted, moves, scripts

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


ADDRESS = Script(
    name="Address",
    language="en",
    start="street",
    jumps=(Jump(id="map", text="How do you find us?", to="how"),),
    blocks=(
        Block(
            id="street",
            text="Which street?",
            fields=(Field(id="street", label="Street", required=True),),
            answers=(Answer(id="said", text="Said"), Answer(id="wont", text="Will not say", to="stop")),
            ways=(Way(when="field.street == 'Lenina'", to="known"),),
            next="floor",
        ),
        Block(id="floor", text="Which floor?", answers=(Answer(id="so", text="So", to="known"),)),
        Block(id="known", text="Thank you.", end="end", goal=True),
        Block(id="stop", text="A pity.", end="refused"),
        Block(id="how", text="By the map.", next="return"),
    ),
)
ORDER = Script(
    name="Order",
    language="en",
    start="hello",
    blocks=(
        Block(
            id="hello", text="Water?", stage="Contact", answers=(Answer(id="yes", text="Yes", to="address"),)
        ),
        Block(
            id="address",
            stage="Address",
            sub="Address",
            ways=(Way(when="field.street == 'Lenina'", to="near"),),
            next="done",
        ),
        Block(id="near", text="Just around the corner.", goal=True, end="end"),
        Block(id="done", text="We come to {{field.street}}.", goal=True, end="end"),
    ),
)
LIBRARY = {"Address": ADDRESS, "Order": ORDER}.get


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fresh_store(tmp_path / "store.db")
    yield opened
    await opened.close()


def woven_run(*made: Give | JumpTo | Return) -> tuple[Script, list[str], Ended]:
    whole = weave(ORDER, LIBRARY)
    state = start(whole, NOW)
    passed = [state.at.block]
    for one in made:
        moved = move(whole, state, state.step, one, NOW)
        assert isinstance(moved, Moved), moved
        state = moved.state
        passed.append(state.at.block)
    done = finish(whole, state, NOW)
    assert isinstance(done, Moved), done
    assert done.state.ended is not None
    return whole, passed, done.state.ended.kind


def test_one_passes_through_another_script_and_comes_back() -> None:
    _, passed, ended = woven_run(
        Give(answer="yes"),
        JumpTo(jump="address.map"),
        Return(),
        Give(answer="said", fields={"street": "Mira"}),
        Give(answer="so"),
        Give(answer="next"),
    )
    assert passed == [
        "hello",
        "address.street",
        "address.how",
        "address.street",
        "address.floor",
        "address.known",
        "done",
    ]
    assert ended is Ended.GOAL_MET


def test_the_outer_blocks_conditions_are_asked_when_the_inner_script_has_ended() -> None:
    _, passed, _ = woven_run(
        Give(answer="yes"), Give(answer="said", fields={"street": "Lenina"}), Give(answer="next")
    )
    assert passed[-1] == "near"


def test_the_inner_scripts_goal_is_not_the_outer_ones_and_a_refusal_is_a_refusal() -> None:
    _, passed, ended = woven_run(Give(answer="yes"), Give(answer="wont", fields={"street": "x"}))
    assert (passed[-1], ended) == ("address.stop", Ended.REFUSED)


def test_texts_may_say_what_the_inner_script_asked() -> None:
    assert not has_errors(check(ADDRESS, None, LIBRARY))
    assert [finding.code for finding in check(ORDER, None, LIBRARY)] == []
    assert not has_errors(check(ORDER))  # nobody can tell, without the other one at hand


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (Block(id="address", sub="Nobody", next="done"), "sub_unknown"),
        (Block(id="address", sub="Order", next="done"), "sub_endless"),
        (Block(id="address", sub="Address", text="Hm", next="done"), "sub_says"),
        (Block(id="address", sub="Address"), "sub_without_next"),
    ],
)
def test_what_cannot_be_woven_is_found(block: Block, code: str) -> None:
    blocks = tuple(block if each.id == "address" else each for each in ORDER.blocks)
    script = msgspec.structs.replace(ORDER, blocks=blocks)
    assert code in [
        finding.code for finding in check(script, None, {"Address": ADDRESS, "Order": script}.get)
    ]


def test_one_field_of_two_kinds_is_found() -> None:
    blocks = (
        Block(
            id="hello",
            text="Which?",
            fields=(Field(id="street", label="Street", kind="number"),),
            answers=(Answer(id="yes", text="Yes", to="address"),),
        ),
        *ORDER.blocks[1:],
    )
    script = msgspec.structs.replace(ORDER, blocks=blocks)
    assert "sub_field" in [finding.code for finding in check(script, None, LIBRARY)]


def test_scripts_that_lead_into_each_other_are_refused() -> None:
    one = Script(
        name="One",
        language="en",
        start="a",
        blocks=(Block(id="a", sub="Two", next="b"), Block(id="b", text="B", end="end")),
    )
    two = msgspec.structs.replace(one, name="Two", blocks=(Block(id="a", sub="One", next="b"), one.blocks[1]))
    with pytest.raises(CannotWeave):
        weave(one, {"One": one, "Two": two}.get)


@pytest.mark.many
@given(scripts(), scripts(), st.lists(moves, max_size=25), CONDITIONS)
def test_whatever_is_woven_always_has_a_way_on(
    inner: Script, outer: Script, made: list[object], condition: str
) -> None:
    inner = msgspec.structs.replace(inner, name="inner")
    first = outer.blocks[0].id
    ways = (Way(when=condition, to=first),)
    outer = msgspec.structs.replace(
        outer,
        name="outer",
        start="begin",
        blocks=(Block(id="begin", sub="inner", ways=ways, next=first), *outer.blocks),
    )
    whole = weave(outer, {"inner": inner}.get)
    state = start(whole, NOW)
    for one in made:
        shown = view(whole, state).block
        assert shown.end or shown.answers, shown
        moved = move(whole, state, state.step, fitted(one, shown), NOW)  # type: ignore[arg-type]
        if isinstance(moved, Moved):
            state = msgspec.json.decode(msgspec.json.encode(moved.state), type=type(state))
        assert whole.block(state.at.block) is not None


async def test_scripts_are_published_together_and_come_out_as_they_were_written(
    store: Store, tmp_path: Path
) -> None:
    files = [tmp_path / "order.yaml", tmp_path / "address.yaml"]
    for path, script in zip(files, (ORDER, ADDRESS), strict=True):
        path.write_text(dump(script), encoding="utf-8")
    assert not any(has_errors(found) for found in check_files(files).values())
    alone = await import_files(store, files[:1], NOW)
    assert [finding.code for finding in alone[files[0]]] == ["sub_unknown"]
    assert await export(store, "Order") is None
    await import_files(store, files, NOW)
    assert await export(store, "Order") == dump(ORDER)
    version = await store.read(lambda conn: service.load_version(conn, 2))
    assert version.script == weave(ORDER, LIBRARY)


async def test_who_changes_an_inner_script_changes_no_version_that_runs(store: Store) -> None:
    async def newest(script: Script) -> service.Version | None:
        script_id = await store.write(lambda conn: service.publish(conn, script, NOW))
        return await store.read(lambda conn: service.latest(conn, script_id))

    await newest(ADDRESS)
    before = await newest(ORDER)
    await newest(msgspec.structs.replace(ADDRESS, about="changed", start="floor"))
    assert before is not None
    again = await store.read(lambda conn: service.load_version(conn, before.id))
    assert again == before
    after = await newest(ORDER)  # published anew it takes the new one
    assert after is not None and (after.number, before.number) == (2, 1)
