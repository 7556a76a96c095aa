"""Numbers as people write them, as the wire takes them, and the ones that an ordinary line must not dial."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.clients.numbers import may_dial, national, normalise

E164 = re.compile(r"\+[1-9]\d{2,14}")
KINDS = phonenumbers.PhoneNumberType
NETWORKS = sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS - {800})
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.mark.parametrize(
    ("written", "region", "e164"),
    [
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("89123456789", "RU", "+79123456789"),
        ("+7 912 345 67 89", "RU", "+79123456789"),
        ("7 912 345 67 89", "RU", "+79123456789"),
        ("9123456789", "RU", "+79123456789"),
        ("(495)123-45-67", "RU", "+74951234567"),
        ("8.912.345.67.89", "RU", "+79123456789"),
        ("\u00a08 912 345\u201167\u201189 ", "RU", "+79123456789"),
        ("8 (912) 345-67-89 доб. 12", "RU", "+79123456789"),
        ("+7 912 345 67 89 ext. 5", "RU", "+79123456789"),
        ("+7(912)3456789;ext=1", "RU", "+79123456789"),
        ("тел. 8 912 345 67 89", "RU", "+79123456789"),
        ("tel:+79123456789", "RU", "+79123456789"),
        ("8-800-555-35-35", "RU", "+78005553535"),
        ("8 10 44 20 7946 0018", "RU", "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("+44 (0)20 7946 0018", "RU", "+442079460018"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("+1 202 555 0123", "RU", "+12025550123"),
        ("87011234567", "KZ", "+77011234567"),
    ],
)
def test_any_usual_form(written: str, region: str, e164: str) -> None:
    assert normalise(written, region) == e164


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("", "RU"),
        ("нет", "RU"),
        ("12", "RU"),
        ("112", "RU"),
        ("112", "DE"),
        ("911", "US"),
        ("555-0123", "US"),  # without its area code
        ("+7", "RU"),
        ("+7 912 345 67 8", "RU"),
        ("+7 912 345 67 890123456789", "RU"),
        ("+999 123 456 789", "RU"),
        ("8 912 345 67 89, 8 912 000 00 00", "RU"),  # two numbers in one cell
        ("79123456789@example.org", "RU"),
        ("${EXTEN}", "RU"),
        ("\x00", "RU"),
    ],
)
def test_what_can_be_no_number(written: str, region: str) -> None:
    assert normalise(written, region) is None


@given(st.text(max_size=60), st.sampled_from(["RU", "GB", "US", "DE", "KZ"]))
def test_what_comes_out_is_safe_on_the_wire_or_nothing(written: str, region: str) -> None:
    number = normalise(written, region)
    assert number is None or E164.fullmatch(number)


@given(st.integers(9000000000, 9999999999), st.sampled_from(["8", "+7", "7", ""]), st.data())
def test_spaces_and_signs_say_nothing(national_number: int, prefix: str, data: st.DataObject) -> None:
    digits = str(national_number)
    signs = [data.draw(st.sampled_from(["", " ", "-", "  ", "."])) for _ in digits]
    written = prefix + " " + "".join(sign + digit for sign, digit in zip(signs, digits, strict=True))
    assert normalise(written, "RU") == f"+7{digits}"


@given(st.sampled_from(REGIONS))
def test_a_normal_number_is_its_own_form(region: str) -> None:
    example = phonenumbers.example_number(region)
    if example is None:
        return
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert normalise(e164, "RU") == e164
    assert normalise(national(e164), region) == e164, "what a person reads can be typed in again"


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+79123456789", "+7 912 345-67-89"),
        ("+442079460018", "020 7946 0018"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_how_a_number_is_shown(e164: str, shown: str) -> None:
    assert national(e164) == shown


@pytest.mark.parametrize("kind", [KINDS.PREMIUM_RATE, KINDS.SHARED_COST, KINDS.PERSONAL_NUMBER])
def test_no_dear_number_of_any_country_is_dialled(kind: int) -> None:
    examples = [phonenumbers.example_number_for_type(region, kind) for region in REGIONS]
    dear = [
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        for example in examples
        if example is not None and phonenumbers.number_type(example) == kind
    ]
    assert len(dear) > 10
    assert [number for number in dear if may_dial(number)] == []


@pytest.mark.parametrize("code", NETWORKS)
def test_no_satellite_or_international_network_is_dialled(code: int) -> None:
    example = phonenumbers.example_number_for_non_geo_entity(code)
    assert example is not None
    assert not may_dial(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))


@pytest.mark.parametrize(
    "e164", ["+79123456789", "+74951234567", "+78005553535", "+442079460018", "+447700900123", "+80012345678"]
)
def test_ordinary_numbers_are_dialled(e164: str) -> None:
    assert may_dial(e164)


@pytest.mark.parametrize(
    "text", ["", "79123456789", "+", "112", "+7", "+112", "sip:a@b", "500&PJSIP/itsp/1416"]
)
def test_what_is_no_number_is_not_dialled(text: str) -> None:
    assert not may_dial(text)
