"""Which numbers a line may dial: its own country's ordinary ranges, and what an admin allowed besides. Default: no.

Nothing allows a dear number: premium, shared-cost and personal ones, satellites and international networks, and what
is too short to be a subscriber's (emergency and service numbers). Of an admin's ranges the longest that fits decides.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Annotated, Final

import phonenumbers
from msgspec import Meta, Struct

Prefix = Annotated[str, Meta(pattern=r"^\+[1-9]\d{0,14}$")]

_WHOLE: Final = phonenumbers.ValidationResult.IS_POSSIBLE
_KINDS: Final = phonenumbers.PhoneNumberType
_DEAR: Final = frozenset({_KINDS.PREMIUM_RATE, _KINDS.SHARED_COST, _KINDS.PERSONAL_NUMBER})
_FREEPHONE: Final = 800
# Codes of no country: satellites, international networks, international premium numbers; favourites of fraud.
_DEAR_NETWORKS: Final = frozenset(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS) - {_FREEPHONE}
_TELLING: Final = 2  # digits after the country's code without which a prefix says nothing
_TRIED: Final = 3
_FILLING: Final = "234567123456"
# Dear as a whole, the blocks too that no plan has given out yet and that a carrier may bill nevertheless.
_DEAR_BLOCKS: Final = ("+449", "+4470")
# Numbers that look like an own country's and lead elsewhere, at another's price, where no plan's leading digits say
# so; with the region whose own they are: Abkhazia ("" = no line's), Kazakhstan's reserve, Guernsey, Jersey, Man.
_LOOK_ALIKES: Final = {
    "+7840": "",
    "+7940": "",
    "+76": "KZ",
    "+441481": "GG",
    "+441534": "JE",
    "+447524": "IM",
    "+447624": "IM",
    "+447924": "IM",
}


class Range(Struct, frozen=True, kw_only=True):
    """Numbers that begin with `prefix`; `allowed` false takes them away from a wider range."""

    prefix: Prefix
    allowed: bool = True


class Reached(Struct, frozen=True, kw_only=True):
    """Where a number leads: `destination` is the line's region, or the prefix of the range that allowed it.

    `home`: as far as anybody's plan says, it stays in the line's own country.
    """

    destination: str
    home: bool


@functools.lru_cache(maxsize=1024)
def _parsed(e164: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None


@functools.lru_cache(maxsize=8192)
def forbidden(e164: str) -> str:
    """Why no line may dial it, "" if one may: `number_impossible`, `number_short` or `number_forbidden`."""
    number = _parsed(e164)
    if number is None:
        return "number_impossible"
    if e164 != f"+{number.country_code}{'0' * _zeros(number)}{number.national_number}":
        return "number_impossible"  # an extension, a dash, letters: nothing that goes to a wire
    if number.country_code in _DEAR_NETWORKS or e164.startswith(_DEAR_BLOCKS):
        return "number_forbidden"
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == phonenumbers.ValidationResult.TOO_SHORT:
        return "number_short"
    if possible != _WHOLE:
        return "number_impossible"
    return "number_forbidden" if phonenumbers.number_type(number) in _DEAR else ""


def _zeros(number: phonenumbers.PhoneNumber) -> int:
    if not number.italian_leading_zero:
        return 0
    return number.number_of_leading_zeros or 1


@functools.lru_cache(maxsize=8192)
def region_of(e164: str) -> str:
    """The country whose numbering plan knows the number, "" where none does or it is no E.164 number."""
    number = _parsed(e164)
    if number is None or not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.region_code_for_number(number) or ""


def look_alike(e164: str, region: str) -> str:
    """The prefix that tells that a number under the region's code is another country's; "" = nothing tells it.

    It holds for numbers that nobody was given, too: those are what thieves are paid for.
    """
    if not _own_code(e164, region):
        return ""
    for prefix, owner in _LOOK_ALIKES.items():
        if owner != region and e164.startswith(prefix):
            return prefix
    if region_of(e164) == region:
        return ""  # toll-free numbers are in many plans
    for pattern in _neighbours(region):
        found = pattern.match(e164)
        if found is not None:
            return found[0]
    return ""


@functools.cache
def _neighbours(region: str) -> tuple[re.Pattern[str], ...]:
    """What the numbers of the other countries under the region's code begin with, as far as plans say it."""
    code = phonenumbers.country_code_for_region(region)
    found = []
    for other in phonenumbers.region_codes_for_country_code(code):
        plan = phonenumbers.PhoneMetadata.metadata_for_region(other)
        if other != region and plan is not None and plan.leading_digits:
            found.append(re.compile(rf"\+{code}(?:{plan.leading_digits})"))
    return tuple(found)


def why_not(e164: str, region: str, ranges: Iterable[Range]) -> str | Reached:
    """Where the number leads, or the code of why a line of this region and these ranges may not dial it."""
    refused = forbidden(e164)
    if refused:
        return refused
    alike = look_alike(e164, region)
    least = _least(e164, region)
    fitting = [one for one in ranges if e164.startswith(one.prefix) and len(one.prefix) >= least]
    if fitting:
        longest = max(fitting, key=lambda one: (len(one.prefix), not one.allowed))
        home = not alike and _own_code(e164, region) and region_of(e164) in ("", region)
        return Reached(destination=longest.prefix, home=home) if longest.allowed else "number_not_allowed"
    if region_of(e164) == region and not alike:
        return Reached(destination=region, home=True)
    return "number_not_allowed"


def _least(e164: str, region: str) -> int:
    """How long a range must be to say anything of the number: what names a code means its main country alone.

    The main country is the line's own where the code is its own. What looks like it needs the prefix that tells it,
    another country's number (a mobile of Jersey, any of Canada) at least something beyond the code.
    """
    number = _parsed(e164)
    if number is None:
        return 0
    code = number.country_code or 0
    main = region if _own_code(e164, region) else phonenumbers.region_code_for_country_code(code)
    alike = look_alike(e164, main)
    if alike:
        return len(alike)
    if region_of(e164) in ("", main) or phonenumbers.number_type(number) == _KINDS.TOLL_FREE:
        return 0
    return len(f"+{code}") + 1


def _own_code(e164: str, region: str) -> bool:
    return e164.startswith(f"+{phonenumbers.country_code_for_region(region)}")


def leads_abroad(prefix: str, region: str) -> bool:
    """Whether numbers of this prefix may belong to another country than the line's: then two people must agree.

    Countries that share a code (+1, +7, +44) are told apart by trying what may follow the prefix; one that says
    next to nothing beyond the code may lead anywhere in it.
    """
    if not _own_code(prefix, region):
        return True
    code = phonenumbers.country_code_for_region(region)
    if len(phonenumbers.region_codes_for_country_code(code)) == 1:
        return False
    if len(prefix) < len(str(code)) + 1 + _TELLING:
        return True
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    plan = metadata.general_desc if metadata is not None else None
    lengths = plan.possible_length if plan is not None else ()
    for length in lengths:
        missing = length + len(str(code)) + 1 - len(prefix)
        tried_digits = min(max(missing, 0), _TRIED)
        for tail in range(10**tried_digits):
            written = f"{tail:0{tried_digits}d}" if tried_digits else ""
            tried = f"{prefix}{written}{_FILLING[: max(missing - tried_digits, 0)]}"
            if region_of(tried) not in ("", region) or look_alike(tried, region):
                return True
    return False
