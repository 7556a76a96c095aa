"""Why the wire is our own: what panoramisk 1.4 does here, and what ours does in its place.

See docs/decisions/0001-own-ami-wire.md. Should a later version mend these, this file is the place where it shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest
from panoramisk import Manager
from panoramisk.actions import Action as TheirAction

from dialer.ami.encode import Unencodable, encode
from dialer.ami.messages import Context, Dialled, Message, Originate, SetVariable, Variable
from dialer.ami.protocol import Protocol
from tests.ami.asterisk_reader import read
from tests.ami.fake_server import FakeAmi, message, serving
from tests.ami.test_pbx import CALL, ORDER, at_hand


@contextlib.asynccontextmanager
async def theirs(fake: FakeAmi) -> AsyncIterator[Manager]:
    quiet = logging.getLogger("panoramisk in a test")
    quiet.disabled = True
    manager = Manager(
        host="127.0.0.1",
        port=fake.port,
        username="callwright",
        secret="secret",
        reconnect_timeout=0,
        log=quiet,
    )
    async with asyncio.timeout(20):
        await manager.connect()
        try:
            await fake.wait_for("Login")
            yield manager
        finally:
            manager.connection_lost = lambda exc: None  # it would reconnect after its own close
            manager.close()


async def test_a_line_break_in_a_value_adds_an_action() -> None:
    value = "Ivan\r\n\r\nAction: Originate\r\nChannel: PJSIP/+79990000000@trunk"
    actions = read(str(TheirAction({"Action": "Setvar", "Variable": "name", "Value": value})).encode())
    assert [action.get("Action") for action in actions] == ["Setvar", "Originate"]

    with pytest.raises(Unencodable):
        encode(SetVariable("1", Variable.CALL, value), "1")


async def test_a_comma_in_a_variable_runs_a_function() -> None:
    value = "Ivan,FILE(/tmp/x)=y"
    (action,) = read(str(TheirAction({"Action": "Originate", "Variable": f"name={value}"})).encode())
    assert action.variables == (("name", "Ivan"), ("FILE(/tmp/x)", "y"))

    order = Originate(
        to=Dialled("PJSIP/{number}@trunk", "+79161234567"), leg=CALL, context=Context.CLIENT, timeout_s=40,
        variables=((Variable.CALL, value),),
    )  # fmt: skip
    (action,) = read(encode(order, "1"))
    assert action.variables == (("CW_CALL", value),)


async def test_an_order_whose_answer_was_lost_is_placed_again() -> None:
    fake = FakeAmi(answers={"Originate": lambda _: None})
    async with serving(fake), theirs(fake) as manager:
        manager.send_action({"Action": "Originate", "Channel": "PJSIP/+79161234567@trunk", "Async": "true"})
        await fake.wait_for("Originate", 1)
        fake.cut()
        again = await fake.wait_for("Originate", 2)
        assert again["Channel"] == "PJSIP/+79161234567@trunk"

    fake = FakeAmi(answers={"Originate": lambda _: None})
    async with at_hand(fake) as (pbx, reports):
        dialling = asyncio.create_task(pbx.dial(ORDER))
        await fake.wait_for("Originate", 1)
        fake.cut()
        await asyncio.wait({dialling}, timeout=5)
        assert dialling.exception() is not None
        await reports.until(lambda all_: len(all_) >= 3)
        await pbx.snapshot()
        assert len(fake.of("Originate")) == 1


async def test_a_letter_cut_in_two_by_the_socket_is_lost() -> None:
    data = message("Event: Newchannel", "CallerIDName: Мария").encode()
    middle = data.index("М".encode()) + 1

    manager = Manager()
    names: list[str] = []
    manager.register_event("*", lambda _, event: names.append(event.calleridname))
    protocol = manager.config["protocol_factory"]()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = manager, "utf8"
    protocol.data_received(data[:middle])
    protocol.data_received(data[middle:])
    assert names == ["ария"]

    ours = Protocol()
    ours.feed(data[:middle])
    ours.feed(data[middle:])
    (event,) = ours.messages()
    assert isinstance(event, Message)
    assert event.get("CallerIDName") == "Мария"


async def test_an_error_in_a_callback_ends_the_connection() -> None:
    fake = FakeAmi()
    async with serving(fake), theirs(fake) as manager:
        ended = asyncio.Event()
        manager.connection_lost = lambda exc: ended.set()

        def callback(manager: Manager, event: object) -> None:
            raise ValueError("a fault of the consumer")

        manager.register_event("Hangup", callback)
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        fake.push(message("Event: Hangup", "Uniqueid: 1", "Cause: 16"))
        await ended.wait()
