"""Which numbers a line dials: 10,000 that anybody may come up with, bad ranges first of all."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.telephony.ranges import Range, Reached, forbidden, leads_abroad, look_alike, region_of, why_not

KINDS = phonenumbers.PhoneNumberType
DEAR = (KINDS.PREMIUM_RATE, KINDS.SHARED_COST, KINDS.PERSONAL_NUMBER)
NETWORKS = set(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS) - {800}
BAD = (
    "+881",
    "+882",
    "+883",
    "+979",
    "+870",
    "+878",
    "+1900",
    "+1809",
    "+1876",
    "+7809",
    "+7803",
    "+44909",
    "+4470",
)
BEGINNINGS = ("+", "+7", "+79", "+7495", "+1", "+1212", "+44", "+4420", "+375", "112", "+7112", "+102")
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def _code(region: str) -> int:
    return phonenumbers.country_code_for_region(region)


def numbers(seed: int, count: int) -> list[str]:
    """Bad ranges, anything at all, and good ones; as a thief, a typing error and a client list would give them."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        begin = rng.choice(
            [*BAD, "+", "+7", "+79", "+7495", "+1", "+1212", "+44", "+4420", "+375", "112", "+7112", "+102"]
        )
        made.append(begin + "".join(rng.choice("0123456789") for _ in range(rng.randrange(0, 13))))
    return made


@pytest.mark.parametrize("region", ["RU", "GB", "US", "DE", "KZ"])
def test_of_10000_numbers_none_is_dialled_outside_the_allow_list(region: str) -> None:
    dialled = [n for n in numbers(1, 10_000) if isinstance(why_not(n, region, ()), Reached)]
    for number in dialled:
        parsed = phonenumbers.parse(number, None)
        assert phonenumbers.is_valid_number_for_region(parsed, region), number
        assert phonenumbers.number_type(parsed) not in DEAR
        assert parsed.country_code not in NETWORKS
        assert not number.startswith(("+881", "+882", "+979", "+1900", "+1809", "+1876", "+7840", "+7940"))
    assert len(dialled) > 20 or region in ("DE", "KZ"), "the ordinary ones are dialled"


def test_an_admin_who_allows_everything_still_gets_nothing_dear() -> None:
    everything = [Range(prefix=f"+{digit}") for digit in range(1, 10)]
    for number in numbers(2, 10_000):
        if isinstance(why_not(number, "RU", everything), Reached):
            parsed = phonenumbers.parse(number, None)
            assert parsed.country_code not in NETWORKS
            assert phonenumbers.number_type(parsed) not in DEAR
            assert phonenumbers.is_possible_number(parsed)


@pytest.mark.parametrize(
    ("number", "region", "said"),
    [
        ("+79161110200", "RU", Reached(destination="RU", home=True)),
        ("+74951234567", "RU", Reached(destination="RU", home=True)),
        ("+78005553535", "RU", Reached(destination="RU", home=True)),
        ("+77012345678", "RU", "number_not_allowed"),  # Kazakhstan, under the same code
        ("+79401234567", "RU", "number_not_allowed"),  # looks like a Russian mobile, and is none
        ("+442079460018", "RU", "number_not_allowed"),
        ("+447911123456", "GB", "number_not_allowed"),  # Guernsey
        ("+18091234567", "US", "number_not_allowed"),  # Dominican Republic
        ("+78095012345", "RU", "number_forbidden"),
        ("+881612345678", "RU", "number_forbidden"),
        ("+882345678901", "RU", "number_forbidden"),
        ("+979123456789", "RU", "number_forbidden"),
        ("+7112", "RU", "number_short"),
        ("+112", "RU", "number_short"),
        ("112", "RU", "number_impossible"),
        ("", "RU", "number_impossible"),
        ("+7916111020x", "RU", "number_impossible"),
        ("+79161110200;ext=5", "RU", "number_impossible"),
        ("+7 916 111-02-00", "RU", "number_impossible"),
        ("+390236618300", "IT", Reached(destination="IT", home=True)),  # its leading zero belongs to it
        ("+391", "IT", "number_impossible"),
    ],
)
def test_one_by_one(number: str, region: str, said: str | Reached) -> None:
    assert why_not(number, region, ()) == said


