"""Trials in the store: which version a run gets, what a trial reports, how it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, insert, update

from dialer.auth.tables import users
from dialer.scripts import service, trials
from dialer.scripts.command import read_script
from dialer.scripts.run import Place, RunState
from dialer.scripts.tables import runs
from dialer.scripts.trials import Refused
from dialer.store.engine import Store
from tests.fresh_store import fresh_store

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SCRIPT, _ = read_script(Path("dialer/simulation/scripts/water_reorder_ru.yaml"))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """With a script of two versions and somebody to start trials."""
    store = await fresh_store(tmp_path / "store.db")

    def make(conn: Connection) -> None:
        assert SCRIPT is not None
        nobody = {
            "password_hash": "-",
            "language": "en",
            "theme": "system",
            "phone_kind": "sip",
            "endpoint": "",
        }
        who = {"id": 1, "login": "head", "name": "Head", "role": "supervisor", "created_at": NOW}
        conn.execute(insert(users).values(**nobody, **who, single_keys=True, active=True))
        service.publish(conn, SCRIPT, NOW)
        service.publish(conn, msgspec.structs.replace(SCRIPT, about="another"), NOW)

    await store.write(make)
    yield store
    await store.close()


def start(conn: Connection, **changes: object) -> int | Refused:
    given: dict[str, object] = {"shares": {1: 3, 2: 1}, "worth": 0.05} | changes
    return trials.start(conn, 1, **given, by=1, now=NOW)  # type: ignore[arg-type]


def run(conn: Connection, name: str, *, goal: bool) -> int:
    """One run, drawn and ended; gives its version's number."""
    version, trial = service.drawn(conn, 1, name)
    assert version is not None
    conn.execute(
        insert(runs).values(
            id=name,
            kind="rehearsal",  # so that no client is needed
            version_id=version.id,
            operator_id=1,
            trial_id=trial,
            state=RunState(step=1, at=Place(block="x"), since=NOW),
            started_at=NOW,
            ended_at=NOW,
            ending="goal_met" if goal else "refused",
            counted=True,
        )
    )
    return version.number


async def test_a_trial_from_its_start_to_the_winner(store: Store) -> None:
    def whole(conn: Connection) -> None:
        trial = start(conn)
        assert isinstance(trial, int)
        again = {service.drawn(conn, 1, "R1")[0].number for _ in range(3)}  # type: ignore[union-attr]
        assert len(again) == 1, "the same run gets the same version, however often it is asked"
        drawn = [run(conn, f"R{at}", goal=False) for at in range(1, 501)]
        share = Counter(drawn)[1] / len(drawn)
        assert 0.68 < share < 0.82, "three parts of four"
        (row,) = trials.report(conn, 1)
        assert (row.winner, row.pairs[0].word) == (None, "not_yet")
        for at, number in enumerate(drawn, start=1):
            if (number == 2 and at % 2) or at % 10 == 0:
                conn.execute(update(runs).where(runs.c.id == f"R{at}").values(ending="goal_met"))
        (row,) = trials.report(conn, 1)
        assert (row.winner, row.pairs[0].word) == (2, "real")
        assert [arm.runs for arm in row.arms] == [Counter(drawn)[1], Counter(drawn)[2]]
        assert trials.adopt(conn, 1, trial, 1, by=1, now=NOW) == 3, "an older one comes back as a new version"
        (row,) = trials.report(conn, 1)
        assert (row.decided, row.until) == (3, NOW)
        version, drawn_by = service.drawn(conn, 1, "R1")
        assert version is not None and version.script == SCRIPT and drawn_by is None

    await store.write(whole)


async def test_what_is_no_trial_is_refused(store: Store) -> None:
    def tries(conn: Connection) -> None:
        assert start(conn, shares={1: 1}) == Refused(code="trial_versions")
        assert start(conn, shares={1: 1, 7: 1}) == Refused(code="version_unknown")
        assert start(conn, shares={1: 1, 2: 0}) == Refused(code="trial_shares")
        assert start(conn, worth=0.0) == Refused(code="trial_worth")
        trial = start(conn)
        assert isinstance(trial, int)
        assert start(conn) == Refused(code="trial_running")
        assert trials.adopt(conn, 1, trial, 7, by=1, now=NOW) == Refused(code="version_unknown")
        assert trials.stop(conn, 1, trial, by=1, now=NOW) is None
        assert trials.stop(conn, 1, trial, by=1, now=NOW) == Refused(code="trial_over")
        assert isinstance(start(conn), int), "one that is over stands in nobody's way"

    await store.write(tries)
