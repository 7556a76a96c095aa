"""Units of work about what stands on a client's card beside the phones."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from dialer.clients.tables import clients

MOST_FIELDS = 200


def set_city(conn: Connection, client_id: int, city: str) -> None:
    conn.execute(update(clients).where(clients.c.id == client_id).values(city=city))


def fields_of(conn: Connection, client_id: int) -> dict[str, str]:
    """The fields of a card by their labels, in its order; locked, so that two changes don't undo each other."""
    found: dict[str, str] = conn.execute(
        select(clients.c.fields).where(clients.c.id == client_id).with_for_update()
    ).scalar_one()
    return found


def set_fields(conn: Connection, client_id: int, fields: dict[str, str]) -> None:
    conn.execute(update(clients).where(clients.c.id == client_id).values(fields=fields))


def with_field(fields: dict[str, str], label: str, value: str) -> dict[str, str] | None:
    """The fields with one more, or changed, under the label as it stands there; None when there are too many."""
    known = next((each for each in fields if each.casefold() == label.casefold()), label)
    changed = {**fields, known: value}
    return changed if len(changed) <= MOST_FIELDS else None