def test_the_longest_range_that_fits_decides_and_a_refusal_wins_a_draw() -> None:
    ranges = (Range(prefix="+375"), Range(prefix="+37529", allowed=False), Range(prefix="+375291"))
    assert why_not("+375291234567", "RU", ranges) == Reached(destination="+375291", home=False)
    assert why_not("+375292345678", "RU", ranges) == "number_not_allowed"
    assert why_not("+375171234567", "RU", ranges) == Reached(destination="+375", home=False)
    twice = (Range(prefix="+375"), Range(prefix="+375", allowed=False))
    assert why_not("+375171234567", "RU", twice) == "number_not_allowed"
    assert why_not("+375171234567", "RU", twice[::-1]) == "number_not_allowed"


def test_a_range_may_take_own_numbers_away_and_give_unknown_ones() -> None:
    assert why_not("+79161110200", "RU", (Range(prefix="+7916", allowed=False),)) == "number_not_allowed"
    plays = Range(prefix="+447700900")
    assert why_not("+447700900123", "GB", ()) == "number_not_allowed"
    assert why_not("+447700900123", "GB", (plays,)) == Reached(destination="+447700900", home=True)


@pytest.mark.parametrize(
    ("prefix", "region", "abroad"),
    [
        ("+375", "RU", True),
        ("+7", "RU", True),  # Kazakhstan is in it
        ("+77", "RU", True),
        ("+7495", "RU", False),
        ("+79161110200", "RU", False),
        ("+1", "US", True),
        ("+1809", "US", True),
        ("+1212", "US", False),
        ("+44", "GB", True),
        ("+4420", "GB", False),
        ("+447700900", "GB", False),
        ("+49", "DE", False),
        ("+4930", "DE", False),
        ("+7840", "RU", True),  # Abkhazia
        ("+79401", "RU", True),
        ("+7941", "RU", False),
        ("+7612", "RU", True),  # kept for Kazakhstan
        ("+18091", "US", True),
        ("+441481", "GB", True),
        ("+441483", "GB", False),
        ("+441481", "GG", False),
    ],
)
def test_which_ranges_need_a_second_person(prefix: str, region: str, abroad: bool) -> None:
    assert leads_abroad(prefix, region) is abroad


@given(number=st.text(max_size=24) | st.from_regex(r"\+[1-9][0-9]{2,15}", fullmatch=True))
def test_whatever_is_dialled_is_a_whole_number_and_nothing_else(number: str) -> None:
    if not forbidden(number):
        assert number[0] == "+"
        assert number[1:].isdecimal()
        assert number[1:].isascii()
        parsed = phonenumbers.parse(number, None)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number


@given(region=st.sampled_from(REGIONS), data=st.data())
def test_without_ranges_a_line_stays_in_its_country(region: str, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from(REGIONS))
    example = phonenumbers.example_number_for_type(other, KINDS.MOBILE) or phonenumbers.example_number(other)
    if example is None:
        return
    number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    answer = why_not(number, region, ())
    if isinstance(answer, Reached):
        assert region_of(number) == region
        assert answer == Reached(destination=region, home=True)


# (line's region, the prefix that tells a look-alike): Abkhazia, Kazakhstan and its reserve, islands under +1 and +44.
ALIKE = (
    ("RU", "+7840"),
    ("RU", "+7940"),
    ("KZ", "+7840"),
    ("RU", "+77"),
    ("RU", "+76"),
    ("US", "+1809"),
    ("US", "+1876"),
    ("US", "+1242"),
    ("CA", "+1473"),
    ("GB", "+441481"),
    ("GB", "+441534"),
    ("GB", "+441624"),
    ("GB", "+447524"),
    ("GB", "+447624"),
    ("GB", "+447924"),
    ("JE", "+447924"),
    ("NO", "+4779"),
)
_LENGTHS = {"7": 12, "1": 12, "44": 13, "47": 11}


@st.composite
def look_alikes(draw: st.DrawFn) -> tuple[str, str, str]:
    """(number, region, the prefix that tells it): allocated to somebody or not, thieves like those that are not."""
    region, prefix = draw(st.sampled_from(ALIKE))
    missing = _LENGTHS[str(phonenumbers.country_code_for_region(region))] - len(prefix)
    tail = draw(st.text("0123456789", min_size=missing, max_size=missing))
    return prefix + tail, region, prefix


