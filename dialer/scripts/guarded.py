"""Operations upon one script ask for a right to it, beyond what the role may do."""

from __future__ import annotations

from functools import wraps
from typing import Any

from dialer.http.api import ApiCall, Handler, number
from dialer.http.problems import Problem
from dialer.scripts import rights
from dialer.scripts.rights import Right
from dialer.store.engine import Store


def with_right(store: Store, right: Right, handler: Handler) -> Handler:
    """The handler of a path with `{id}`, behind the question whether this user has the right to that script."""

    @wraps(handler)
    async def asked(call: ApiCall) -> Any:
        script_id, user_id, role = number(call.path("id")), call.user.id, call.user.role.value
        if not await store.read(lambda conn: rights.may(conn, script_id, right, user_id=user_id, role=role)):
            raise Problem(403, "script_closed")
        return await handler(call)

    return asked
