"""Which line a call from outside belongs to, and how a line may be dialled."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.lines import Line, line_called, wrong_dial


def line(name: str, *called: str) -> Line:
    return Line(name=name, dial="PJSIP/{number}@trunk", caller_id="", region="RU", capacity=1, called=called)


LINES = {
    one.name: one
    for one in (line("moscow", "+74951234567", "74957654321"), line("any"), line("tver", "4822"))
}


@pytest.mark.parametrize(
    ("dialled", "name"),
    [
        ("+74951234567", "moscow"),
        ("74951234567", "moscow"),
        ("+74957654321", "moscow"),
        ("4822", "tver"),
        ("+78120000000", "any"),
        ("", "any"),
        ("s", "any"),
    ],
)
def test_the_line_that_owns_the_number(dialled: str, name: str) -> None:
    found = line_called(LINES, dialled)
    assert found is not None
    assert found.name == name


def test_a_number_of_nobodys_is_nobodys() -> None:
    assert line_called({"moscow": LINES["moscow"]}, "+78120000000") is None
    assert line_called({}, "+78120000000") is None


def test_of_two_lines_that_take_any_number_the_first_does() -> None:
    found = line_called({"one": line("one"), "two": line("two")}, "1")
    assert found is not None
    assert found.name == "one"


@given(st.text(max_size=60))
def test_no_way_to_dial_carries_anything_but_one_channel(dial: str) -> None:
    """What separates arguments, channels and options of a dialplan never passes."""
    if not wrong_dial(dial):
        assert not re.search(r"[&,;|()\[\]\\\"'$\s]", dial)
        assert dial.count("{") == 1


@pytest.mark.parametrize(
    "sign", ["&", ",", ";", "|", "(", ")", "\\", '"', "'", "$", " ", "\n", "\x00", "[", "]"]
)
def test_no_sign_of_the_dialplan_passes(sign: str) -> None:
    for dial in (
        f"PJSIP/{{number}}{sign}@trunk",
        f"PJSIP/{sign}{{number}}@trunk",
        f"PJSIP/{{number}}@trunk{sign}",
    ):
        assert wrong_dial(dial)
