"""What the account of the virtual PBX may do, and how orders are read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.ami.encode import encode
from dialer.ami.messages import Context, Dialled, Originate, Variable
from dialer.simulation.actions import ACTIONS, COMMANDS, variables_of
from dialer.simulation.manager import read
from tests.simulation.replay import headers_of, load


def test_the_commands_are_those_that_asterisk_lists() -> None:
    answer = max((said for said in load("login_challenge").said), key=lambda said: len(said.headers))
    assert [name for name in answer.names if name not in ("Response", "ActionID")] == list(COMMANDS)


def test_every_action_is_one_that_asterisk_lists() -> None:
    known = {name.lower() for name in COMMANDS}
    assert set(ACTIONS) - known == {"command"}  # refused, and so not listed


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=200))
def test_reads_variables_as_our_encoder_writes_them(value: str) -> None:
    order = Originate(
        to=Dialled("PJSIP/{number}@trunk", "+79161234567"),
        leg="01JCW00000000000000000C001",
        context=Context.CLIENT,
        timeout_s=20,
        variables=((Variable.CALL, value), (Variable.RECORD, "1")),
    )
    text = encode(order, "a").decode()
    request = read(text.removesuffix("\r\n\r\n").split("\r\n"))
    assert variables_of(request.variables) == (("CW_CALL", value), ("CW_RECORD", "1"))
    assert request.get("channel") == "PJSIP/+79161234567@trunk"


@given(st.text(max_size=100))
def test_any_header_of_variables_can_be_read(header: str) -> None:
    assert len(variables_of([header])) >= 1


def test_headers_are_read_whatever_their_case() -> None:
    request = read(["action: Ping", "ActionID:7", "Variable: a=1", "variable: b=2"])
    assert (request.action, request.get("actionid")) == ("ping", "7")
    assert request.variables == ("a=1", "b=2")
    assert headers_of("A: b\r\nC: ") == (("A", "b"), ("C", ""))
