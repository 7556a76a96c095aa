"""May this number be dialled on this line, now, by this operator? The one answer for every dial of the product.

Parts of units of work: `ask` only reads (but for an alarm when it refuses), `note` writes down what was allowed,
`permit` is both. Whoever sends a dial order to a PBX has noted it under the leg's id in the same transaction as its
own rows; `ended` tells when that leg is over (`service.change` does it for calls).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, bindparam, insert, select, update

from dialer.store import prepared
from dialer.telephony import alarms, caller_ids, caps, ranges
from dialer.telephony.lines import Line
from dialer.telephony.policy import DEFAULT, SERVICE, Policy, Refused, Scope, barred, per_minute
from dialer.telephony.tables import dials, line_policies
from dialer.telephony.use import add_to_day, load_use


class Dial(Struct, frozen=True, kw_only=True):
    """What somebody wants to dial. `id` is the leg's; `caller_ids` the campaign's set, empty = all of the line's."""

    id: str
    number: str
    line: Line
    operator_id: int
    campaign_id: int
    caller_ids: tuple[str, ...] = ()


class Permit(Struct, frozen=True, kw_only=True):
    """It may be dialled, shown as `caller_id` ("" = the PBX's own). `per_minute` is its price in thousandths.

    `most_s`: how long it may last from the order on; none = as long as it likes.
    """

    caller_id: str
    destination: str
    per_minute: int
    most_s: int | None = None


class BoundedLeg(Struct, frozen=True, kw_only=True):
    """A live leg that the PBX ends at `until`."""

    id: str
    line: str
    until: datetime


