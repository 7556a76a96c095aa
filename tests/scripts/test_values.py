from __future__ import annotations

import pytest
from hypothesis import given

from dialer.scripts.model import Field, FieldKind, Value
from dialer.scripts.values import Invalid, Typed, clean, from_text, in_words, raw
from tests.scripts.strategies import GOOD, KINDS, typed


def field(kind: FieldKind) -> Field:
    return Field(id="f", label="F", kind=kind, choices=("a", "b"))


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        ("number", "1 000,50", "1000.50"),
        ("number", "\u22125", "-5"),
        ("number", 12.0, "12"),
        ("money", "99,9", "99.9"),
        ("date", "5.3.2026", "2026-03-05"),
        ("time", "9:05:00", "09:05"),
        ("phone", "+7 (912) 345-67-89", "+79123456789"),
        ("choices", ["b", "a", "b"], ["a", "b"]),
        ("choices", "a", ["a"]),
        ("yes_no", False, False),
        ("text", "  a b ", "a b"),
        ("text", "   ", None),
        ("choices", [], None),
        ("email", "anna@example.org", "anna@example.org"),
    ],
)
def test_what_is_kept(kind: FieldKind, written: Typed, kept: Value) -> None:
    assert clean(field(kind), raw(written)) == kept


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("number", "12a"),
        ("number", "1e5"),
        ("number", "\u0661\u0662"),
        ("number", True),
        ("money", "-1"),
        ("money", "1.234"),
        ("date", "2026-02-30"),
        ("date", "0000-01-01"),
        ("date", "12/03/2026"),
        ("time", "24:00"),
        ("time", "9:60"),
        ("choice", "c"),
        ("choices", ["a", "c"]),
        ("yes_no", "yes"),
        ("phone", "call me"),
        ("phone", "+"),
        ("email", "anna@@example.org"),
        ("email", "anna"),
        ("text", ["a"]),
    ],
)
def test_what_is_not(kind: FieldKind, written: Typed) -> None:
    with pytest.raises(Invalid):
        clean(field(kind), raw(written))


@given(written=typed)
def test_anything_typed_is_kept_or_refused_and_clean_is_stable(written: Typed) -> None:
    for kind in KINDS:
        try:
            kept = clean(field(kind), raw(written))
        except Invalid:
            continue
        assert clean(field(kind), kept) == kept
        for language in ("ru", "en"):
            assert isinstance(in_words(field(kind), kept, language), str)


def test_the_good_values_are_good() -> None:
    for kind, values in GOOD.items():
        for value in values:
            assert clean(field(kind), raw(value)) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("yes_no", "Yes", True), ("yes_no", "?", None), ("choices", "b, a", ["a", "b"]), ("text", " x ", "x")],
)
def test_a_default_written_as_text(kind: FieldKind, text: str, value: Value) -> None:
    assert from_text(field(kind), text) == value


def test_values_in_words() -> None:
    assert in_words(field("date"), "2026-03-12", "ru") == "12 марта 2026"
    assert in_words(field("date"), "12.0", "ru") == "12.0"
    assert in_words(field("money"), "99.90", "ru") == "99,90"
    assert in_words(field("yes_no"), True, "en") == "yes"
