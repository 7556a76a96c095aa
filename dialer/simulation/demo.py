"""The demo's world: users, campaigns and clients in an empty store, and a virtual PBX with people behind it.

    seeded = await seed(store, auth, now)          # does nothing in a store that was seeded before
    pbx = DemoPbx(recordings=Path("..."), secret="...")
    await pbx.start()                              # pbx.port, for the AMI settings
    ...
    await pbx.stop()

The configuration has two lines, `LINES`; both lead to the virtual PBX's trunk.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from dialer.auth.model import Refused, Role
from dialer.auth.service import Auth
from dialer.campaigns import service as campaigns
from dialer.campaigns.importing import ImportOrder, run_import
from dialer.campaigns.tables import entries
from dialer.clients.importing import Row, read_rows
from dialer.clients.numbers import normalise
from dialer.config import LineSettings
from dialer.simulation.callers import Callers, InboundTraffic, Rhythm
from dialer.simulation.manager import Account
from dialer.simulation.population import Population
from dialer.simulation.recording import WavTape
from dialer.simulation.virtual_pbx import VirtualPbx
from dialer.store.engine import Store

_HERE: Final = Path(__file__).parent
SEED: Final = 1438  # of the population: with it the first clients of both pools answer soon
NUMBER_RU, NUMBER_EN = "+74950000001", "+442079460000"

LINES: Final = {
    "ru": LineSettings(
        dial="PJSIP/{number}@trunk", caller_id=NUMBER_RU, region="RU", capacity=30, called=(NUMBER_RU,)
    ),
    "en": LineSettings(
        dial="PJSIP/{number}@trunk",
        caller_id=NUMBER_EN,
        region="GB",
        capacity=30,
        called=(NUMBER_EN,),
        allowed=("+447700900", "+44115496"),  # Ofcom's numbers for plays and books: in nobody's plan
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user of the demo. The password is no secret: a demo listens on the loopback only, and prints it."""

    login: str
    password: str
    name: str
    role: Role
    language: str
    endpoint: str = ""


