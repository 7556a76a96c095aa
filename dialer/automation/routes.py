"""Web hooks for the administrator: what there is, what was sent with which outcome, sending again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from dialer.auth.model import Permission
from dialer.automation import deliveries
from dialer.automation.deliveries import DeliveryRow
from dialer.automation.model import Hook
from dialer.http.api import ApiCall, Operation
from dialer.http.problems import Problem
from dialer.store.engine import Store

BASE = "/api/v1/admin/web-hooks"


class HookRow(Struct, frozen=True, kw_only=True):
    """One web hook; `known`: it is in the configuration, else only its deliveries are left."""

    name: str
    url: str
    signed: bool
    known: bool
    waiting: int
    delivered: int
    failed: int


class HookList(Struct, frozen=True, kw_only=True):
    hooks: list[HookRow]
    items: list[DeliveryRow]  # the newest deliveries of any
    next: str | None  # `before` of the next page


class Again(Struct, frozen=True, kw_only=True):
    """Nothing has to be said."""


def operations(store: Store, hooks: Mapping[str, Hook], now: Callable[[], datetime]) -> list[Operation]:
    async def list_deliveries(call: ApiCall) -> HookList:
        before, state = _cursor(call.query("before")), call.query("state")
        rows = await store.read(lambda conn: deliveries.list_page(conn, before=before, state=state))
        counts = await store.read(deliveries.counts)
        names = sorted({*hooks, *(name for name, _ in counts)})
        return HookList(
            hooks=[_row(name, hooks.get(name), counts) for name in names],
            items=rows,
            next=_next(rows[-1]) if len(rows) == deliveries.PAGE else None,
        )

    async def resend_delivery(call: ApiCall) -> HookList:
        delivery, moment = call.path("id")[:60], now()
        if not await store.write(lambda conn: deliveries.resend(conn, delivery, moment)):
            raise Problem(404, "not_found")
        return await list_deliveries(call)

    return [
        Operation(
            method="GET",
            path=BASE,
            summary="Web hooks, and what was sent to them",
            permission=Permission.MANAGE_HOOKS,
            handler=list_deliveries,
            answers=HookList,
        ),
        Operation(
            method="POST",
            path=f"{BASE}/deliveries/{{id}}/resend",
            summary="Send a delivery once more, with the key that it has",
            permission=Permission.MANAGE_HOOKS,
            handler=resend_delivery,
            body=Again,
            answers=HookList,
        ),
    ]


def _next(last: DeliveryRow) -> str:
    return f"{last.made_at.isoformat()},{last.id}"


def _cursor(text: str) -> tuple[datetime, str] | None:
    if not text:
        return None
    moment, _, delivery = text.partition(",")
    try:
        made_at = datetime.fromisoformat(moment)
    except ValueError:
        made_at = None
    if made_at is None or made_at.tzinfo is None:
        raise Problem(400, "body_wrong", {"detail": "before"})
    return made_at, delivery


def _row(name: str, hook: Hook | None, counts: Mapping[tuple[str, str], int]) -> HookRow:
    return HookRow(
        name=name,
        url=hook.url if hook is not None else "",
        signed=bool(hook is not None and hook.secret),
        known=hook is not None,
        waiting=counts.get((name, "waiting"), 0),
        delivered=counts.get((name, "delivered"), 0),
        failed=counts.get((name, "failed"), 0),
    )
