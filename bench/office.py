"""What the benchmarks fill a store with: operators in one campaign with a real script, clients with phones."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from dialer.auth import sessions, users
from dialer.auth.model import User
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import INBOUND, OUTBOUND
from dialer.campaigns.model import Campaign, Rules
from dialer.campaigns.tables import entries
from dialer.clients.tables import clients, phones
from dialer.scripts import service as scripts
from dialer.scripts.command import read_script
from dialer.store.engine import Store

SCRIPTS = Path(__file__).resolve().parents[1] / "dialer" / "simulation" / "scripts"
LINE, NUMBER = "main", "+74950000001"
_ROWS = 5_000  # of one transaction


async def add_operators(store: Store, count: int, now: datetime) -> list[User]:
    """Operators who can log in with `token_of`; none has a password."""

    def add(conn: Connection) -> list[User]:
        made = []
        for number in range(1, count + 1):
            row = {
                "login": f"op{number:04d}",
                "name": f"Оператор {number}",
                "password_hash": "none",
                "role": "operator",
                "language": "ru",
                "theme": "system",
                "single_keys": True,
                "phone_kind": "sip",
                "endpoint": f"op{number:04d}",
                "phone_secret": None,
                "active": True,
                "created_at": now,
            }
            user = users.add_user(conn, row)
            session = sessions.Session(
                key=sessions.key_of(token_of(user)),
                user=user,
                seen_at=now,
                expires_at=now + timedelta(hours=12),
                written_at=now,
            )
            sessions.open_row(conn, session, "none")
            made.append(user)
        return made

    return await store.write(add, deadline_s=60)


def token_of(user: User) -> str:
    return f"token-{user.login}"


async def add_campaign(store: Store, now: datetime, *, inbound: bool = False) -> int:
    """A campaign with a script of the demo and, where it is outbound, with all three rules switched on."""
    file = "water_inbound_ru.yaml" if inbound else "water_reorder_ru.yaml"
    script, findings = read_script(SCRIPTS / file)
    if script is None:
        raise SystemExit(f"{file}: {findings}")
    campaign = Campaign(
        name="Звонят нам" if inbound else "Вода",
        kind="inbound" if inbound else "outbound",
        language="ru",
        line=LINE,
        dispositions=INBOUND if inbound else OUTBOUND,
        rules=Rules() if inbound else Rules(entries_per_window=500, cooldown_s=0, max_postponed=50),
    )

    def add(conn: Connection) -> int:
        script_id = scripts.publish(conn, script, now)
        campaign_id = campaigns.create(conn, campaign, now)
        campaigns.change(conn, campaign_id, script_id=script_id)
        return campaign_id

    return await store.write(add)


def number_of(client: int) -> str:
    """The phone of the so-manyth client."""
    return f"+7900{client:07d}"


async def add_clients(store: Store, count: int, campaign_id: int, now: datetime) -> None:
    """Clients with a phone and four fields of the card each, all waiting in the pool."""
    for start in range(1, count + 1, _ROWS):
        ids = range(start, min(start + _ROWS, count + 1))
        await store.write(lambda conn, ids=ids: _add_clients(conn, ids, campaign_id, now), deadline_s=60)


def _add_clients(conn: Connection, ids: range, campaign_id: int, now: datetime) -> None:
    fields = {"Адрес": "ул. Садовая, 12, кв. 7", "Заказано": "две бутыли", "Когда": "12 октября", "Этаж": "4"}
    conn.execute(
        insert(clients),
        [
            {
                "id": number,
                "name": f"Соколова Мария {number}",
                "city": "Тверь",
                "timezone": "Europe/Moscow",
                "fields": fields,
                "is_new": False,
                "created_at": now,
            }
            for number in ids
        ],
    )
    conn.execute(
        insert(phones), [{"client_id": n, "e164": number_of(n), "label": "", "flagged": False} for n in ids]
    )
    conn.execute(
        insert(entries),
        [{"campaign_id": campaign_id, "client_id": n, "state": "waiting", "due_at": now} for n in ids],
    )
