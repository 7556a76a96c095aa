"""Holds of clients who called in: they are out with an operator as if they had been claimed.

Units of work, or parts of one. An entry's own holds come and go with its claim.
"""

from __future__ import annotations

from sqlalchemy import (
    Connection,
    Integer,
    String,
    bindparam,
    cast,
    delete,
    insert,
    literal,
    select,
    union_all,
)

from dialer.campaigns.tables import holds
from dialer.clients.tables import phones
from dialer.store import prepared

_OPERATOR = bindparam("operator", type_=Integer)
_NUMBERS = select(phones.c.e164).where(phones.c.client_id == bindparam("client")).distinct().subquery()
# What is out already stays with whom it is: the call is served all the same.
_HOLD = (
    insert(holds)
    .prefix_with("OR IGNORE")
    .from_select(
        ["kind", "key", "operator_id"],
        union_all(
            select(literal("client"), cast(bindparam("client"), String), _OPERATOR),
            select(literal("phone"), _NUMBERS.c.e164, _OPERATOR),
        ),
    )
)
_MINE = select(holds.c.key).where(
    holds.c.kind == "client",
    holds.c.key == cast(bindparam("client"), String),
    holds.c.operator_id == bindparam("operator"),
)
_GIVE_BACK = delete(holds).where(holds.c.operator_id == bindparam("operator"))


def hold_for(conn: Connection, operator_id: int, client_id: int) -> bool:
    """Keep a client and its numbers from being handed out; whether the client is this operator's now."""
    who = {"operator": operator_id, "client": client_id}
    prepared.run(conn, _HOLD, who)
    return prepared.first(conn, _MINE, who) is not None


def give_back(conn: Connection, operator_id: int) -> None:
    """End what an operator holds for the sake of a call from outside."""
    prepared.run(conn, _GIVE_BACK, {"operator": operator_id})
