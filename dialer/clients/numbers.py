"""Phone numbers: any written form to E.164, and E.164 to what a person reads."""

from __future__ import annotations

import functools

import phonenumbers

from dialer.telephony.ranges import forbidden

_FORMATS = phonenumbers.PhoneNumberFormat
_WHOLE = phonenumbers.ValidationResult.IS_POSSIBLE


def normalise(written: str, region: str) -> str | None:
    """E.164 of a number as somebody wrote it, or None if it can be no number of any country.

    `region` (ISO 3166, two letters) is where a number without a country code belongs. Russian habits are
    understood: 8 for +7, and ten digits alone.
    """
    try:
        number = phonenumbers.parse(written[:40], region)
    except phonenumbers.NumberParseException:
        return None
    # Not `is_possible_number`: it takes a number without its area code, which no line can dial.
    if phonenumbers.is_possible_number_with_reason(number) != _WHOLE:
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
    """Whether any line may dial it: not premium, shared-cost or personal, nor over a satellite.

    Which of these a line does dial, its own region and ranges say.
    """
    return not forbidden(e164)