_POLICIES = select(line_policies.c.line, line_policies.c.policy).where(
    line_policies.c.line.in_((SERVICE, bindparam("line")))
)
_INSERT = insert(dials)
_ANSWERED = update(dials).where(dials.c.id == bindparam("leg")).values(answered_at=bindparam("at"))
_ENDED = (
    update(dials)
    .where(dials.c.id == bindparam("leg"), dials.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
)
_SHOWN = select(
    select(dials.c.caller_id)
    .where(dials.c.number == bindparam("number"), dials.c.line == bindparam("line"))
    .order_by(dials.c.at.desc(), dials.c.id.desc())
    .limit(1)
    .scalar_subquery()
    .label("seen"),
    select(dials.c.caller_id)
    .where(dials.c.campaign_id == bindparam("campaign"), dials.c.line == bindparam("line"))
    .order_by(dials.c.at.desc(), dials.c.id.desc())
    .limit(1)
    .scalar_subquery()
    .label("last"),
)


def permit(conn: Connection, dial: Dial, now: datetime) -> Permit | Refused:
    """Ask, and note what was allowed."""
    answer = ask(conn, dial, now)
    if isinstance(answer, Permit):
        note(conn, dial, answer, now)
    return answer


def ask(conn: Connection, dial: Dial, now: datetime) -> Permit | Refused:
    """Everything that may speak against a dial, but for what its campaign says; a cap that is hit raises an alarm."""
    service, own = policies(conn, dial.line.name)
    answer = _decide(conn, dial, service, own, now)
    if isinstance(answer, Refused):
        alarms.raise_for(conn, answer, line=dial.line.name, operator_id=dial.operator_id, now=now)
        return answer
    where, price, most_s = answer
    return Permit(
        caller_id=_caller_id(conn, dial, own),
        destination=where.destination,
        per_minute=price,
        most_s=most_s,
    )


def policies(conn: Connection, line: str) -> tuple[Policy, Policy]:
    """The service's and the line's, as they stand in this transaction."""
    found = {row.line: row.policy for row in prepared.rows(conn, _POLICIES, {"line": line})}
    return found.get(SERVICE, DEFAULT), found.get(line, Policy())


def _decide(
    conn: Connection, dial: Dial, service: Policy, own: Policy, now: datetime
) -> tuple[ranges.Reached, int, int | None] | Refused:
    line = dial.line
    no = barred(((SERVICE, service), (line.name, own)), now)
    if no is not None:
        return no
    where = ranges.why_not(dial.number, line.region, (*line.ranges, *service.ranges, *own.ranges))
    if isinstance(where, str):
        return Refused(code=where)
    keys = {
        Scope.OPERATOR: str(dial.operator_id),
        Scope.CAMPAIGN: str(dial.campaign_id),
        Scope.LINE: line.name,
        Scope.DESTINATION: where.destination,
    }
    standing = caps.matching((*service.caps, *own.caps), keys, home=where.home)
    counted = {scope: keys[scope] for _, scope in standing}
    carried, use = load_use(conn, line.name, counted, now)
    if carried >= line.capacity:
        return Refused(code="line_full", params={"line": line.name, "capacity": line.capacity})
    price = per_minute(dial.number, own, service)
    no = caps.refused(standing, use, per_minute=price, now=now, tomorrow=tomorrow(now))
    if no is not None:
        return no
    # A call at home is never cut: what it may cost is known, and a client is on the line.
    most_s = None if where.home else caps.longest(standing, use, per_minute=price)
    return most_s if isinstance(most_s, Refused) else (where, price, most_s)


def tomorrow(now: datetime) -> datetime:
    """The next midnight by this machine's time zone."""
    local = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return (local + timedelta(days=1)).astimezone(now.tzinfo)


def _caller_id(conn: Connection, dial: Dial, own: Policy) -> str:
    ids = caller_ids.choices(numbers_of(dial.line, own), dial.caller_ids)
    if len(ids) < 2 or own.rotation == "fixed":
        return caller_ids.choose(ids, "fixed", seen="", last="")
    who = {"number": dial.number, "line": dial.line.name, "campaign": dial.campaign_id}
    shown = prepared.rows(conn, _SHOWN, who)[0]
    return caller_ids.choose(ids, own.rotation, seen=shown.seen or "", last=shown.last or "")


def numbers_of(line: Line, own: Policy) -> Sequence[str]:
    """What clients may see as the caller: what was decided for the line, else what its configuration says."""
    return own.caller_ids or ((line.caller_id,) if line.caller_id else ())


def note(conn: Connection, dial: Dial, allowed: Permit, now: datetime) -> None:
    """Write an allowed dial down: from now on it counts."""
    prepared.add(
        conn,
        _INSERT,
        {
            "id": dial.id,
            "line": dial.line.name,
            "number": dial.number,
            "destination": allowed.destination,
            "caller_id": allowed.caller_id,
            "operator_id": dial.operator_id,
            "campaign_id": dial.campaign_id,
            "per_minute": allowed.per_minute,
            "most_s": allowed.most_s,
            "at": now,
        },
    )


def live_legs(conn: Connection, line: str) -> list[tuple[str, str]]:
    """Legs that were dialled and are not over, each with its line; "" = over all lines."""
    live = select(dials.c.id, dials.c.line).where(dials.c.ended_at.is_(None))
    found = conn.execute(live if line == SERVICE else live.where(dials.c.line == line))
    return [(row.id, row.line) for row in found]


def bounded_legs(conn: Connection, lines: Collection[str]) -> list[BoundedLeg]:
    """Legs over these lines that are not over and may not last for ever."""
    found = conn.execute(
        select(dials.c.id, dials.c.line, dials.c.at, dials.c.most_s).where(
            dials.c.line.in_(lines), dials.c.ended_at.is_(None), dials.c.most_s.is_not(None)
        )
    )
    return [
        BoundedLeg(id=row.id, line=row.line, until=row.at + timedelta(seconds=row.most_s)) for row in found
    ]


def answered(conn: Connection, leg: str, at: datetime) -> None:
    """From now on it costs; nothing where the leg was no dial of ours (a call from outside)."""
    prepared.run(conn, _ANSWERED, {"leg": leg, "at": at})


def ended(conn: Connection, leg: str, at: datetime) -> None:
    """The leg is over: its minutes are added to the day's. Said twice, it counts once."""
    add_to_day(conn, leg, at)
    prepared.run(conn, _ENDED, {"leg": leg, "at": at})
