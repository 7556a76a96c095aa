"""One's own tasks over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection

from dialer.auth.model import Permission
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.planning import service
from dialer.planning.service import OwnTask
from dialer.store.engine import Store


class OwnTaskList(Struct, frozen=True, kw_only=True):
    items: list[OwnTask]


class TaskDone(Struct, frozen=True, kw_only=True):
    """Nothing has to be said."""


def operations(
    store: Store, now: Callable[[], datetime], changed: Callable[[int], Awaitable[None]]
) -> list[Operation]:
    """`changed` hears whose list is shorter now."""

    async def list_tasks(call: ApiCall) -> OwnTaskList:
        user, role = call.user.id, call.user.role.value
        return OwnTaskList(items=await store.read(lambda conn: service.list_open(conn, user, role)))

    async def finish_task(call: ApiCall) -> OwnTaskList:
        task, user, role = number(call.path("id")), call.user.id, call.user.role.value

        def finish(conn: Connection) -> tuple[bool, list[OwnTask]]:
            done = service.finish(conn, task, user, role, now())
            return done, service.list_open(conn, user, role)

        done, items = await store.write(finish)
        if not done:
            raise Problem(404, "task_gone")
        await changed(user)
        return OwnTaskList(items=items)

    return [
        Operation(
            method="GET",
            path="/api/v1/tasks",
            summary="What one has to do",
            permission=Permission.OWN_TASKS,
            handler=list_tasks,
            answers=OwnTaskList,
        ),
        Operation(
            method="POST",
            path="/api/v1/tasks/{id}/done",
            summary="Tick a task off",
            permission=Permission.OWN_TASKS,
            handler=finish_task,
            body=TaskDone,
            answers=OwnTaskList,
        ),
    ]
