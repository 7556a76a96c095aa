"""Every action that there is, and who carries it out: one table.

A handler has `check` (may it be done now? changes nothing) and `carry_out`, both within the step's transaction. What
one refuses undoes the whole step, so that a handler need not clean up behind itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from dialer.automation import (
    callback,
    create_task,
    deal_stage,
    do_not_call,
    exclude,
    hand_over,
    message,
    set_field,
    web_hook,
)
from dialer.automation.model import Effect, Refused, Subject
from dialer.scripts.actions import (
    Action,
    Callback,
    CreateDocument,
    CreateOrder,
    CreateTask,
    DealStage,
    DoNotCall,
    Exclude,
    HandOver,
    Message,
    SendMail,
    SetField,
    WebHook,
    word,
)


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of action is done: (connection, action, subject, its number among those of the step)."""

    check: Callable[[Connection, Any, Subject], Refused | None]
    carry_out: Callable[[Connection, Any, Subject, int], Effect | Refused]


def _of(module: Any) -> Handler:
    return Handler(module.check, lambda conn, action, subject, nth: module.carry_out(conn, action, subject))


def _not_yet(conn: Connection, action: Action, subject: Subject) -> Refused:
    """Its room does not exist in this release; scripts with it are not published."""
    return Refused(code="action_not_yet", params={"what": word(action)})


_NOT_YET: Final = Handler(_not_yet, lambda conn, action, subject, nth: _not_yet(conn, action, subject))

HANDLERS: Final[Mapping[type[Action], Handler]] = {
    SetField: _of(set_field),
    DealStage: _of(deal_stage),
    CreateTask: _of(create_task),
    Callback: _of(callback),
    DoNotCall: _of(do_not_call),
    Exclude: _of(exclude),
    HandOver: _of(hand_over),
    Message: _of(message),
    WebHook: Handler(web_hook.check, web_hook.queue),
    SendMail: _NOT_YET,
    CreateOrder: _NOT_YET,
    CreateDocument: _NOT_YET,
}
