"""Units of work about what people decide of lines: read, changed, stopped, and ranges abroad agreed on by two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from dialer.events import LineChanged
from dialer.store import outbox
from dialer.telephony import policy as policies
from dialer.telephony.policy import DEFAULT, SERVICE, Policy, Refused
from dialer.telephony.ranges import Range
from dialer.telephony.tables import line_changes, line_policies


class Person(Struct, frozen=True, kw_only=True):
    """Who decides: a user, or somebody at the machine's own command line (no id)."""

    id: int | None
    name: str


class PolicyInvalid(Exception):
    """What is wanted would be no policy that can be read again: too many of a kind, or a value out of bounds."""


class Proposal(Struct, frozen=True, kw_only=True):
    """A range that leads abroad, to be set or removed, and waits for a second person."""

    id: int
    line: str
    range: Range
    remove: bool
    by: str
    by_id: int | None
    at: datetime


def load_all(conn: Connection) -> dict[str, Policy]:
    """Every policy that somebody decided on, and the service's in any case."""
    rows = conn.execute(select(line_policies.c.line, line_policies.c.policy))
    return {SERVICE: DEFAULT} | {row.line: row.policy for row in rows}


def load(conn: Connection, line: str) -> Policy:
    found = conn.execute(select(line_policies.c.policy).where(line_policies.c.line == line)).scalar()
    return found or (DEFAULT if line == SERVICE else Policy())


def stop(conn: Connection, line: str, by: Person, now: datetime) -> None:
    """From this commit on nothing is dialled on the line; "" = on any."""
    before = load(conn, line)
    if not before.stopped:
        after = policies.stopped(before, by=by.name, at=now)
        _write(conn, line, after, what="stop", value=None, by=by, now=now)


def resume(conn: Connection, line: str, by: Person, now: datetime) -> None:
    before = load(conn, line)
    if before.stopped:
        _write(conn, line, policies.started_again(before), what="resume", value=None, by=by, now=now)


def change(conn: Connection, line: str, values: dict[str, Any], by: Person, now: datetime) -> None:
    """Change caller IDs, rotation, prices, caps or hours; ranges and stops have ways of their own."""
    after = msgspec.structs.replace(load(conn, line), **values)
    _write(conn, line, after, what="policy", value=values, by=by, now=now)


def change_range(
    conn: Connection, line: str, wanted: Range, *, remove: bool, abroad: bool, by: Person, now: datetime
) -> bool:
    """Set or remove a range; whether it holds from now on.

    One that leads `abroad` waits for a second person, unless less may be dialled after it than before.
    """
    if not abroad or _narrows(load(conn, line), wanted, remove=remove):
        _set_range(conn, line, wanted, remove=remove, by=by, now=now)
        return True
    same = (line, wanted.prefix, wanted.allowed, remove)
    if all((p.line, p.range.prefix, p.range.allowed, p.remove) != same for p in proposals(conn)):
        value = {"remove": remove, "range": wanted}
        _log(conn, line, what="range", state="proposed", value=value, by=by, now=now)
        outbox.append(conn, LineChanged(line=line), now)
    return False


def _narrows(before: Policy, wanted: Range, *, remove: bool) -> bool:
    """As the store knows the range, not as it is asked for."""
    if not remove:
        return not wanted.allowed
    return all(one.allowed for one in before.ranges if one.prefix == wanted.prefix)


def proposals(conn: Connection) -> list[Proposal]:
    rows = conn.execute(
        select(line_changes).where(line_changes.c.state == "proposed").order_by(line_changes.c.id)
    )
    return [_proposal(row) for row in rows]


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        id=row.id,
        line=row.line,
        range=msgspec.convert(row.value["range"], Range),
        remove=row.value["remove"],
        by=row.by,
        by_id=row.by_id,
        at=row.at,
    )


def answer(conn: Connection, proposal_id: int, *, agreed: bool, by: Person, now: datetime) -> Refused | None:
    """A second person agrees to a range abroad, or anybody throws the proposal away."""
    row = conn.execute(select(line_changes).where(line_changes.c.id == proposal_id)).first()
    if row is None or row.state != "proposed":
        return Refused(code="proposal_gone")
    if agreed and row.by_id == by.id:
        return Refused(code="second_person_needed")
    proposal = _proposal(row)
    conn.execute(
        update(line_changes)
        .where(line_changes.c.id == proposal_id)
        .values(state="confirmed" if agreed else "refused", answered_by=by.name, answered_at=now)
    )
    if agreed:
        _set_range(conn, proposal.line, proposal.range, remove=proposal.remove, by=by, now=now)
    else:
        outbox.append(conn, LineChanged(line=proposal.line), now)
    return None


def _set_range(
    conn: Connection, line: str, wanted: Range, *, remove: bool, by: Person, now: datetime
) -> None:
    before = load(conn, line)
    others = tuple(one for one in before.ranges if one.prefix != wanted.prefix)
    ranges = others if remove else tuple(sorted((*others, wanted), key=lambda one: one.prefix))
    after = msgspec.structs.replace(before, ranges=ranges)
    _write(conn, line, after, what="range", value={"remove": remove, "range": wanted}, by=by, now=now)


def _write(
    conn: Connection, line: str, policy: Policy, *, what: str, value: object, by: Person, now: datetime
) -> None:
    try:
        # As the store reads it: what it could not read again would stop all dialling, and the daemon's next start.
        msgspec.convert(msgspec.to_builtins(policy), Policy)
    except msgspec.ValidationError as error:
        raise PolicyInvalid(str(error)) from error
    row = sqlite_insert(line_policies).values(line=line, policy=policy)
    conn.execute(row.on_conflict_do_update(index_elements=["line"], set_={"policy": row.excluded.policy}))
    _log(conn, line, what=what, state="done", value=value, by=by, now=now)
    outbox.append(conn, LineChanged(line=line), now)


def _log(
    conn: Connection, line: str, *, what: str, state: str, value: object, by: Person, now: datetime
) -> None:
    conn.execute(
        insert(line_changes),
        {
            "line": line,
            "what": what,
            "state": state,
            "value": value if value is not None else {},
            "by": by.name[:200],
            "by_id": by.id,
            "at": now,
        },
    )
