"""`web_hook`: what is to be sent is written down by the step's transaction, and sent after it (`sender`)."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection

from dialer.automation import deliveries
from dialer.automation.model import Effect, Refused, Subject
from dialer.scripts.actions import WebHook

MOST_BYTES = 64 * 1024


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What a web hook is sent, as JSON. `delivery` is the same at every try: whoever has seen it is done."""

    delivery: str
    hook: str
    at: str
    script: str
    version: int
    run: str
    step: int
    client: int
    call: str | None
    operator: int
    data: dict[str, Any]


def check(conn: Connection, action: WebHook, subject: Subject) -> Refused | None:
    if action.hook not in subject.hooks:
        return Refused(code="action_hook_missing", params={"name": action.hook})
    if len(_body(action, subject, "")) > MOST_BYTES:
        return Refused(code="action_body_long", params={"limit": MOST_BYTES // 1024})
    return Refused(code="action_queue_full") if deliveries.is_full(conn) else None


def queue(conn: Connection, action: WebHook, subject: Subject, nth: int) -> Effect:
    """Write down what is to be sent; the id is the step's and the action's."""
    delivery = f"{subject.run_id}-{subject.seq}-{nth}"
    deliveries.queue(
        conn,
        delivery,
        hook=action.hook,
        body=_body(action, subject, delivery).decode(),
        operator_id=subject.operator_id,
        now=subject.now,
    )
    return Effect(delivery=delivery)


def _body(action: WebHook, subject: Subject, delivery: str) -> bytes:
    return msgspec.json.encode(
        Sent(
            delivery=delivery,
            hook=action.hook,
            at=subject.now.isoformat(),
            script=subject.script,
            version=subject.version,
            run=subject.run_id,
            step=subject.seq,
            client=subject.client_id,
            call=subject.call_id,
            operator=subject.operator_id,
            data={part.key: part.value for part in action.body},
        )
    )