@given(one=look_alikes(), data=st.data())
def test_a_look_alike_is_abroad_and_wants_a_range_of_its_own(
    one: tuple[str, str, str], data: st.DataObject
) -> None:
    number, region, prefix = one
    assert look_alike(number, region) == prefix
    assert isinstance(why_not(number, region, ()), str)
    shorter = data.draw(st.lists(st.integers(2, len(prefix) - 1).map(lambda length: prefix[:length])))
    assert isinstance(why_not(number, region, [Range(prefix=wide) for wide in shorter]), str)
    exact = data.draw(st.integers(len(prefix), len(number)).map(lambda length: number[:length]))
    opened = why_not(number, region, [Range(prefix=wide) for wide in (*shorter, exact)])
    if not forbidden(number):
        assert opened == Reached(destination=exact, home=False)
    assert leads_abroad(exact, region), "two people agree"


SHARING = [region for region in REGIONS if len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[_code(region)]) > 1]


@given(
    of=st.sampled_from(SHARING),
    line=st.sampled_from(REGIONS),
    kind=st.sampled_from([KINDS.MOBILE, KINDS.FIXED_LINE]),
    data=st.data(),
)
def test_a_bare_code_opens_one_country(of: str, line: str, kind: int, data: st.DataObject) -> None:
    """The line's own where the code is its own, else the main one: not a neighbour's mobiles beside it."""
    example = phonenumbers.example_number_for_type(of, kind)
    if example is None:
        return
    number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    line = data.draw(st.sampled_from([line, *phonenumbers.COUNTRY_CODE_TO_REGION_CODE[example.country_code]]))
    own = _code(line) == example.country_code
    main = line if own else phonenumbers.COUNTRY_CODE_TO_REGION_CODE[example.country_code][0]
    reached = why_not(number, line, [Range(prefix=f"+{example.country_code}")])
    if region_of(number) != main or look_alike(number, main):  # Man's mobiles stand in the plan of GB too
        assert isinstance(reached, str), (number, line)
    elif not forbidden(number):
        assert reached == Reached(destination=f"+{example.country_code}", home=own), (number, line)


@pytest.mark.parametrize(
    ("number", "line", "longer"),
    [
        ("+447797712345", "GB", "+447797"),  # a mobile of Jersey
        ("+447797712345", "DE", "+447797"),
        ("+14165550123", "US", "+1416"),  # Toronto
        ("+14165550123", "RU", "+1416"),
        ("+77012345678", "DE", "+770"),
        ("+79161110200", "KZ", "+79"),
        ("+447924123456", "DE", "+447924"),  # a mobile of Man
    ],
)
def test_a_neighbour_under_a_code_wants_more_than_the_code(number: str, line: str, longer: str) -> None:
    code = Range(prefix=f"+{phonenumbers.parse(number, None).country_code}")
    assert why_not(number, line, [code]) == "number_not_allowed"
    opened = why_not(number, line, [code, Range(prefix=longer)])
    assert opened == Reached(destination=longer, home=False)


def test_toll_free_numbers_are_every_neighbours() -> None:
    assert isinstance(why_not("+18005550123", "CA", [Range(prefix="+1")]), Reached)


@settings(max_examples=12)
@given(region=st.sampled_from(["RU", "US", "GB", "NO"]), data=st.data())
def test_what_one_person_may_open_is_home(region: str, data: st.DataObject) -> None:
    code = str(phonenumbers.country_code_for_region(region))
    prefix = f"+{code}" + data.draw(st.text("0123456789", min_size=2, max_size=4))
    if leads_abroad(prefix, region):
        return
    missing = max(_LENGTHS[code] - len(prefix), 0)
    for _ in range(20):
        number = prefix + data.draw(st.text("0123456789", min_size=missing, max_size=missing))
        reached = why_not(number, region, [Range(prefix=prefix)])
        assert isinstance(reached, str) or reached.home, number


@given(region=st.sampled_from(REGIONS), kind=st.sampled_from([KINDS.MOBILE, KINDS.FIXED_LINE]))
def test_no_countrys_own_number_is_taken_for_a_look_alike(region: str, kind: int) -> None:
    example = phonenumbers.example_number_for_type(region, kind)
    if example is not None:
        number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        assert look_alike(number, region) == "" or region_of(number) != region


@pytest.mark.parametrize("number", ["+449212345678", "+447012345678", "+447099999999"])
def test_dear_ranges_are_dear_whether_they_are_given_out_or_not(number: str) -> None:
    assert why_not(number, "GB", [Range(prefix="+44"), Range(prefix=number)]) == "number_forbidden"
