"""Numbers as people write them."""

import pytest

from numbers.e164 import NotANumber
from numbers.spelling import understood


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+14155550101", None, "+14155550101"),
        (" +1 (415) 555-0101 ", None, "+14155550101"),
        ("+44 (0)20 7183 8750", None, "+442071838750"),
        ("+39 06 1234 5678", None, "+390612345678"),
        ("0044 20 7183 8750", None, "+442071838750"),
        ("＋4930 901820", None, "+4930901820"),
        ("tel:+1-415-555-0101", None, "+14155550101"),
        ("'+14155550101", None, "+14155550101"),
        ('="+14155550101"', None, "+14155550101"),
        ("\u202a+1 415\u00a0555\u20110101\u202c", None, "+14155550101"),
        ("020 7183 8750", "GB", "+442071838750"),
        ("(415) 555-0101", "US", "+14155550101"),
        ("14155550101", "US", "+14155550101"),
        ("011 44 20 7183 8750", "US", "+442071838750"),
        ("442071838750", "US", "+442071838750"),  # its plus was lost in a spreadsheet
        ("030 901820", "DE", "+4930901820"),
        ("+15550100123", "DE", "+15550100123"),  # possible, if not valid
    ],
)
def test_what_people_write_is_understood(text, country, number):
    assert understood(text, country=country) == number


@pytest.mark.parametrize(
    ("text", "country", "words"),
    [
        ("", None, "missing"),
        ("  ", "US", "missing"),
        ("020 7183 8750", None, "choose a country"),
        ("14155550101", None, "choose a country"),
        ("1.41556E+10", "US", "rounded"),
        ("1,41556E+10", "US", "rounded"),
        ("1-800-FLOWERS", "US", "Only digits"),
        ("+1 415 555 0101 ext. 5", None, "Only digits"),
        ("+14155550101+14155550102", None, "Only digits"),
        ("+1415", None, "too short"),
        ("+1415555010155", None, "too long"),
        ("+999123456", None, "country code"),
        ("12", "DE", "area code"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(text, country, words):
    with pytest.raises(NotANumber, match=words):
        understood(text, country=country)
