"""A store full of runs that ended, each with its call and its recording, made in bulk: no engine, no desk."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, insert

from bench.office import LINE, add_campaign, add_clients, add_operators
from dialer.scripts import counting, service
from dialer.scripts.model import Script
from dialer.scripts.run import Ended, KeptField, Place, RunEnd, RunState, Step
from dialer.scripts.sayings import keep
from dialer.scripts.tables import runs, steps
from dialer.store.engine import Store
from dialer.telephony.identity import ulid
from dialer.telephony.tables import calls, recordings, segments

BEGAN = datetime(2025, 11, 22, 6, tzinfo=UTC)
DAYS, OPERATORS, CLIENTS = 250, 100, 5_000
NONE_FITS = 0.05
RUN_OF = 6  # answers in a run, about
NOTES = (
    "У нас тендер, поставщика выбирает дирекция",
    "договор с другими до марта",
    "перезвонить, когда вернётся из отпуска",
    "просит прислать прайс на почту",
    "говорит, что вода была с привкусом",
)
_BATCH = 4_000  # runs of one transaction
_PATIENCE_S = 600.0


@dataclass
class Learned:
    """What was made: for the questions that are asked of it."""

    script_id: int = 0
    script: Script | None = None
    operators: list[int] = field(default_factory=list)
    campaigns: list[int] = field(default_factory=list)
    answers: int = 0


async def fill(store: Store, answers: int, seed: int) -> Learned:
    """About so many answers in about a sixth as many runs, spread over a year of working days."""
    rng = random.Random(seed)
    made = Learned()
    made.campaigns = [await add_campaign(store, BEGAN), await add_campaign(store, BEGAN, inbound=True)]
    made.operators = [user.id for user in await add_operators(store, OPERATORS, BEGAN)]
    await add_clients(store, CLIENTS, made.campaigns[0], BEGAN)
    version = await store.read(lambda conn: service.latest(conn, 1))
    assert version is not None
    made.script_id, made.script = version.script_id, version.script
    number = 0
    while made.answers < answers:
        count = min(_BATCH, max(1, (answers - made.answers) // RUN_OF))

        def add(conn: Connection, first: int = number, count: int = count) -> int:
            return _add(conn, version, made, rng, range(first, first + count), DAYS * RUN_OF / answers)

        made.answers += await store.write(add, deadline_s=_PATIENCE_S)
        number += count
    await store.write(counting.rebuild, deadline_s=_PATIENCE_S)
    return made


class Rows:
    """Rows of one table for the driver itself: SQLAlchemy's own way costs more than SQLite's work."""

    def __init__(self, conn: Connection, table: Table, *names: str) -> None:
        self.conn, self.rows = conn, list[tuple[Any, ...]]()
        given = insert(table).compile(dialect=conn.dialect, column_keys=list(names))
        self.sql = str(given)
        further = [name for name in given.positiontup or () if name not in names]
        self.further = tuple(table.c[name].default.arg for name in further)  # type: ignore[union-attr]
        self.order = [[*names, *further].index(name) for name in given.positiontup or ()]

    def add(self, *row: Any) -> None:
        whole = (*row, *self.further)
        self.rows.append(tuple(whole[at] for at in self.order))

    def write(self) -> None:
        driver: Any = self.conn.connection.driver_connection
        driver.executemany(self.sql, self.rows)


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond


def _add(
    conn: Connection,
    version: service.Version,
    made: Learned,
    rng: random.Random,
    numbers: range,
    days_a_run: float,
) -> int:
    run = Rows(
        conn, runs, "id", "version_id", "client_id", "operator_id", "campaign_id", "call_id", "state",
        "started_at", "ended_at", "ending", "counted",
    )  # fmt: skip
    step = Rows(
        conn, steps, "run_id", "seq", "block", "title", "stage", "kind", "text", "answer", "answer_text",
        "note", "fields", "next_block", "entered_at", "answered_at", "hasty", "call_id", "script_id",
        "operator_id", "campaign_id", "saying_id",
    )  # fmt: skip
    call = Rows(
        conn, calls, "id", "direction", "pbx", "leg", "line", "number", "operator_id", "campaign_id",
        "client_id", "started_at", "answered_at", "bridged_at", "ended_at", "outcome", "end_reason",
        "ended_by",
    )  # fmt: skip
    recorded = Rows(conn, recordings, "call_id", "state", "uncertain", "held_why")
    sound = Rows(conn, segments, "call_id", "number", "state", "started_at", "duration_s", "codec")
    answers = 0
    for number in numbers:
        at = _moment(number * days_a_run)
        began, run_id = _micros(at), ulid(int(at.timestamp() * 1_000), number)
        call_id = ulid(int(at.timestamp() * 1_000), number + 2**40)
        operator, campaign = rng.choice(made.operators), rng.choice(made.campaigns)
        client = rng.randrange(1, CLIENTS + 1)
        seconds = 0.0
        taken = list(_passing(version.script, rng))
        for seq, one in enumerate(taken, start=1):
            entered = began + int(seconds * 1e6)
            seconds += one.pop("took_s")
            answered = began + int(seconds * 1e6)
            said = _saying(conn, version.script, run_id, seq, one, answered)
            step.add(
                run_id, seq, one["block"], one["title"], one["stage"], one["kind"], one["text"],
                one["answer"], one["answer_text"], one["note"], json.dumps(one["fields"]), one["to"], entered,
                answered, False, call_id, version.script_id, operator, campaign, said,
            )  # fmt: skip
            answers += one["kind"] in ("answer", "none")
        last = taken[-1]
        end = RunEnd(
            kind=last["ending"], block=last["block"], stage=last["stage"], suggested="", reason=last["reason"]
        )
        state = RunState(step=len(taken) + 1, at=Place(block=last["block"]), since=at, ended=end)
        ended = began + int(seconds * 1e6)
        run.add(
            run_id, version.id, client, operator, campaign, call_id, msgspec.json.encode(state).decode(),
            began, ended, end.kind.value, True,
        )  # fmt: skip
        call.add(
            call_id, "outbound", "main", call_id, LINE, f"+7900{client:07d}", operator, campaign, client,
            began, began, began, ended, "answered", "hangup", "client",
        )  # fmt: skip
        recorded.add(call_id, "ready", False, "")
        sound.add(call_id, 1, "ready", began, round(seconds, 3), "opus")
    for rows in (call, recorded, sound, run, step):
        rows.write()
    return answers


def _moment(day: float) -> datetime:
    """Runs follow each other through ten hours of each day."""
    return BEGAN + timedelta(days=int(day), seconds=day % 1 * 10 * 3600)


def _passing(script: Script, rng: random.Random) -> Iterator[dict[str, Any]]:
    """The steps of one run: answers drawn at each block, sometimes none that suits, sometimes the client is gone."""
    block, goal, stage = script.block(script.start), False, ""
    ends = {each.id for each in script.blocks if each.end}
    for _ in range(12):
        assert block is not None
        goal, stage = goal or block.goal, block.stage or stage
        shown = {"block": block.id, "title": block.title or block.id, "stage": block.stage}
        shown |= {"text": block.text[:200], "answer": "", "answer_text": "", "note": "", "to": ""}
        shown |= {"fields": [], "took_s": round(rng.lognormvariate(1.6, 0.7), 3)}
        onward = [answer for answer in block.answers if answer.to or block.next]
        if block.end or not onward or rng.random() < 0.04:
            ending = Ended.FAILED
            if block.end or not onward:
                ending = (
                    Ended.GOAL_MET if goal else Ended.REFUSED if block.end == "refused" else Ended.COMPLETED
                )
            reason = "hung_up" if ending is Ended.FAILED else ""
            yield shown | {"kind": "end", "stage": stage, "ending": ending, "reason": reason}
            return
        if rng.random() < NONE_FITS:
            note = rng.choice(NOTES)
            if rng.random() < 0.5:
                note = f"{note}, {rng.randrange(10_000)}"
            yield shown | {"kind": "none", "note": note, "to": block.id}
            continue
        further = [each for each in onward if each.to not in ends]
        answer = rng.choice(further if further and rng.random() < 0.8 else onward)
        filled = [
            {"id": field.id, "label": field.label, "value": str(rng.randrange(1, 40))}
            for field in block.fields
            if field.kind == "number"
        ]
        to = answer.to or block.next
        yield shown | {
            "kind": "answer", "answer": answer.id, "answer_text": answer.text, "to": to, "fields": filled,
        }  # fmt: skip
        block = script.block(to)
    yield shown | {"kind": "end", "stage": stage, "ending": Ended.FAILED, "reason": "saved", "to": ""}


def _saying(
    conn: Connection, script: Script, run_id: str, seq: int, one: dict[str, Any], answered: int
) -> int | None:
    """As the service keeps it, but for what is known from before."""
    if not one["fields"] and (known := _KNOWN.get(one["note"] or one["answer_text"])) is not None:
        return known
    from_micros = datetime.fromtimestamp(answered / 1e6, UTC)
    step = Step(
        step=seq, kind=one["kind"], block=one["block"], title="", stage="", text="", answer=one["answer"],
        answer_text=one["answer_text"], note=one["note"], to=one["to"], entered_at=from_micros,
        answered_at=from_micros,
        fields=tuple(KeptField(**field) for field in one["fields"]),
    )  # fmt: skip
    found = keep(conn, script, run_id, step)
    if found is not None:
        _KNOWN[one["note"] or one["answer_text"]] = found
    return found


_KNOWN: dict[str, int] = {}