# ruff: noqa: S106
LOGINS: Final = (
    Login(
        login="maria",
        password="demo-maria-1",
        name="Мария",
        role=Role.OPERATOR,
        language="ru",
        endpoint="op101",
    ),
    Login(
        login="emma", password="demo-emma-1", name="Emma", role=Role.OPERATOR, language="en", endpoint="op102"
    ),
    Login(login="head", password="demo-head-1", name="Ирина Орлова", role=Role.SUPERVISOR, language="ru"),
    Login(login="admin", password="demo-admin-1", name="Игорь Соколов", role=Role.ADMIN, language="ru"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """What the demo has in one language."""

    language: str
    region: str
    clients: str
    outbound: tuple[str, str]  # the campaign's name, its script
    inbound: tuple[str, str]
    talking_point: str
    operator: str
    number: str
    unknown: str  # numbers of unknown callers, # for a digit


SETS: Final = (
    Set(
        language="ru",
        region="RU",
        clients="clients_ru.csv",
        outbound=("Повторный заказ воды", "water_reorder_ru.yaml"),
        inbound=("Входящие: вода", "water_inbound_ru.yaml"),
        talking_point="Позвоните тем, у кого заканчивается вода. При заказе от трёх бутылей доставка бесплатная.",
        operator="maria",
        number=NUMBER_RU,
        unknown="+7999555####",
    ),
    Set(
        language="en",
        region="GB",
        clients="clients_en.csv",
        outbound=("Yearly boiler check", "service_check_en.yaml"),
        inbound=("Incoming: boilers", "service_inbound_en.yaml"),
        talking_point="Their last check was a year ago. A visit next week takes forty minutes.",
        operator="emma",
        number=NUMBER_EN,
        unknown="+447700900###",
    ),
)

_PAST: Final = {
    "ru": (
        ("sale", "Заказали две бутыли, доставили во вторник"),
        ("could_not_talk", "За рулём, просили вечером"),
        ("no_answer", ""),
        ("refused_no_need", "Ещё есть запас"),
        ("sale", "Попросили помпу в подарок"),
        ("answering_machine", ""),
    ),
    "en": (
        ("sale", "Booked, engineer came on a Thursday"),
        ("could_not_talk", "At work, asked for the evening"),
        ("no_answer", ""),
        ("not_there", "The husband looks after the boiler"),
        ("sale", "Took the yearly cover"),
        ("answering_machine", ""),
    ),
}


class CannotSeed(RuntimeError):
    """The store does not take the demo's data; the message says which part."""


async def seed(store: Store, auth: Auth, now: Callable[[], datetime]) -> tuple[Login, ...]:
    """Fill an empty store; a store that was filled before is left as it is. Gives the logins to print."""
    if await store.read(lambda conn: campaigns.find(conn, SETS[-1].inbound[0])):
        return LOGINS
    ids: dict[str, int] = {}
    for who in LOGINS:
        made = await auth.create_user(
            login=who.login,
            name=who.name,
            password=who.password,
            role=who.role,
            language=who.language,
            endpoint=who.endpoint,
        )
        if isinstance(made, Refused) and made.code != "login_taken":
            raise CannotSeed(f"user {who.login}: {made.code}")
    for user in await auth.all_users():
        ids[user.login] = user.id
    for one in SETS:
        await _import(store, one, now, inbound=False)
        await store.write(lambda conn, one=one: _embellish(conn, one, ids[one.operator], now()))  # type: ignore[misc]
        await _import(store, one, now, inbound=True)
    return LOGINS


async def _import(store: Store, one: Set, now: Callable[[], datetime], *, inbound: bool) -> None:
    campaign, script = one.inbound if inbound else one.outbound
    order = ImportOrder(
        file=None if inbound else _HERE / "data" / one.clients,
        campaign=campaign,
        script=_HERE / "scripts" / script,
        line=one.language,
        language=one.language,
        region=one.region,
        inbound=inbound,
    )
    report = await run_import(store, order, now, lambda done: None)
    if report.failed or report.faults:
        raise CannotSeed(report.in_words())


def _embellish(conn: Connection, one: Set, operator_id: int, now: datetime) -> None:
    """What a campaign says of itself, and what was said with some of its clients in earlier months."""
    campaign = campaigns.find(conn, one.outbound[0])
    if campaign is None:
        raise CannotSeed(one.outbound[0])
    campaigns.change(conn, campaign.id, talking_point=one.talking_point)
    rng = random.Random(SEED)  # noqa: S311
    clients = conn.execute(
        select(entries.c.client_id).where(entries.c.campaign_id == campaign.id).order_by(entries.c.id)
    ).scalars()
    for number, client_id in enumerate(clients):
        for nth in range(rng.choice((0, 0, 1, 1, 2)) if number else 2):
            disposition, comment = rng.choice(_PAST[one.language])
            given = campaign.disposition(disposition)
            if given is None:
                raise CannotSeed(disposition)
            campaigns.save_result(
                conn,
                work_id=f"DEMO-{one.language}-{client_id}-{nth}",
                campaign=campaign,
                client_id=client_id,
                call_id=None,
                operator_id=operator_id,
                disposition=given,
                comment=comment,
                callback_at=None,
                now=now - timedelta(days=rng.randint(20, 300), minutes=rng.randint(0, 600)),
            )


def callers() -> list[Callers]:
    """Who calls in: clients of both lists, and people whom nobody knows."""
    return [
        Callers(dialled=one.number, known=tuple(_numbers(one)), unknown=one.unknown, unknown_share=0.3)
        for one in SETS
    ]


def _numbers(one: Set) -> Iterator[tuple[str, str]]:
    for row in read_rows(_HERE / "data" / one.clients):
        if isinstance(row, Row) and (number := normalise(row.phones[0][0], one.region)):
            yield number, ""


class DemoPbx:
    """The virtual PBX with the demo's clients, who are called and who call in, recorded into `recordings`."""

    def __init__(
        self, *, recordings: Path, secret: str, port: int = 0, rhythm: Rhythm | None = None, seed: int = SEED
    ) -> None:
        self._tape = WavTape(recordings)
        self._rng = random.Random(seed)  # noqa: S311
        self._rhythm = rhythm
        self._traffic: InboundTraffic | None = None
        self.pbx = VirtualPbx(
            ends=Population(seed=seed),
            account=Account(secret=secret),
            port=port,
            rng=self._rng,
            tape=self._tape,
        )

    @property
    def port(self) -> int:
        return self.pbx.port

    async def start(self) -> None:
        await self.pbx.start()
        self._traffic = InboundTraffic(
            lambda: self.pbx.exchange, self.pbx.clock, callers(), rng=self._rng, rhythm=self._rhythm
        )
        self._traffic.start()

    async def stop(self) -> None:
        """Hang everything up, and wait until the recordings are written."""
        if self._traffic is not None:
            self._traffic.stop()
        await self.pbx.stop()
        await asyncio.to_thread(self._tape.close)
