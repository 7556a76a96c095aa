"""One connection against a server that answers late, wrongly, elsewhere, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from dialer.ami.connection import Connection
from dialer.ami.login import log_in
from dialer.ami.messages import Bridge, CoreShowChannels, CoreStatus, Hangup, Message
from dialer.ami.problems import CannotUse
from dialer.telephony.port import OrderInvalid, OrderUnknown, PbxAway, PbxRefused
from tests.ami import capture
from tests.ami.fake_server import ALLOWED, FakeAmi, channel_row, message, serving


@contextlib.asynccontextmanager
async def connected(fake: FakeAmi, **settings: object) -> AsyncIterator[tuple[Connection, list[Message]]]:
    events: list[Message] = []
    async with serving(fake):
        connection = Connection(fake.settings(**settings), events.append)
        try:
            await log_in(connection)
            yield connection, events
        finally:
            connection.close()


async def refusal(fake: FakeAmi, **settings: object) -> CannotUse:
    with pytest.raises(CannotUse) as caught:
        async with connected(fake, **settings):
            pass
    return caught.value


async def test_login_by_challenge_never_sends_the_secret() -> None:
    fake = FakeAmi()
    async with connected(fake) as (connection, _):
        assert connection.warnings == []
        assert b"Secret" not in fake.raw
        assert fake.of("Login")[0]["Events"] == "system,call,user"


async def test_plain_login() -> None:
    fake = FakeAmi()
    async with connected(fake, login="plain"):
        assert fake.of("Login")[0]["Secret"] == "secret"
        assert not fake.of("Challenge")


@pytest.mark.parametrize("login", ["challenge", "plain"])
async def test_a_wrong_secret_names_the_setting_and_is_lasting(login: str) -> None:
    cannot = await refusal(FakeAmi(secret="another"), login=login)
    assert cannot.code == "login_refused"
    assert cannot.lasting
    assert "pbx.secret" in str(cannot)
    assert "\n" not in str(cannot)
    assert "another" not in str(cannot)


async def test_too_many_rights() -> None:
    cannot = await refusal(FakeAmi(commands=(*ALLOWED, "Command", "MixMonitor")))
    assert cannot.code == "too_many_rights"
    assert cannot.lasting
    assert "command, system" in str(cannot)
    assert "write = originate,call,reporting" in str(cannot)


async def test_too_many_rights_may_be_allowed() -> None:
    async with connected(FakeAmi(commands=(*ALLOWED, "Command")), allow_excess_rights=True):
        pass


async def test_too_few_rights_name_the_class() -> None:
    cannot = await refusal(FakeAmi(commands=("Ping", "Bridge", "Redirect", "Hangup", "Setvar")))
    assert cannot.code == "too_few_rights"
    assert "originate, reporting" in str(cannot)


async def test_an_old_asterisk() -> None:
    assert (await refusal(FakeAmi(greeting="Asterisk Call Manager/2.10.6\r\n"))).code == "too_old"


async def test_something_else_at_the_port() -> None:
    cannot = await refusal(FakeAmi(greeting="HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert cannot.code == "not_ami"


async def test_nobody_at_the_port() -> None:
    fake = FakeAmi()
    async with serving(fake):
        pass
    with pytest.raises(CannotUse, match=r"pbx\.port"):
        await log_in(Connection(fake.settings(), lambda _: None))


async def test_a_server_that_says_nothing_ends_by_the_deadline() -> None:
    began = time.monotonic()
    cannot = await refusal(FakeAmi(greeting=""), connect_s=0.3)
    assert cannot.code == "unreachable"
    assert time.monotonic() - began < 2


async def test_without_fullybooted_a_warning() -> None:
    fake = FakeAmi()
    fake.answers["Login"] = lambda headers: message("Response: Success", f"ActionID: {headers['ActionID']}")
    async with connected(fake) as (connection, _):
        assert "lacks system" in connection.warnings[0]


async def test_an_order_without_an_answer_ends_by_its_deadline() -> None:
    fake = FakeAmi(answers={"Bridge": lambda _: None})
    async with connected(fake, action_s=0.2) as (connection, _):
        began = time.monotonic()
        with pytest.raises(OrderUnknown):
            await connection.ask(Bridge("1", "2"))
        assert time.monotonic() - began < 1
        await connection.ask(CoreStatus())


async def test_scenario_27_an_answer_without_an_action_id_fails_nobody() -> None:
    fake = FakeAmi(
        answers={"Bridge": lambda _: message("Response: Error", "Message: Missing action in request")}
    )
    async with connected(fake, action_s=0.3) as (connection, _):
        bridge = asyncio.create_task(connection.ask(Bridge("1", "2")))
        await fake.wait_for("Bridge")
        await connection.ask(Hangup("3"))
        with pytest.raises(OrderUnknown):
            await bridge
        assert sum(connection.oddities.values()) == 1


async def test_a_refusal_carries_asterisks_word() -> None:
    refuse = lambda h: message("Response: Error", f"ActionID: {h['ActionID']}", "Message: No such channel")  # noqa: E731
    async with connected(FakeAmi(answers={"Hangup": refuse})) as (connection, _):
        with pytest.raises(PbxRefused, match="No such channel"):
            await connection.ask(Hangup("1"))


async def test_the_end_of_the_connection_ends_every_order_at_once() -> None:
    fake = FakeAmi(answers={"Bridge": lambda _: None, "CoreShowChannels": lambda _: None})
    async with connected(fake, action_s=60, list_s=60) as (connection, _):
        asked = [asyncio.create_task(connection.ask(Bridge("1", str(n)))) for n in range(20)]
        asked.append(asyncio.create_task(connection.ask_list(CoreShowChannels())))  # type: ignore[arg-type]
        await fake.wait_for("Bridge", 20)
        await fake.wait_for("CoreShowChannels")
        fake.cut()
        async with asyncio.timeout(1):
            ends = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(end, OrderUnknown) for end in ends)
        with pytest.raises(PbxAway):
            await connection.ask(CoreStatus())


async def test_scenario_25_a_list_mixed_with_live_events_and_another_list() -> None:
    fake = FakeAmi()
    live = message("Event: Hangup", "Timestamp: 1.5", "Uniqueid: 9", "Cause: 16")

    def interleaved(headers: dict[str, str]) -> str | None:
        if len(fake.of("CoreShowChannels")) < 2:
            return None
        one, two = (each["ActionID"] for each in fake.of("CoreShowChannels"))
        heads = [message("Response: Success", f"ActionID: {id_}", "EventList: start") for id_ in (one, two)]
        rows = [channel_row(one, "a"), live, channel_row(two, "b"), channel_row(one, "c"), live]
        ends = [message("Event: CoreShowChannelsComplete", f"ActionID: {id_}") for id_ in (two, one)]
        return "".join(heads + rows + ends)

    fake.answers["CoreShowChannels"] = interleaved
    async with connected(fake) as (connection, events):
        one, two = await asyncio.gather(
            connection.ask_list(CoreShowChannels()), connection.ask_list(CoreShowChannels())
        )
        assert [row.get("Uniqueid") for row in one] == ["a", "c"]
        assert [row.get("Uniqueid") for row in two] == ["b"]
        assert [event.name for event in events] == ["FullyBooted", "Hangup", "Hangup"]


async def test_scenario_25_a_list_that_never_ends_is_thrown_away() -> None:
    fake = FakeAmi()
    fake.answers["CoreShowChannels"] = lambda h: (
        message("Response: Success", f"ActionID: {h['ActionID']}", "EventList: start")
        + channel_row(h["ActionID"], "a")
    )
    async with connected(fake, list_s=0.2) as (connection, _):
        with pytest.raises(OrderUnknown):
            await connection.ask_list(CoreShowChannels())


async def test_a_value_that_may_not_go_out_is_refused_before_the_wire() -> None:
    fake = FakeAmi()
    async with connected(fake) as (connection, _):
        with pytest.raises(OrderInvalid):
            await connection.ask(Hangup("1\r\nAction: Command"))
        assert not fake.of("Hangup")


async def test_the_same_order_twice_at_once_is_refused() -> None:
    fake = FakeAmi(answers={"Hangup": lambda _: None})
    async with connected(fake, action_s=0.3) as (connection, _):
        first = asyncio.create_task(connection.ask(Hangup("1"), action_id="x"))
        await fake.wait_for("Hangup")
        with pytest.raises(OrderInvalid):
            await connection.ask(Hangup("1"), action_id="x")
        with pytest.raises(OrderUnknown):
            await first


async def test_a_consumers_error_costs_one_event() -> None:
    fake = FakeAmi()
    seen: list[str] = []

    def consume(event: Message) -> None:
        seen.append(event.get("Uniqueid"))
        if event.get("Uniqueid") == "1":
            raise ValueError("a fault of the consumer")

    async with serving(fake):
        connection = Connection(fake.settings(), consume)
        await log_in(connection)
        fake.push(message("Event: Hangup", "Uniqueid: 1") + message("Event: Hangup", "Uniqueid: 2"))
        await connection.ask(CoreStatus())
        connection.close()
    assert seen == ["", "1", "2"]
    assert connection.consumer_errors == 1


async def test_scenario_20_silence_is_noticed_within_five_seconds() -> None:
    fake = FakeAmi()
    async with connected(fake) as (connection, _):
        fake.answers["Ping"] = lambda _: None
        began = time.monotonic()
        async with asyncio.timeout(8):
            reason = await connection.watch()
        assert 3.5 < time.monotonic() - began <= 5.1
        assert "silent" in reason


async def test_scenario_20_unanswered_pings_are_noticed_though_events_come() -> None:
    fake = FakeAmi()
    async with connected(fake, silence_s=1.5, ping_s=0.5) as (connection, _):
        fake.answers["Ping"] = lambda _: None
        watching = asyncio.create_task(connection.watch())

        async def chatter() -> None:
            while not watching.done():
                fake.push(message("Event: Hangup", "Uniqueid: 1"))
                await asyncio.wait({watching}, timeout=0.1)

        async with asyncio.timeout(6):
            await chatter()
            assert "ping" in await watching


async def test_a_live_connection_is_left_alone() -> None:
    fake = FakeAmi()
    async with connected(fake, silence_s=1.0, ping_s=0.5) as (connection, _):
        watching = asyncio.create_task(connection.watch())
        await fake.wait_for("Ping", 3 + 5)
        assert not watching.done()
        fake.cut()
        async with asyncio.timeout(1):
            await watching


@pytest.mark.parametrize("ahead", [-600.0, 0.0, 600.0])
async def test_scenario_37_the_clock_offset_comes_from_pings(ahead: float) -> None:
    async with connected(FakeAmi(clock_ahead_s=ahead)) as (connection, _):
        assert abs(connection.offset_s - ahead) < 0.05


@pytest.mark.parametrize("ahead", [-600.0, 0.0])
async def test_how_late_an_event_is_handed_on_is_told_by_its_own_time(ahead: float) -> None:
    fake = FakeAmi(clock_ahead_s=ahead)
    async with connected(fake) as (connection, events):
        events.clear()
        connection.take_worst_lag_s()
        for late in (0.0, 3.0, 1.0):
            stamp = f"Timestamp: {time.time() + ahead - late:.6f}"
            fake.push(message("Event: Hangup", stamp, "Uniqueid: 1", "Cause: 16"))
            await connection.ask(CoreStatus())
        assert connection.take_worst_lag_s() == pytest.approx(3.0, abs=0.2)
        assert connection.take_worst_lag_s() == 0.0
        assert connection.events >= len(events) == 3


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_a_capture_in_small_pieces_gives_its_events(step: int) -> None:
    recorded = capture.load("outbound_client_hangs_up")
    expected = [
        each.name
        for each in recorded.messages()
        if each.name and each.name not in ("DialBegin", "SoftHangupRequest")
    ]
    data = recorded.heard.decode("utf-8", "surrogateescape").split("\r\n", 1)[1]
    fake = FakeAmi()
    async with connected(fake) as (connection, events):
        events.clear()
        for start in range(0, len(data), step):
            fake.push(data[start : start + step])
        await connection.ask(CoreStatus())
        assert [event.name for event in events] == expected


async def test_scenario_24_a_flood_leaves_the_loop_to_others_and_loses_nothing() -> None:
    fake = FakeAmi()
    wanted = message("Event: Hangup", "Timestamp: 1.5", "Uniqueid: 1", "Cause: 16")
    noise = message(
        "Event: VarSet", "Timestamp: 1.5", "Uniqueid: 1", *(f"Header{n}: value" for n in range(12))
    )
    async with connected(fake, action_s=20) as (connection, events):
        events.clear()
        fake.push((noise * 9 + wanted) * 4_000)
        answer = asyncio.create_task(connection.ask(CoreStatus()))
        longest, last = 0.0, time.perf_counter()
        while not answer.done():
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        await answer
        assert len(events) == 4_000
        assert longest < 0.25
