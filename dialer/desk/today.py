"""An operator's own figures since midnight."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, select

from dialer.automation import troubles
from dialer.campaigns.tables import results
from dialer.desk.kept import Today
from dialer.planning import service as planning
from dialer.store import prepared
from dialer.telephony.tables import calls as calls_table

_FREE_AT = func.coalesce(calls_table.c.transferred_at, calls_table.c.ended_at)  # the operator is out of it
_CALLS_TODAY = select(
    func.count(),
    func.coalesce(
        func.sum(case((calls_table.c.bridged_at.is_not(None), _FREE_AT - calls_table.c.bridged_at))),
        0,
    ),
).where(calls_table.c.operator_id == bindparam("operator"), calls_table.c.started_at >= bindparam("since"))
_SUCCESSES_TODAY = select(func.count()).where(
    results.c.operator_id == bindparam("operator"),
    results.c.at >= bindparam("since"),
    results.c.group == "success",
)


def today(conn: Connection, operator_id: int, role: str, since: datetime) -> Today:
    """The operator's own figures since midnight, and what waits for them to be seen to."""
    who = {"operator": operator_id, "since": since}
    ((count, talk_micros),) = prepared.rows(conn, _CALLS_TODAY, who)
    ((successes,),) = prepared.rows(conn, _SUCCESSES_TODAY, who)
    return Today(
        calls=count,
        successes=successes,
        talk_s=int(talk_micros) // 1_000_000,
        tasks=planning.count_open(conn, operator_id, role),
        troubles=troubles.count(conn, operator_id, since),
    )
