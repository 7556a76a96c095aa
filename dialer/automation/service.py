"""Carries out what a step asks for, within its transaction: all of it or none, once for the step."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, insert

from dialer.automation.model import ActionRefused, Effect, Refused, Subject
from dialer.automation.registry import HANDLERS
from dialer.automation.tables import actions_done
from dialer.scripts.actions import Action, word
from dialer.scripts.run import Due
from dialer.store import prepared
from dialer.store.errors import StoreError

log = logging.getLogger(__name__)

FAILED = "action_failed"
LEFT_OUT = "action_left_out"
_DONE = insert(actions_done)


def carry_out(
    conn: Connection,
    subject: Subject,
    due: Sequence[Due],
    *,
    without: Collection[int] = (),
    note: str = "",
) -> Effect:
    """Do what is due, in its order, and write it down; `without` are left out by the operator's word.

    Raises `ActionRefused`: then the whole unit of work has to come to nothing.
    """
    whole = Effect()
    for nth, asked in enumerate(due):
        if nth in without:
            _write_down(conn, subject, nth, asked, "left_out", reason=LEFT_OUT, note=note)
            continue
        effect = _do(conn, subject, nth, asked.action)
        _write_down(
            conn, subject, nth, asked, "sent" if effect.delivery else "done", delivery=effect.delivery
        )
        whole = Effect(
            callback_at=effect.callback_at or whole.callback_at, exclude=effect.exclude or whole.exclude
        )
    return whole


def _do(conn: Connection, subject: Subject, nth: int, action: Action) -> Effect:
    handler = HANDLERS[type(action)]
    try:
        done = handler.check(conn, action, subject) or handler.carry_out(conn, action, subject, nth)
    except StoreError:
        raise  # of the whole store, not of this action
    except Exception as error:
        # A fault of one action must leave the operator a way on: the step can be made without it.
        log.exception("action_failed action=%s run=%s seq=%d", word(action), subject.run_id, subject.seq)
        raise ActionRefused(nth, word(action), Refused(code=FAILED)) from error
    if isinstance(done, Refused):
        raise ActionRefused(nth, word(action), done)
    return done


def _write_down(
    conn: Connection,
    subject: Subject,
    nth: int,
    asked: Due,
    outcome: str,
    *,
    reason: str = "",
    note: str = "",
    delivery: str = "",
) -> None:
    values = {
        "run_id": subject.run_id,
        "seq": subject.seq,
        "nth": nth,
        "place": asked.place,
        "action": asked.action,
        "outcome": outcome,
        "reason": reason,
        "note": note,
        "delivery_id": delivery,
        "operator_id": subject.operator_id,
        "at": subject.now,
    }
    prepared.add(conn, _DONE, values)


def changes_card(due: Sequence[Due]) -> bool:
    """Whether what stands around the work has to be read anew after these."""
    return any(word(asked.action) in ("set_field", "deal_stage", "do_not_call") for asked in due)
