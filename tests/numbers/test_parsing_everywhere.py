"""Numbers of all regions, in every way their people write them: none is read as another one."""

from collections import Counter
from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from numbers.numbering.e164 import InvalidPhoneNumber, find_canonical_e164, format_e164
from numbers.numbering.parsing import parse_number
from numbers.numbering.readings import AmbiguousNumber
from numbers.numbering.regions import INTERNATIONAL

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
FOREIGN = [
    phonenumbers.parse(text)
    for text in (
        "+4930901820",
        "+14155550174",
        "+442071838714",
        "+33145678904",
        "+390612345671",
        "+61298765432",
        "+81312345678",
        "+525512345679",
        "+5511987654321",
        "+78121234567",
    )
]


def numbers_of(region: str) -> Iterator[PhoneNumber]:
    """An example of each kind of number that the region has."""
    for kind in PhoneNumberType.values():
        if number := phonenumbers.example_number_for_type(region, kind):
            yield number


def spellings(number: PhoneNumber, way: PhoneNumberFormat) -> str:
    return phonenumbers.format_number(number, way)


def as_written(region: str) -> Iterator[tuple[str, str, PhoneNumber]]:
    """(way, text, the number that is meant), as a person of the region writes it."""
    for number in numbers_of(region):
        international = spellings(number, PhoneNumberFormat.INTERNATIONAL)
        yield "national", spellings(number, PhoneNumberFormat.NATIONAL), number
        yield "international", international, number
        yield "tel", spellings(number, PhoneNumberFormat.RFC3966), number
        yield "plus lost", format_e164(number)[1:], number
        yield "plus lost, in groups", international[1:], number
    for number in FOREIGN:
        yield "abroad", phonenumbers.format_out_of_country_calling_number(number, region), number
        yield "abroad, plus lost", format_e164(number)[1:], number


def outcome(text: str, region: str, meant: PhoneNumber) -> str:
    try:
        found = parse_number(text, country=region)
    except AmbiguousNumber as error:
        known = format_e164(meant) in [reading.number for reading in error.readings]
        return "ambiguous" if known else "ambiguous without the right one"
    except InvalidPhoneNumber:
        return "refused"
    if found.number == format_e164(meant):
        return "right"
    return "noted" if found.note else "silently another"


@pytest.fixture(scope="module")
def outcomes() -> list[tuple[str, str, str, str]]:
    return [
        (way, outcome(text, region, meant), region, text)
        for region in REGIONS
        for way, text, meant in as_written(region)
    ]


def test_no_text_becomes_another_number_silently(outcomes):
    assert [each for each in outcomes if each[1] == "silently another"] == []


def test_what_is_ambiguous_offers_the_right_number(outcomes):
    assert [each for each in outcomes if each[1] == "ambiguous without the right one"] == []


def test_most_texts_are_understood(outcomes, record_property):
    """The figures, to be seen with `-rP`: how many are right, ambiguous, refused."""
    counts = Counter((way, found) for way, found, _region, _text in outcomes)
    for (way, found), count in sorted(counts.items()):
        record_property(f"{way}: {found}", count)
        print(f"{way}: {found}: {count}")
    for way in ("national", "international", "tel"):
        total = sum(count for (each, _found), count in counts.items() if each == way)
        assert counts[way, "right"] >= 0.99 * total


@pytest.mark.parametrize("region", REGIONS)
def test_without_its_plus_a_number_is_read_where_that_is_said(region):
    for number in numbers_of(region):
        text = format_e164(number)
        if find_canonical_e164(text):
            assert parse_number(text[1:], country=INTERNATIONAL).number == text
