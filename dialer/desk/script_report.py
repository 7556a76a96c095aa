"""The statistics of a script as the console shows them, read from the sums that are kept (scripts/counting.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Table, and_, func, select

from dialer.auth.tables import users
from dialer.campaigns.tables import campaigns
from dialer.scripts.model import Script, stages
from dialer.scripts.statistics import Interval, funnel, median_ms, wilson
from dialer.scripts.tables import arrow_counts, end_counts, run_counts, script_versions, scripts, time_counts


class Period(Struct, frozen=True, kw_only=True):
    """Days of the office's own time zone, both included, as YYYY-MM-DD; "" = without a bound."""

    since: str = ""
    until: str = ""


class ShareRow(Struct, frozen=True, kw_only=True):
    """Runs and goals of one part: `key` is a day, an hour, an id; the interval holds 95 % (Wilson)."""

    key: str
    title: str
    runs: int
    goals: int
    interval: Interval


class VersionRow(ShareRow, frozen=True, kw_only=True):
    number: int
    published_at: datetime


class StageRow(Struct, frozen=True, kw_only=True):
    """How many runs came so far; "" = all of them."""

    stage: str
    runs: int


class EndRow(Struct, frozen=True, kw_only=True):
    """How many runs ended at a block: `ending` goal_met, refused, completed, failed, and why."""

    block: str
    ending: str
    reason: str
    runs: int


class BlockFigures(Struct, frozen=True, kw_only=True):
    """`shown`: how often; `broke_off`: how many runs failed there; `none`: "no suitable answer" was pressed."""

    id: str
    title: str
    stage: str
    shown: int
    broke_off: int
    none: int
    mean_s: float | None
    median_s: float | None


class ArrowFigures(Struct, frozen=True, kw_only=True):
    """`kind` answer, none, jump, return, go. `lost`: how many were their run's last, and the goal was not met."""

    block: str
    kind: str
    answer: str
    text: str
    to: str
    taken: int
    lost: int


