"""What the steps of a call did besides, for its page; each action in words."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from dialer.automation.tables import actions_done, deliveries
from dialer.scripts.actions import Action, word
from dialer.scripts.tables import steps

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "set_field": ("Записано: {field} = {value}", "Written: {field} = {value}"),
    "deal_stage": ("Сделка: {stage}", "Deal: {stage}"),
    "create_task": ("Задача: {text}", "Task: {text}"),
    "callback": ("Назначен звонок", "A time to call back"),
    "do_not_call": ("Больше не звонить", "Not to be called again"),
    "exclude": ("Исключён из обзвона", "Taken out of the pool"),
    "hand_over": ("Передано: {text}", "Handed over: {text}"),
    "message": ("Сообщение: {text}", "Message: {text}"),
    "web_hook": ("Веб-хук: {hook}", "Web hook: {hook}"),
}
MOST = 200


class DoneAction(Struct, frozen=True, kw_only=True):
    """`state`: done; for what left the house waiting, delivered, failed; left_out, with the operator's `note`."""

    what: str
    state: Literal["done", "waiting", "delivered", "failed", "left_out"]
    note: str


def in_words(action: Action, language: str) -> str:
    """An action as people read it; the word of a script where there is no better one."""
    known = _WORDS.get(word(action))
    if known is None:
        return word(action)
    return known[language == "en"].format_map(msgspec.structs.asdict(action))[:MOST]


def of_call(conn: Connection, call_id: str, language: str) -> dict[tuple[str, int], list[DoneAction]]:
    """By run and step, what was done in a call, in its order."""
    rows = conn.execute(
        select(actions_done, deliveries.c.state.label("sent"), deliveries.c.trouble)
        .join(steps, (steps.c.run_id == actions_done.c.run_id) & (steps.c.seq == actions_done.c.seq))
        .outerjoin(deliveries, deliveries.c.id == actions_done.c.delivery_id)
        .where(steps.c.call_id == call_id)
        .order_by(actions_done.c.run_id, actions_done.c.seq, actions_done.c.nth)
    )
    found: dict[tuple[str, int], list[DoneAction]] = {}
    for row in rows:
        done = DoneAction(
            what=in_words(row.action, language),
            state=row.sent if row.outcome == "sent" else row.outcome,
            note=row.note or row.trouble or "",
        )
        found.setdefault((row.run_id, row.seq), []).append(done)
    return found
