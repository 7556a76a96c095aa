"""Trials of versions against each other (spec S2.4): started, reported, stopped, decided. Units of work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, case, func, insert, select, update

from dialer.auth.tables import users
from dialer.scripts import service
from dialer.scripts.run import Ended
from dialer.scripts.tables import runs, script_trials, script_versions
from dialer.scripts.trial import Arm, Compared, Interval, Share, Word, compare, interval, winner, word

MOST_ARMS: Final = 4
MOST_PARTS: Final = 100


class Refused(Struct, frozen=True, kw_only=True):
    """A no: trial_running, trial_over, trial_versions, trial_shares, trial_worth, version_unknown."""

    code: str


class ArmRow(Struct, frozen=True, kw_only=True):
    """One version in a trial, by its number. Only runs that ended, and that somebody heard, are counted."""

    version: int
    parts: int
    runs: int
    goals: int
    rate: float | None
    interval: Interval


class PairRow(Struct, frozen=True, kw_only=True):
    """Two versions by their numbers; `difference` is the other's rate less the first's."""

    one: int
    other: int
    difference: float
    interval: Interval
    word: Word


class TrialRow(Struct, frozen=True, kw_only=True):
    """`winner`: the version that is better than every other, once that is no chance any more."""

    id: int
    since: datetime
    until: datetime | None
    started_by: str
    worth: float
    arms: list[ArmRow]
    pairs: list[PairRow]
    winner: int | None
    decided: int | None  # the version that was adopted
    newer: bool  # a version was published since, and takes no part


def start(
    conn: Connection, script_id: int, shares: dict[int, int], worth: float, *, by: int, now: datetime
) -> int | Refused:
    """Try versions (number → parts) against each other from now on. Gives the trial's id."""
    if not 2 <= len(shares) <= MOST_ARMS:
        return Refused(code="trial_versions")
    if any(not 1 <= parts <= MOST_PARTS for parts in shares.values()):
        return Refused(code="trial_shares")
    if not 0.0 < worth <= 0.5:
        return Refused(code="trial_worth")
    if running(conn, script_id) is not None:
        return Refused(code="trial_running")
    ids = {number: version for version, number in _numbers(conn, script_id).items()}
    if not set(shares) <= set(ids):
        return Refused(code="version_unknown")
    made = insert(script_trials).values(
        script_id=script_id,
        shares=tuple(Share(version=ids[number], parts=parts) for number, parts in sorted(shares.items())),
        worth=worth,
        since=now,
        started_by=by,
    )
    return int(conn.execute(made.returning(script_trials.c.id)).scalar_one())


def stop(conn: Connection, script_id: int, trial_id: int, *, by: int, now: datetime) -> Refused | None:
    """End a trial without a decision: the latest version runs again."""
    if running(conn, script_id) != trial_id:
        return Refused(code="trial_over")
    conn.execute(update(script_trials).where(script_trials.c.id == trial_id).values(until=now, ended_by=by))
    return None


def adopt(
    conn: Connection, script_id: int, trial_id: int, number: int, *, by: int, now: datetime
) -> int | Refused:
    """End a trial by taking one of its versions, which becomes the latest. Gives the number that runs now."""
    row = conn.execute(
        select(script_trials).where(script_trials.c.id == trial_id, script_trials.c.script_id == script_id)
    ).first()
    if row is None or row.decided is not None:
        return Refused(code="trial_over")
    chosen = next((v for v, n in _numbers(conn, script_id).items() if n == number), None)
    if chosen is None or chosen not in {share.version for share in row.shares}:
        return Refused(code="version_unknown")
    text = service.written(conn, chosen)
    service.add_version(conn, script_id, text, now, by=by, note=f"A/B: {number}")
    newest = service.latest(conn, script_id)
    decided = newest.id if newest is not None else chosen
    ended = {"until": row.until or now, "ended_by": row.ended_by or by, "decided": decided}
    conn.execute(update(script_trials).where(script_trials.c.id == trial_id).values(**ended))
    return newest.number if newest is not None else number


def report(conn: Connection, script_id: int) -> list[TrialRow]:
    """Every trial of a script, the latest first, as it stands now."""
    rows = conn.execute(
        select(script_trials, users.c.name.label("who"))
        .join(users, users.c.id == script_trials.c.started_by)
        .where(script_trials.c.script_id == script_id)
        .order_by(script_trials.c.id.desc())
    )
    numbers = _numbers(conn, script_id)
    return [_row(conn, row, numbers) for row in rows]


def _row(conn: Connection, row: Row[Any], numbers: dict[int, int]) -> TrialRow:
    arms = _arms(conn, row.id, row.shares)
    best = winner(arms)
    newest = max(numbers.values(), default=0)
    return TrialRow(
        id=row.id,
        since=row.since,
        until=row.until,
        started_by=row.who,
        worth=row.worth,
        arms=[
            ArmRow(
                version=numbers[arm.version],
                parts=share.parts,
                runs=arm.runs,
                goals=arm.goals,
                rate=arm.rate,
                interval=interval(arm),
            )
            for arm, share in zip(arms, row.shares, strict=True)
        ],
        pairs=[_pair(pair, numbers, row.worth) for pair in compare(arms)],
        winner=numbers[best] if best is not None else None,
        decided=numbers.get(row.decided),
        newer=row.until is None and newest > max(numbers[share.version] for share in row.shares),
    )


def _pair(pair: Compared, numbers: dict[int, int], worth: float) -> PairRow:
    return PairRow(
        one=numbers[pair.one],
        other=numbers[pair.other],
        difference=pair.difference,
        interval=pair.interval,
        word=word(pair, worth),
    )


def _arms(conn: Connection, trial_id: int, shares: Sequence[Share]) -> list[Arm]:
    met = func.coalesce(func.sum(case((runs.c.ending == Ended.GOAL_MET.value, 1), else_=0)), 0)
    counted = conn.execute(
        select(runs.c.version_id, func.count(), met)
        .where(runs.c.trial_id == trial_id, runs.c.counted)
        .group_by(runs.c.version_id)
    )
    by_version = {version: (total, int(goals)) for version, total, goals in counted}
    return [
        Arm(
            version=share.version,
            runs=by_version.get(share.version, (0, 0))[0],
            goals=by_version.get(share.version, (0, 0))[1],
        )
        for share in shares
    ]


def running(conn: Connection, script_id: int) -> int | None:
    """The trial of a script that is under way, if any."""
    found = conn.execute(
        select(script_trials.c.id).where(
            script_trials.c.script_id == script_id, script_trials.c.until.is_(None)
        )
    ).scalar()
    return int(found) if found is not None else None


def _numbers(conn: Connection, script_id: int) -> dict[int, int]:
    """Version id → number."""
    rows = conn.execute(
        select(script_versions.c.id, script_versions.c.number).where(script_versions.c.script_id == script_id)
    )
    return {row.id: row.number for row in rows}
