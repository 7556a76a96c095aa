"""How long one waits for what a year of answers has taught.

A store of a million answers (BENCH_SIZE=full; a fifth of it by default) in runs with their calls and recordings.
Every figure's answer is held against a plain count of the raw rows; the benchmark fails where they differ.

- `search_p99_ms`: a page of answers with their clips, over searches of every kind (one block, "no suitable answer",
  a text, a field, an operator, a day, all of it together, nothing at all, what nobody said). Baseline: the same
  answers found by walking the raw rows.
- `stats_ms`: the statistics of the script, all of its tables. Baseline: runs, goals and arrows counted from the rows.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import Connection, func, select

from bench.figures import figure, percentile, say, size
from bench.learned import Learned, fill
from dialer.desk.answers import PAGE, AnswerList, Sought, day_begins, day_ends, list_answers
from dialer.desk.script_report import Period, ScriptStatistics, load_statistics
from dialer.scripts.sayings import plain
from dialer.scripts.tables import runs, steps
from dialer.store.engine import Store
from dialer.store.schema import to_micros

SEED = 20261123
SIZES = {"smoke": (1_500, 1), "default": (200_000, 10), "full": (1_000_000, 20)}
DEADLINE_S = 300.0


def searches(made: Learned) -> dict[str, Sought]:
    assert made.script is not None
    block = next(block for block in made.script.blocks if len(block.answers) > 1)
    answer = block.answers[0].id
    script, operator, campaign = made.script_id, made.operators[7], made.campaigns[0]
    day = {"since": day_begins("2026-03-02"), "until": day_ends("2026-03-02")}
    asked = next(
        (field.id for block in made.script.blocks for field in block.fields if field.kind == "number"), ""
    )
    return {
        "all": Sought(),
        "script": Sought(script=script),
        "block": Sought(script=script, block=block.id),
        "answer": Sought(script=script, block=block.id, answer=answer),
        "none": Sought(script=script, block=block.id, kind="none"),
        "operator": Sought(operator=operator),
        "campaign and day": Sought(campaign=campaign, **day),  # type: ignore[arg-type]
        "tender": Sought(text="у нас тендер"),
        "common words": Sought(text=block.answers[0].text[:6]),
        "said once": Sought(text="тендер, поставщика выбирает дирекция, 77"),
        "never said": Sought(text="этого никто не говорил"),
        "never said there": Sought(script=script, block=block.id, operator=operator, text="ничего такого"),
        "field": Sought(script=script, field=asked, value="7"),
        "everything": Sought(
            script=script, block=block.id, kind="none", operator=operator, campaign=campaign, text="тендер"
        ),
        "another operator": Sought(script=script, operator=999_999),
    }


Wanted = Callable[[Any], bool]


def wanted(sought: Sought) -> Wanted:
    """The same question as one asks it of a raw row."""
    words = plain(sought.text)

    def fits(row: Any) -> bool:
        return (
            (row.kind == sought.kind if sought.kind else row.kind in ("answer", "none"))
            and (sought.script is None or row.script_id == sought.script)
            and (not sought.block or row.block == sought.block)
            and (not sought.answer or row.answer == sought.answer)
            and (sought.operator is None or row.operator_id == sought.operator)
            and (sought.campaign is None or row.campaign_id == sought.campaign)
            and (sought.since is None or row.answered_at >= sought.since)
            and (sought.until is None or row.answered_at < sought.until)
            and (not words or words in plain(row.note or row.answer_text))
            and (
                not sought.field
                or any(f["id"] == sought.field and f["value"].startswith(sought.value) for f in row.fields)
            )
        )

    return fits


_RAW = (
    steps.c.run_id, steps.c.seq, steps.c.kind, steps.c.block, steps.c.answer, steps.c.answer_text, steps.c.note,
    steps.c.fields, steps.c.answered_at, steps.c.script_id, steps.c.operator_id, steps.c.campaign_id,
)  # fmt: skip


def by_hand(conn: Connection, asked: dict[str, Sought]) -> dict[str, tuple[list[str], int]]:
    """Of each question the newest page and how many there are, by walking all rows once."""
    fits = {name: wanted(sought) for name, sought in asked.items()}
    found: dict[str, list[tuple[int, str, int]]] = {name: [] for name in asked}
    for row in conn.execute(select(*_RAW)):
        for name, fit in fits.items():
            if fit(row):
                found[name].append((to_micros(row.answered_at), row.run_id, row.seq))
    newest = {name: sorted(keys, reverse=True)[:PAGE] for name, keys in found.items()}
    return {
        name: ([f"{run_id}.{seq}" for _, run_id, seq in newest[name]], len(found[name])) for name in asked
    }


def page(sought: Sought, cursor: str = "") -> Callable[[Connection], AnswerList]:
    return lambda conn: list_answers(
        conn, sought, cursor=cursor, link=lambda call, number: f"/{call}/{number}"
    )


async def search(store: Store, made: Learned, rounds: int) -> None:
    asked = searches(made)
    begun = time.perf_counter()
    expected = await store.read(lambda conn: by_hand(conn, asked), deadline_s=DEADLINE_S)
    walked_ms = (time.perf_counter() - begun) * 1_000 / len(asked)
    waits: list[float] = []
    for name, sought in asked.items():
        took = []
        for _ in range(rounds):
            begun = time.perf_counter()
            got = await store.read(page(sought))
            took.append(time.perf_counter() - begun)
        newest, count = expected[name]
        if [row.id for row in got.items] != newest or (got.next is not None) != (count > PAGE):
            raise SystemExit(f"{name}: the search and the rows differ")
        if not all(row.audio for row in got.items):
            raise SystemExit(f"{name}: an answer without its clip")
        waits += took
        say(f"{name}: {count} answers, {max(took) * 1000:.1f} ms at most")
    figure(
        "answers", "search_p99_ms", percentile(waits, 0.99) * 1_000, "ms", baseline=walked_ms, n=len(waits)
    )


def counted_by_hand(
    conn: Connection,
) -> tuple[dict[int, tuple[int, int]], Counter[tuple[str, str, str, str]]]:
    """Runs and goals of each operator, and how often each arrow was taken, from the raw rows."""
    goals = func.count().filter(runs.c.ending == "goal_met")
    operators = conn.execute(
        select(runs.c.operator_id, func.count(), goals).where(runs.c.counted).group_by(runs.c.operator_id)
    )
    shares = {operator: (count, met) for operator, count, met in operators}
    columns = (steps.c.block, steps.c.kind, steps.c.answer, steps.c.next_block)
    arrows = conn.execute(
        select(*columns, func.count())
        .join(runs, runs.c.id == steps.c.run_id)
        .where(runs.c.counted, steps.c.kind != "end")
        .group_by(*columns)
    )
    return shares, Counter({(block, kind, answer, to): n for block, kind, answer, to, n in arrows})


async def statistics(store: Store, made: Learned, rounds: int) -> None:
    begun = time.perf_counter()
    shares, arrows = await store.read(counted_by_hand, deadline_s=DEADLINE_S)
    raw_ms = (time.perf_counter() - begun) * 1_000
    took, got = [], None
    for _ in range(rounds):
        begun = time.perf_counter()
        got = await store.read(
            lambda conn: load_statistics(conn, made.script_id, version=None, period=Period(), zone="UTC")
        )
        took.append(time.perf_counter() - begun)
    assert isinstance(got, ScriptStatistics)
    if {int(row.key): (row.runs, row.goals) for row in got.operators} != shares:
        raise SystemExit("the operators' runs and goals differ from the rows")
    if (
        Counter({(arrow.block, arrow.kind, arrow.answer, arrow.to): arrow.taken for arrow in got.arrows})
        != arrows
    ):
        raise SystemExit("the arrows' counts differ from the rows")
    figure("answers", "stats_ms", max(took) * 1_000, "ms", baseline=raw_ms, n=rounds)


async def main() -> None:
    answers, rounds = SIZES[size()]
    with tempfile.TemporaryDirectory(prefix="callwright-bench-", dir=Path.cwd()) as folder:
        store = await Store.open(f"sqlite:///{folder}/store.db")
        await store.migrate()
        begun = time.perf_counter()
        made = await fill(store, answers, SEED)
        say(f"answers: {made.answers} made in {time.perf_counter() - begun:.0f} s")
        await search(store, made, rounds)
        await statistics(store, made, rounds)
        await asyncio.wait_for(store.close(), DEADLINE_S)


if __name__ == "__main__":
    uvloop.run(main())
