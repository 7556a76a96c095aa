"""Phone numbers: any written form to E.164, and E.164 to what a person reads."""

from __future__ import annotations

import functools

import phonenumbers

_FORMATS = phonenumbers.PhoneNumberFormat


def normalise(written: str, region: str) -> str | None:
    """E.164 of a number as somebody wrote it, or None if it can be no number of any country.

    `region` (ISO 3166, two letters) is where a number without a country code belongs. Russian habits are
    understood: 8 for +7, and ten digits alone.
    """
    try:
        number = phonenumbers.parse(written[:40], region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, _FORMATS.E164)


@functools.lru_cache(maxsize=4096)
def national(e164: str) -> str:
    """The number as a person of its country writes it; the text itself where it is no E.164 number."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    style = _FORMATS.INTERNATIONAL if number.country_code == 7 else _FORMATS.NATIONAL
    return phonenumbers.format_number(number, style)


def may_dial(e164: str) -> bool:
    """Whether an ordinary line may dial it: a valid number that is neither premium nor shared-cost."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return False
    kinds = phonenumbers.PhoneNumberType
    return phonenumbers.is_possible_number(number) and phonenumbers.number_type(number) not in (
        kinds.PREMIUM_RATE,
        kinds.SHARED_COST,
    )
