"""The encoder against a model of Asterisk's own reader: what goes in comes out, and nothing beside it."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dialer.ami
from dialer.ami.encode import MAX_LINE, Unencodable, encode
from dialer.ami.messages import (
    Action,
    Bridge,
    Context,
    CoreStatus,
    Dialled,
    Endpoint,
    Extension,
    GetVariable,
    Hangup,
    Login,
    Mute,
    Originate,
    PauseRecording,
    Ping,
    PlayDigit,
    Redirect,
    RedirectBoth,
    SetVariable,
    Variable,
)
from tests.ami.asterisk_reader import read, separate

LINE = "PJSIP/{number}@trunk"
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\\\",()[]=${}^&|;:@/ \t\x1b'`<>%#~!?*"),
        st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]),
        st.sampled_from("\udc80\udcff"),
    ),
    max_size=120,
)
ENDS = ["\r", "\n", "\0", "\r\n", "x\r\nAction: Command\r\nCommand: core stop now"]


def order(value: str) -> Originate:
    return Originate(
        to=Dialled(LINE, "+79161234567"),
        leg="01JCW00000000000000000C001",
        context=Context.CLIENT,
        timeout_s=40,
        caller_id="+74951234567",
        variables=((Variable.CALL, value), (Variable.RECORD, "1")),
    )


def comes_back(value: str) -> None:
    (action,) = read(encode(order(value), "cw-1"))
    assert action.variables == (("CW_CALL", value), ("CW_RECORD", "1"))
    assert len(action.headers) == 12
    assert action.get("Channel") == "PJSIP/+79161234567@trunk"
    assert action.get("ActionID") == "cw-1"


@settings(max_examples=1_000, deadline=None)
@given(HOSTILE)
@example("Ivan,FILE(/tmp/x)=y")
@example('a\\",b')
@example("]],SHELL(id)=1,[[")
@example('"')
@example("\\")
def test_a_variable_comes_back_as_it_went_and_alone(value: str) -> None:
    comes_back(value)


@pytest.mark.parametrize("values", [1_000, pytest.param(10_000, marks=pytest.mark.many)])
def test_values_made_of_what_asterisk_minds(values: int) -> None:
    rng = random.Random(20)
    pieces = [
        '"',
        "\\",
        ",",
        "(",
        ")",
        "[",
        "]",
        "=",
        "${",
        "}",
        ";",
        "&",
        " ",
        "\t",
        "a",
        "Ы",
        "\udcff",
        "FILE(",
        "CW_RECORD=0",
    ]
    for _ in range(values):
        comes_back("".join(rng.choices(pieces, k=rng.randrange(40))))


@settings(max_examples=500, deadline=None)
@given(HOSTILE.filter(lambda value: value[:1] > " " or not value))
def test_setvar_takes_its_value_whole(value: str) -> None:
    (action,) = read(encode(SetVariable("1795368676.1", Variable.CALL, value), "cw-1"))
    assert action.get("Value") == value
    assert len(action.headers) == 5


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40), st.sampled_from(ENDS), st.text(max_size=40))
def test_a_line_break_goes_nowhere(before: str, end: str, after: str) -> None:
    value = before + end + after
    actions: list[Action] = [
        order(value),
        SetVariable("1", Variable.CALL, value),
        SetVariable(value, Variable.CALL, "x"),
        Login(user=value, secret="x"),
        Login(user="x", secret=value),
        Login(user="x", key=value),
        Login(user="x", secret="x", events=value),
        Hangup(value),
        Bridge(value, "1"),
        Bridge("1", value),
        Redirect(value, Context.CLIENT),
        Mute(value, True),
        PauseRecording(value, True),
        PlayDigit(value, "1"),
        PlayDigit("1", value),
        RedirectBoth((value, "1"), Context.ROOM, (Extension.OUT, Extension.OUT)),
        RedirectBoth(("1", value), Context.ROOM, (Extension.OUT, Extension.OUT)),
        GetVariable(value, Variable.CALL),
        Originate(to=Endpoint(value), leg="1", context=Context.SESSION, timeout_s=1),
        Originate(to=Endpoint("op"), leg=value, context=Context.SESSION, timeout_s=1),
        Originate(to=Dialled(LINE, value), leg="1", context=Context.CLIENT, timeout_s=1),
        Originate(to=Dialled(value, "123"), leg="1", context=Context.CLIENT, timeout_s=1),
        Originate(to=Endpoint("op"), leg="1", context=Context.SESSION, timeout_s=1, caller_id=value or "\n"),
    ]
    for action in actions:
        with pytest.raises(Unencodable):
            encode(action, "cw-1")
    with pytest.raises(Unencodable):
        encode(Ping(), value)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "12",
        "+",
        "1" * 16,
        "123&PJSIP/x",
        "123@trunk",
        "123/1",
        "١٢٣",
        "123 ",
        " 123",
        "123\n",
        "12a",
        "++123",
        "1+2",
    ],
)
def test_only_digits_are_dialled(number: str) -> None:
    with pytest.raises(Unencodable) as refused:
        encode(Originate(to=Dialled(LINE, number), leg="1", context=Context.CLIENT, timeout_s=40), "1")
    assert number not in str(refused.value) or number in ("", "+")


@pytest.mark.parametrize(
    "line",
    [
        "PJSIP/{number}&SIP/1",
        "PJSIP/trunk",
        "{number}",
        "Local/{number}@x;y",
        "PJSIP/{number}@a,b",
        "PJSIP/{x}",
        "PJSIP/{number}@{digits}",
        "Agent/{number}",
    ],
)
def test_a_line_is_one_place(line: str) -> None:
    with pytest.raises(Unencodable):
        encode(
            Originate(to=Dialled(line, "+79161234567"), leg="1", context=Context.CLIENT, timeout_s=40), "1"
        )


@pytest.mark.parametrize(
    ("line", "channel"),
    [
        ("PJSIP/{number}@trunk", "PJSIP/+79161234567@trunk"),
        ("PJSIP/trunk/sip:{digits}@10.0.0.1:5060", "PJSIP/trunk/sip:79161234567@10.0.0.1:5060"),
        ("DAHDI/g1/{digits}", "DAHDI/g1/79161234567"),
    ],
)
def test_lines_that_are_had(line: str, channel: str) -> None:
    order_ = Originate(to=Dialled(line, "+79161234567"), leg="1", context=Context.CLIENT, timeout_s=40)
    assert read(encode(order_, "1"))[0].get("Channel") == channel


@pytest.mark.parametrize("line", ["Local/{number}@out/n", "local/{digits}@out"])
def test_no_line_leads_through_a_local_channel(line: str) -> None:
    order_ = Originate(to=Dialled(line, "+79161234567"), leg="1", context=Context.CLIENT, timeout_s=40)
    with pytest.raises(Unencodable, match="other half"):
        encode(order_, "1")


@pytest.mark.parametrize("length", [1000, 1023 - len("Value: "), 1024 - len("Value: "), 5000])
def test_a_line_fits_asterisks_buffer(length: int) -> None:
    action = SetVariable("1", Variable.CALL, "x" * length)
    if length + len("Value: ") <= MAX_LINE:
        assert read(encode(action, "1"))[0].get("Value") == "x" * length
    else:
        with pytest.raises(Unencodable):
            encode(action, "1")


def test_a_variable_that_is_not_ours_cannot_be_named() -> None:
    for name in ("FILE(/etc/passwd)", "CW_CALL,FILE(x)", "__CW_CALL", ""):
        with pytest.raises(ValueError, match="is not a valid Variable"):
            encode(SetVariable("1", name, "x"), "1")  # type: ignore[arg-type]


def test_a_context_that_is_not_ours_cannot_be_named() -> None:
    with pytest.raises(ValueError, match="is not a valid Context"):
        encode(Redirect("1", "default"), "1")  # type: ignore[arg-type]


def test_secrets_do_not_show() -> None:
    assert "hush" not in repr(Login(user="a", secret="hush", key="hush"))


def test_the_plain_ones() -> None:
    assert encode(CoreStatus(), "cw-7") == b"Action: CoreStatus\r\nActionID: cw-7\r\n\r\n"


# --- the model of the reader is no pushover -----------------------------------------------------------------


def test_the_model_is_fooled_by_what_fools_asterisk() -> None:
    (action,) = read(b"Action: Originate\r\nVariable: name=Ivan,FILE(/tmp/x)=y\r\n\r\n")
    assert action.variables == (("name", "Ivan"), ("FILE(/tmp/x)", "y"))
    assert len(read(b"Action: Ping\r\nX: a\r\n\r\nAction: Command\r\n\r\n")) == 2
    assert separate('a,"b,c",(d,e),[f,g],h\\,i', ",", 64) == ["a", "b,c", "(d,e)", "[f,g]", "h,i"]
    assert len(separate(",".join(f"v{n}=1" for n in range(100)), ",", 64)) == 64


# --- and nobody goes round the encoder ----------------------------------------------------------------------

WRITES = {"write", "writelines", "sendall", "send", "sendto", "write_eof", "drain"}


def test_one_place_writes_to_the_socket_and_what_it_writes_is_encoded() -> None:
    folder = Path(dialer.ami.__path__[0])
    found = [
        (path.name, ast.unparse(node))
        for path in folder.glob("**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
    ]
    assert found == [("connection.py", "transport.write(data)")]
    source = (folder / "connection.py").read_text(encoding="utf-8")
    assert re.findall(r"\bdata = (.*)", source) == ["encode(action, action_id)"]


def test_nobody_else_in_the_product_speaks_ami() -> None:
    product = Path(dialer.ami.__path__[0]).parent
    outside = [path for path in product.glob("**/*.py") if path.parent.name not in ("ami", "simulation")]
    assert outside
    for path in outside:
        assert not re.search(r"\bAction: [A-Z]|\bUniqueid\b", path.read_text(encoding="utf-8")), path
