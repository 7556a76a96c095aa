"""The results that are shipped, and what each makes of an entry."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from dialer.campaigns.model import Campaign, Disposition, EntryState, Refusal, Retry
from dialer.telephony.model import Outcome

_HOUR = 3600
_TOMORROW = Retry(after_s=24 * _HOUR)


def _shipped(id: str, group: Any, ru: str, en: str, **more: Any) -> Disposition:
    return Disposition(id=id, group=group, titles={"ru": ru, "en": en}, **more)


OUTBOUND: tuple[Disposition, ...] = (
    _shipped("sale", "success", "Заявка оформлена", "Sale"),
    _shipped("call_back", "reached", "Перезвонить", "Call back", callback=True),
    _shipped("refused_no_time", "refused", "Отказ: нет времени", "Refused: no time"),
    _shipped("refused_uses_another", "refused", "Отказ: есть другой", "Refused: uses another's"),
    _shipped("refused_no_need", "refused", "Отказ: не нужно", "Refused: no need"),
    _shipped(
        "could_not_talk", "reached", "Не мог говорить", "Could not talk", retry=Retry(after_s=2 * _HOUR)
    ),
    _shipped("not_there", "reached", "Нет на месте", "Contact person not there", retry=_TOMORROW),
    _shipped("secretary", "reached", "Секретарь не соединил", "Secretary did not connect", retry=_TOMORROW),
    _shipped("hung_up", "reached", "Бросил трубку", "Hung up", retry=_TOMORROW),
    _shipped("no_answer", "not_reached", "Нет ответа", "No answer", retry=Retry(after_s=3 * _HOUR)),
    _shipped("busy", "not_reached", "Занято", "Busy", retry=Retry(after_s=600)),
    _shipped("unavailable", "not_reached", "Телефон недоступен", "Phone unavailable", retry=_TOMORROW),
    _shipped(
        "answering_machine",
        "not_reached",
        "Автоответчик",
        "Answering machine",
        retry=Retry(after_s=3 * _HOUR),
    ),
    _shipped("wrong_number", "technical", "Неверный номер", "Wrong number", flag_phone=True),
    _shipped("call_failed", "technical", "Сбой связи", "Call failed", retry=Retry(after_s=600)),
    _shipped(
        "do_not_call", "refused", "Не звонить (DNC)", "Do not call", do_not_call=True, comment="optional"
    ),
)

INBOUND: tuple[Disposition, ...] = (
    _shipped("inbound_done", "success", "Вопрос решён", "Settled"),
    _shipped("sale", "success", "Заявка оформлена", "Sale"),
    _shipped("call_back", "reached", "Перезвонить", "Call back", callback=True),
    _shipped("handed_over", "reached", "Передано коллегам", "Handed over", comment="required"),
    _shipped("hung_up", "reached", "Бросил трубку", "Hung up"),
    _shipped("wrong_number", "technical", "Ошиблись номером", "Wrong number"),
    _shipped("call_failed", "technical", "Сбой связи", "Call failed"),
)

# The result that a call's own outcome proposes, until a person says otherwise.
BY_OUTCOME: dict[Outcome, str] = {
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no_answer",
    Outcome.REJECTED: "hung_up",
    Outcome.UNREACHABLE: "unavailable",
    Outcome.WRONG_NUMBER: "wrong_number",
    Outcome.CONGESTION: "call_failed",
    Outcome.FAILED: "call_failed",
    Outcome.UNKNOWN: "call_failed",
}


class EntryChange(Struct, frozen=True, kw_only=True):
    """What becomes of an entry: its next state, when it is due, and whose it is (None = anybody's)."""

    state: EntryState
    due_at: datetime
    owner_id: int | None


def settle(
    campaign: Campaign,
    disposition: Disposition,
    *,
    callback_at: datetime | None,
    operator_id: int,
    attempts: int,
    now: datetime,
) -> EntryChange:
    """What a result makes of its entry. `attempts` counts those already made; a callback is the operator's own."""
    if disposition.do_not_call:
        return EntryChange(state=EntryState.EXCLUDED, due_at=now, owner_id=None)
    if disposition.callback and callback_at is not None:
        return EntryChange(state=EntryState.POSTPONED, due_at=callback_at, owner_id=operator_id)
    if disposition.retry is None or attempts >= campaign.max_attempts:
        return EntryChange(state=EntryState.DONE, due_at=now, owner_id=None)
    due_at = now + timedelta(seconds=disposition.retry.after_s)
    return EntryChange(state=EntryState.POSTPONED, due_at=due_at, owner_id=None)


def check_result(
    disposition: Disposition | None, *, comment: str, callback_at: datetime | None, now: datetime
) -> Refusal | None:
    """Why a result can't be saved as it stands; None = it can."""
    if disposition is None:
        return Refusal(code="disposition_missing")
    if disposition.comment == "required" and not comment.strip():
        return Refusal(code="comment_missing")
    if disposition.callback and callback_at is None:
        return Refusal(code="callback_missing")
    if disposition.callback and callback_at is not None and callback_at <= now:
        return Refusal(code="callback_past")
    return None
