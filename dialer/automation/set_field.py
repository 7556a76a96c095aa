"""`set_field`: writes a field of the client or of the open deal."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from dialer.automation.model import Effect, Refused, Subject
from dialer.clients import card, deals
from dialer.clients import service as clients
from dialer.scripts.actions import CLIENT_FIELD, DEAL_FIELD, SetField

MOST_TITLE = 200
MOST_CITY = 100
MOST_LABEL = 100


@dataclass(frozen=True, slots=True)
class _Place:
    most: int
    empty: bool = True  # whether it may be emptied


_PLACES = {
    "client.name": _Place(MOST_TITLE, empty=False),
    "client.city": _Place(MOST_CITY),
    "deal.title": _Place(MOST_TITLE),
}


def check(conn: Connection, action: SetField, subject: Subject) -> Refused | None:
    place = _PLACES.get(action.field, _Place(2_000))
    if len(action.value) > place.most:
        return Refused(code="action_value_long", params={"field": action.field, "limit": place.most})
    if not action.value.strip() and not place.empty:
        return Refused(code="action_value_empty", params={"field": action.field})
    return None


def carry_out(conn: Connection, action: SetField, subject: Subject) -> Effect | Refused:
    value = action.value.strip()
    if action.field == "client.name":
        clients.rename(conn, subject.client_id, value)
    elif action.field == "client.city":
        card.set_city(conn, subject.client_id, value)
    elif action.field.startswith(CLIENT_FIELD):
        changed = card.with_field(card.fields_of(conn, subject.client_id), _label(action), value)
        if changed is None:
            return _too_many(action)
        card.set_fields(conn, subject.client_id, changed)
    else:
        deal = deals.take_open(conn, subject.client_id, subject.now)
        if action.field == "deal.title":
            deals.change(conn, deal.id, subject.now, title=value)
        else:
            changed = card.with_field(deal.fields, _label(action), value)
            if changed is None:
                return _too_many(action)
            deals.change(conn, deal.id, subject.now, fields=changed)
    return Effect()


def _label(action: SetField) -> str:
    return action.field.removeprefix(CLIENT_FIELD).removeprefix(DEAL_FIELD).strip()[:MOST_LABEL]


def _too_many(action: SetField) -> Refused:
    return Refused(code="action_fields_many", params={"field": action.field, "limit": card.MOST_FIELDS})
