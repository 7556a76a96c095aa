"""The one answer to "may this be dialled now", over a store: what is allowed counts, what is refused does not."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, insert, select

from dialer.auth.tables import users
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.events import LineAlarm
from dialer.store.engine import Store
from dialer.store.outbox import Envelope
from dialer.telephony import dialling
from dialer.telephony import service as calls
from dialer.telephony.dialling import Dial, Permit
from dialer.telephony.lines import Line
from dialer.telephony.policy import DEFAULT, SERVICE, Cap, Policy, Rate, Refused, Scope
from dialer.telephony.ranges import Range
from dialer.telephony.tables import dialled_days, dials, line_alarms, line_policies
from tests.fresh_store import fresh_store

LINE = Line(name="main", dial="PJSIP/{number}@trunk", caller_id="", region="RU", capacity=300, called=())
NUMBER = "+79161110200"


@dataclass
class Exchange:
    """A store with two operators and two campaigns, a clock by hand, and what was told to consoles."""

    store: Store
    line: Line = LINE
    now: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    told: list[object] = field(default_factory=list)
    campaigns: list[int] = field(default_factory=list)
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def listen(self, envelopes: Any) -> None:
        self.told += [envelope.event for envelope in envelopes if isinstance(envelope, Envelope)]

    async def policy(self, line: str = SERVICE, **values: Any) -> None:
        policy = msgspec.structs.replace(DEFAULT if line == SERVICE else Policy(), **values)

        def write(conn: Connection) -> None:
            conn.execute(line_policies.delete().where(line_policies.c.line == line))
            conn.execute(insert(line_policies), {"line": line, "policy": policy})

        await self.store.write(write)

    async def dial(self, number: str = NUMBER, **given: Any) -> Permit | Refused:
        wanted = {"operator_id": 1, "campaign_id": 1, "line": self.line} | given
        dial = Dial(id=f"L{next(self._serial)}", number=number, **wanted)
        return await self.store.write(lambda conn: dialling.permit(conn, dial, self.now))

    async def allowed(self, number: str = NUMBER, **given: Any) -> str:
        """The leg of a dial that has to be allowed."""
        answer = await self.dial(number, **given)
        assert isinstance(answer, Permit), answer
        rows = await self.rows(dials)
        return str(max(rows, key=lambda row: int(row.id[1:])).id)

    async def talked(self, leg: str, seconds: float) -> None:
        """The leg is answered now and over after so many seconds."""
        at = self.now
        await self.store.write(lambda conn: dialling.answered(conn, leg, at))
        self.now += timedelta(seconds=seconds)
        await self.over(leg)

    async def over(self, leg: str) -> None:
        at = self.now
        await self.store.write(lambda conn: dialling.ended(conn, leg, at))

    async def rows(self, table: Any) -> list[Any]:
        return await self.store.read(lambda conn: list(conn.execute(select(table))))


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    store = await fresh_store(tmp_path / "store.db")
    made = Exchange(store)

    def fill(conn: Connection) -> list[int]:
        for number in (1, 2):
            person = {"login": f"u{number}", "name": "", "password_hash": "", "role": "operator"}
            looks = {"language": "ru", "theme": "", "single_keys": True, "phone_kind": "sip", "endpoint": ""}
            conn.execute(
                insert(users), {**person, **looks, "id": number, "active": True, "created_at": made.now}
            )
        return [
            campaigns.create(
                conn, Campaign(name=name, language="ru", line="main", dispositions=OUTBOUND), made.now
            )
            for name in ("one", "two")
        ]

    made.campaigns = await store.write(fill)
    store.listen(made.listen)
    yield made
    await store.close()


def code(answer: Permit | Refused) -> str:
    return answer.code if isinstance(answer, Refused) else ""


async def test_what_is_allowed_is_written_down_and_what_is_refused_is_not(exchange: Exchange) -> None:
    assert isinstance(await exchange.dial(), Permit)
    assert code(await exchange.dial("+442079460018")) == "number_not_allowed"
    (row,) = await exchange.rows(dials)
    assert (row.line, row.number, row.destination, row.operator_id) == ("main", NUMBER, "RU", 1)


async def test_a_line_carries_what_it_can_whatever_is_asked(exchange: Exchange) -> None:
    exchange.line = replace(LINE, capacity=2)
    first = await exchange.allowed()
    await exchange.store.write(
        lambda conn: calls.start(
            conn, now=exchange.now, id="I1", direction="inbound", pbx="p", leg="I1", line="main", number=""
        )
    )
    refused = await exchange.dial(operator_id=2, campaign_id=2)
    assert (code(refused), await exchange.rows(line_alarms)) == ("line_full", [])
    await exchange.over(first)
    assert isinstance(await exchange.dial(operator_id=2, campaign_id=2), Permit)


async def test_a_cap_a_minute_says_when_it_may_be_had_again(exchange: Exchange) -> None:
    await exchange.policy(caps=(Cap(scope=Scope.OPERATOR, calls_per_minute=2),))
    begun = exchange.now
    for _ in range(2):
        await exchange.over(await exchange.allowed())
        exchange.now += timedelta(seconds=10)
    refused = await exchange.dial()
    assert isinstance(refused, Refused)
    assert refused.code == "cap_calls_per_minute"
    assert refused.params == {"scope": "operator", "key": "", "limit": 2}
    assert refused.until == begun + timedelta(seconds=60)
    assert isinstance(await exchange.dial(operator_id=2), Permit), "another's dials are another's"
    exchange.now = refused.until
    assert isinstance(await exchange.dial(), Permit)


@pytest.mark.parametrize(
    ("scope", "other"),
    [
        (Scope.OPERATOR, {"operator_id": 2}),
        (Scope.CAMPAIGN, {"campaign_id": 2}),
        (Scope.LINE, {"line": replace(LINE, name="second")}),
        (Scope.DESTINATION, {"number": "+37529123456"}),
    ],
)
async def test_each_scope_counts_its_own(exchange: Exchange, scope: Scope, other: dict[str, Any]) -> None:
    abroad = Range(prefix="+375")
    await exchange.policy(ranges=(abroad,), caps=(Cap(scope=scope, concurrent=1),))
    leg = await exchange.allowed()
    assert code(await exchange.dial()) == "cap_concurrent"
    other = {"number": "+375291234567"} if scope is Scope.DESTINATION else other
    assert isinstance(await exchange.dial(**other), Permit)
    await exchange.over(leg)
    assert isinstance(await exchange.dial(), Permit)


async def test_minutes_of_the_day_count_with_those_still_running(exchange: Exchange) -> None:
    await exchange.policy(caps=(Cap(scope=Scope.LINE, minutes_per_day=3),))
    await exchange.talked(await exchange.allowed(), 100)
    running = await exchange.allowed()
    at = exchange.now
    await exchange.store.write(lambda conn: dialling.answered(conn, running, at))
    exchange.now += timedelta(seconds=79)
    assert isinstance(await exchange.dial(), Permit)
    exchange.now += timedelta(seconds=1)
    refused = await exchange.dial()
    assert isinstance(refused, Refused)
    assert (refused.code, refused.until) == ("cap_minutes_per_day", dialling.tomorrow(exchange.now))
    exchange.now += timedelta(days=1)
    await exchange.over(running)
    assert code(await exchange.dial()) == "cap_minutes_per_day", "a call of a whole day is the day's"


async def test_money_is_counted_by_begun_minutes_and_the_next_one_must_fit(exchange: Exchange) -> None:
    rates = (Rate(prefix="+7", per_minute=1500), Rate(prefix="+7916", per_minute=2000))
    await exchange.policy(rates=rates, caps=(Cap(scope=Scope.CAMPAIGN, cost_per_day=7999),))
    await exchange.talked(await exchange.allowed(), 61)
    permit = await exchange.dial()
    assert isinstance(permit, Permit)
    assert permit.per_minute == 2000
    days = {row.scope: (row.seconds, row.cost) for row in await exchange.rows(dialled_days)}
    assert days == dict.fromkeys(("operator", "campaign", "line", "destination"), (61, 4000))
    await exchange.talked("L2", 60)
    assert code(await exchange.dial()) == "cap_cost_per_day"
    assert isinstance(await exchange.dial("+79031234567"), Permit), "a cheaper minute still fits"


async def test_an_end_that_is_told_twice_counts_once(exchange: Exchange) -> None:
    leg = await exchange.allowed()
    await exchange.talked(leg, 30)
    exchange.now += timedelta(seconds=30)
    await exchange.over(leg)
    assert {row.seconds for row in await exchange.rows(dialled_days)} == {30}


async def test_nobody_answers_nothing_is_counted(exchange: Exchange) -> None:
    await exchange.over(await exchange.allowed())
    assert await exchange.rows(dialled_days) == []


async def test_a_stop_refuses_and_is_no_alarm(exchange: Exchange) -> None:
    await exchange.policy("main", stopped=True)
    assert code(await exchange.dial()) == "line_stopped"
    assert isinstance(await exchange.dial(line=replace(LINE, name="second")), Permit)
    await exchange.policy(stopped=True)
    assert code(await exchange.dial(line=replace(LINE, name="second"))) == "dialling_stopped"
    assert await exchange.rows(line_alarms) == []


async def test_a_cap_that_is_hit_is_told_at_once_and_then_counted(exchange: Exchange) -> None:
    await exchange.policy(caps=(Cap(scope=Scope.OPERATOR, concurrent=0),))
    for _ in range(5):
        assert code(await exchange.dial()) == "cap_concurrent"
    assert exchange.told == [LineAlarm(code="cap_concurrent", line="main", operator_id=1)]
    (row,) = await exchange.rows(line_alarms)
    assert (row.times, row.params) == (5, {"scope": "operator", "key": "", "limit": 0})


async def test_clients_see_the_campaigns_numbers_in_turn_and_the_same_one_again(exchange: Exchange) -> None:
    own = ("+74950000001", "+74950000002", "+74950000003")
    await exchange.policy("main", caller_ids=own)

    async def shown(number: str, *wanted: str) -> str:
        permit = await exchange.dial(number, caller_ids=wanted)
        assert isinstance(permit, Permit)
        exchange.now += timedelta(seconds=30)
        for row in await exchange.rows(dials):
            await exchange.over(row.id)
        return permit.caller_id

    numbers = [f"+7916111020{digit}" for digit in range(4)]
    assert [await shown(number) for number in numbers] == [*own, own[0]]
    assert await shown(numbers[1]) == own[1], "called again, the same number"
    assert await shown("+79161110300", own[0], own[2], "+74959999999") in (own[0], own[2])
    await exchange.policy("main", caller_ids=own, rotation="round_robin")
    assert await shown(numbers[3]) != await shown(numbers[3])


async def test_a_call_abroad_is_bounded_by_what_the_day_has_left(exchange: Exchange) -> None:
    await exchange.policy(
        ranges=(Range(prefix="+7840"), Range(prefix="+375")),
        caps=(Cap(scope=Scope.ABROAD, minutes_per_day=30),),
    )
    first = await exchange.dial("+78401234567")
    assert isinstance(first, Permit) and first.most_s == 900
    second = await exchange.dial("+78401234568")
    assert isinstance(second, Permit) and second.most_s == 600
    third = await exchange.dial("+78401234569")
    assert isinstance(third, Permit) and third.most_s == 300
    full = await exchange.dial("+78401234560")
    assert code(full) == "cap_minutes_per_day" and isinstance(full, Refused) and full.until is None
    elsewhere = await exchange.dial("+375291234567")
    assert isinstance(elsewhere, Permit) and elsewhere.most_s == 900, "each destination has its own"
    for leg in ("L1", "L2"):
        await exchange.over(leg)
    again = await exchange.dial("+78401234560")
    assert isinstance(again, Permit) and again.most_s == 750, "what was not used is there again"
    home = await exchange.dial()
    assert isinstance(home, Permit) and home.most_s is None, "nobody is cut off at home"