class ScriptStatistics(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    version: int | None  # of which one only; none = of all
    period: Period
    zone: str
    total: ShareRow
    versions: list[VersionRow]
    days: list[ShareRow]
    hours: list[ShareRow]
    operators: list[ShareRow]
    campaigns: list[ShareRow]
    funnel: list[StageRow]
    blocks: list[BlockFigures]
    arrows: list[ArrowFigures]
    ends: list[EndRow]


class ScriptStatisticsList(Struct, frozen=True, kw_only=True):
    items: list[ShareRow]


def share_row(key: str, title: str, runs: int, goals: int) -> ShareRow:
    return ShareRow(key=key, title=title, runs=runs, goals=goals, interval=wilson(goals, runs))


def list_scripts(conn: Connection, period: Period, closed: Collection[int] = ()) -> list[ShareRow]:
    """Every script with its runs and goals, but for those that are `closed` to the reader."""
    counted = dict(
        _two(
            conn.execute(
                select(script_versions.c.script_id, func.sum(run_counts.c.runs), func.sum(run_counts.c.goals))
                .join(script_versions, script_versions.c.id == run_counts.c.version_id)
                .where(run_counts.c.part == "hour", *_days(run_counts, period))
                .group_by(script_versions.c.script_id)
            )
        )
    )
    named = conn.execute(select(scripts.c.id, scripts.c.name).order_by(scripts.c.name)).all()
    return [
        share_row(str(row.id), row.name, *counted.get(row.id, (0, 0)))
        for row in named
        if row.id not in closed
    ]


def load_statistics(
    conn: Connection, script_id: int, *, version: int | None, period: Period, zone: str
) -> ScriptStatistics | None:
    """None for a script, or a version of it, that there is not."""
    name = conn.execute(select(scripts.c.name).where(scripts.c.id == script_id)).scalar()
    published = conn.execute(
        select(script_versions.c.id, script_versions.c.number, script_versions.c.published_at)
        .where(script_versions.c.script_id == script_id)
        .order_by(script_versions.c.number.desc())
    ).all()
    ids = [row.id for row in published]
    if name is None or not ids or (version is not None and version not in ids):
        return None
    body: Script = conn.execute(
        select(script_versions.c.body).where(script_versions.c.id == (version or ids[0]))
    ).scalar_one()
    by_version = _versions(conn, ids, period)
    chosen = [version] if version is not None else ids
    parts = _parts(conn, chosen, period)
    furthest, ends = parts["stage"], _ends(conn, chosen, period)
    return ScriptStatistics(
        id=script_id,
        name=name,
        version=version,
        period=period,
        zone=zone,
        total=share_row("", "", *_sum(furthest.values())),
        versions=[_version(row, *by_version.get(row.id, (0, 0))) for row in published],
        days=[share_row(day, day, *found) for day, found in sorted(_by_day(conn, chosen, period).items())],
        hours=[share_row(hour, f"{hour}:00", *found) for hour, found in sorted(parts["hour"].items())],
        operators=_named(parts["operator"], _names(conn, users)),
        campaigns=_named(parts["campaign"], _names(conn, campaigns)),
        funnel=[StageRow(stage=stage, runs=runs) for stage, runs in funnel(stages(body), furthest)],
        blocks=_blocks(conn, body, chosen, period, ends),
        arrows=_arrows(conn, body, chosen, period),
        ends=ends,
    )


def _version(row: Any, runs: int, goals: int) -> VersionRow:
    return VersionRow(
        key=str(row.id),
        title=str(row.number),
        number=row.number,
        published_at=row.published_at,
        runs=runs,
        goals=goals,
        interval=wilson(goals, runs),
    )


# --- sums, read -----------------------------------------------------------------------------------------------


def _two(rows: Iterable[Any]) -> Iterable[tuple[Any, tuple[int, int]]]:
    return ((key, (int(one), int(other))) for key, one, other in rows)


def _sum(amounts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    listed = list(amounts)
    return sum(runs for runs, _ in listed), sum(goals for _, goals in listed)


def _days(table: Table, period: Period) -> list[ColumnElement[bool]]:
    bounds = [table.c.day >= period.since] if period.since else []
    return [*bounds, table.c.day <= period.until] if period.until else bounds


def _within(table: Table, versions: list[int], period: Period) -> ColumnElement[bool]:
    return and_(table.c.version_id.in_(versions), *_days(table, period))


def _versions(conn: Connection, versions: list[int], period: Period) -> dict[int, tuple[int, int]]:
    return dict(
        _two(
            conn.execute(
                select(run_counts.c.version_id, func.sum(run_counts.c.runs), func.sum(run_counts.c.goals))
                .where(_within(run_counts, versions, period), run_counts.c.part == "hour")
                .group_by(run_counts.c.version_id)
            )
        )
    )


def _by_day(conn: Connection, versions: list[int], period: Period) -> dict[str, tuple[int, int]]:
    return dict(
        _two(
            conn.execute(
                select(run_counts.c.day, func.sum(run_counts.c.runs), func.sum(run_counts.c.goals))
                .where(_within(run_counts, versions, period), run_counts.c.part == "hour")
                .group_by(run_counts.c.day)
            )
        )
    )


def _parts(conn: Connection, versions: list[int], period: Period) -> dict[str, dict[str, tuple[int, int]]]:
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for part, key, runs, goals in conn.execute(
        select(run_counts.c.part, run_counts.c.key, func.sum(run_counts.c.runs), func.sum(run_counts.c.goals))
        .where(_within(run_counts, versions, period))
        .group_by(run_counts.c.part, run_counts.c.key)
    ):
        found[part][key] = (int(runs), int(goals))
    return found


def _names(conn: Connection, table: Table) -> dict[str, str]:
    return {str(row.id): row.name for row in conn.execute(select(table.c.id, table.c.name))}


def _named(counted: Mapping[str, tuple[int, int]], names: Mapping[str, str]) -> list[ShareRow]:
    rows = [share_row(key, names.get(key, ""), *found) for key, found in counted.items()]
    return sorted(rows, key=lambda row: (-row.runs, row.title))


def _ends(conn: Connection, versions: list[int], period: Period) -> list[EndRow]:
    columns = (end_counts.c.block, end_counts.c.ending, end_counts.c.reason)
    return [
        EndRow(block=block, ending=ending, reason=reason, runs=int(runs))
        for block, ending, reason, runs in conn.execute(
            select(*columns, func.sum(end_counts.c.runs))
            .where(_within(end_counts, versions, period))
            .group_by(*columns)
            .order_by(func.sum(end_counts.c.runs).desc(), *columns)
        )
    ]


def _blocks(
    conn: Connection, script: Script, versions: list[int], period: Period, ends: list[EndRow]
) -> list[BlockFigures]:
    """The version's blocks in its order, then those that only earlier versions had."""
    classes: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for block, bucket, count, ms in conn.execute(
        select(
            time_counts.c.block,
            time_counts.c.bucket,
            func.sum(time_counts.c.steps),
            func.sum(time_counts.c.ms),
        )
        .where(_within(time_counts, versions, period))
        .group_by(time_counts.c.block, time_counts.c.bucket)
    ):
        classes[block][bucket] = (int(count), int(ms))
    none: dict[str, int] = {
        block: int(taken)
        for block, taken in conn.execute(
            select(arrow_counts.c.block, func.sum(arrow_counts.c.taken))
            .where(_within(arrow_counts, versions, period), arrow_counts.c.kind == "none")
            .group_by(arrow_counts.c.block)
        )
    }
    known = {block.id: block for block in script.blocks}
    gone = sorted(({*classes, *none} | {end.block for end in ends}) - known.keys())
    figures = []
    for block_id in [*known, *gone]:
        block = known.get(block_id)
        left = _sum(classes[block_id].values())
        here = [end for end in ends if end.block == block_id]
        median = median_ms(classes[block_id])
        figures.append(
            BlockFigures(
                id=block_id,
                title=(block.title if block else "") or block_id,
                stage=block.stage if block else "",
                shown=left[0] + sum(end.runs for end in here),
                broke_off=sum(end.runs for end in here if end.ending == "failed"),
                none=none.get(block_id, 0),
                mean_s=round(left[1] / left[0] / 1_000, 1) if left[0] else None,
                median_s=round(median / 1_000, 1) if median is not None else None,
            )
        )
    return figures


def _arrows(conn: Connection, script: Script, versions: list[int], period: Period) -> list[ArrowFigures]:
    words = {(block.id, answer.id): answer.text for block in script.blocks for answer in block.answers}
    jumps = {jump.id: jump.text for jump in script.jumps}
    columns = (arrow_counts.c.block, arrow_counts.c.kind, arrow_counts.c.answer, arrow_counts.c.next_block)
    return [
        ArrowFigures(
            block=block,
            kind=kind,
            answer=answer,
            text=jumps.get(answer, "") if kind == "jump" else words.get((block, answer), ""),
            to=to,
            taken=int(taken),
            lost=int(lost),
        )
        for block, kind, answer, to, taken, lost in conn.execute(
            select(*columns, func.sum(arrow_counts.c.taken), func.sum(arrow_counts.c.lost))
            .where(_within(arrow_counts, versions, period))
            .group_by(*columns)
            .order_by(func.sum(arrow_counts.c.taken).desc(), *columns)
        )
    ]


# --- an operator's own ------------------------------------------------------------------------------------------


class OwnFigures(Struct, frozen=True, kw_only=True):
    """An operator's runs and goals beside those of all."""

    since: str
    own: ShareRow
    team: ShareRow


def load_own(conn: Connection, operator_id: int, since: str) -> OwnFigures:
    mine = run_counts.c.key == str(operator_id)

    def counted(*further: ColumnElement[bool]) -> tuple[int, int]:
        row = conn.execute(
            select(
                func.coalesce(func.sum(run_counts.c.runs), 0), func.coalesce(func.sum(run_counts.c.goals), 0)
            ).where(run_counts.c.part == "operator", run_counts.c.day >= since, *further)
        ).one()
        return int(row[0]), int(row[1])

    return OwnFigures(
        since=since, own=share_row("own", "", *counted(mine)), team=share_row("team", "", *counted())
    )
