"""Numbers as people, word processors and spreadsheets write them."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numbers.numbering import e164
from numbers.numbering.e164 import InvalidPhoneNumber
from numbers.numbering.parsing import parse_number
from numbers.numbering.readings import AmbiguousNumber, NumberRangeError
from numbers.numbering.regions import INTERNATIONAL


def number(text: str, country: str | None = None) -> str:
    return parse_number(text, country=country).number


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+14155550101", None, "+14155550101"),
        (" +1 (415) 555-0101 ", None, "+14155550101"),
        ("+44 (0)20 7183 8750", None, "+442071838750"),
        ("+39 06 1234 5678", None, "+390612345678"),
        ("0044 20 7183 8750", None, "+442071838750"),
        ("020 7183 8750", "GB", "+442071838750"),
        ("(415) 555-0101", "US", "+14155550101"),
        ("14155550101", "US", "+14155550101"),
        ("011 44 20 7183 8750", "US", "+442071838750"),
        ("030 901820", "DE", "+4930901820"),
        ("30901820", "DE", "+4930901820"),  # its zero was lost in a spreadsheet
        ("4930901820", "DE", "+4930901820"),  # its plus was
        ("49 176 12345678", "DE", "+4917612345678"),
        ("333 1234567", "IT", "+393331234567"),
        ("13 11 14", "AU", "+61131114"),
        ("8 (812) 123-45-67", "RU", "+78121234567"),
        ("20.12.34", "NC", "+687201234"),
        ("442071838750", INTERNATIONAL, "+442071838750"),
        ("00442071838750", INTERNATIONAL, "+442071838750"),
        ("+15550100123", "DE", "+15550100123"),  # possible, if not valid
    ],
)
def test_what_people_write_is_read(text, country, expected):
    assert number(text, country) == expected


@pytest.mark.parametrize(
    "text",
    [
        "＋４４（２０）７１８３－８７６４",
        "+٤٤٢٠٧١٨٣٨٧٦٤",
        "+४४२०७१८३८७६४",
        "+44\ufe0d 20\u00ad7183\u20668764\u2069",
        "\u061c+44\u3164207183\u115f8764\u180b",
        "\u202a+44\u00a020\u20117183\u22128764\u202c",
        "“+44 20 7183 8764”",
        "‘+44 20 7183 8764’",
        "’+44 20 7183 8764",
        "«+44 20 7183 8764»",
        '="+442071838764"',
        "=+442071838764",
        "'+442071838764",
        "tel:+44-20-7183-8764",
        "TEL:+442071838764",
        "Tel.: +44 20 7183 8764",
        "Tél : +44 20 7183 8764",
        "Phone: +44 20 7183 8764",
        "☎ +44 20 7183 8764",
        "⁺44 20 7183 8764",
        "++442071838764",
        "+44.20.7183.8764",
        "+44/20/7183 8764",
    ],
)
def test_characters_around_and_between_the_digits_do_not_matter(text):
    assert parse_number(text).number == "+442071838764"
    assert parse_number(text).note == ""


class TestWithoutPlus:
    @pytest.mark.parametrize(
        ("text", "country", "readings"),
        [
            ("4917612345678", "DE", {"+494917612345678", "+4917612345678"}),
            ("442071838712", "DE", {"+49442071838712", "+442071838712"}),
            ("4722334455", "US", {"+14722334455", "+4722334455"}),
            ("3225551234", "US", {"+13225551234", "+3225551234"}),
            ("15512345679", "MX", {"+525512345679", "+15512345679"}),
            ("1 55 1234 5679", "MX", {"+525512345679", "+15512345679"}),
            ("81234567890", "RU", {"+71234567890", "+81234567890"}),
            ("44 20 7183 8750", "US", {"+442071838750"}),
        ],
    )
    def test_two_readings_are_ambiguous(self, text, country, readings):
        with pytest.raises(AmbiguousNumber) as caught:
            parse_number(text, country=country)
        assert {reading.number for reading in caught.value.readings} == readings
        assert caught.value.code == "ambiguous"
        assert all(e164.format_display_number(each) in str(caught.value) for each in readings)

    @pytest.mark.parametrize(
        ("text", "country", "expected"),
        [
            ("(322) 555-1234", "US", "+13225551234"),  # not Belgium
            ("8 123 456 78 90", "RU", "+71234567890"),  # not Japan
            ("(670) 234-5678", "MP", "+16702345678"),  # not Timor-Leste
        ],
    )
    def test_groups_of_digits_keep_a_number_at_home(self, text, country, expected):
        assert number(text, country) == expected

    def test_digits_that_only_a_foreign_country_has_are_noted(self):
        reading = parse_number("442071838750", country="US")
        assert (reading.number, reading.is_foreign) == ("+442071838750", True)
        assert reading.note == "Read as international: +44 20 7183 8750 (United Kingdom)."


class TestInternationalPrefix:
    @pytest.mark.parametrize(
        ("text", "country", "expected"),
        [
            ("0011 49 30 901820", "AU", "+4930901820"),
            ("0011 1 415 555 0174", "AU", "+14155550174"),
            ("0011 44 20 7183 8714", "AU", "+442071838714"),
            ("009 44 20 7183 8714", "NG", "+442071838714"),
            ("001 44 20 7183 8714", "GY", "+442071838714"),
            ("001 44 20 7183 8714", "MN", "+442071838714"),
            ("0017183831111", "BD", "+17183831111"),
            ("8~10 49 30 901820", "RU", "+4930901820"),
            ("8 10 49 30 901820", "RU", "+4930901820"),
            ("00 1 415-555-0174", "HK", "+14155550174"),
            ("00800 1234 5678", None, "+80012345678"),
        ],
    )
    def test_it_is_the_countrys(self, text, country, expected):
        assert number(text, country) == expected

    @pytest.mark.parametrize("country", ["US", "AU", "NG", "JP"])
    def test_00_is_refused_where_it_is_none(self, country):
        with pytest.raises(
            InvalidPhoneNumber, match="00 is not the international prefix"
        ) as caught:
            parse_number("0049 30 901820", country=country)
        assert caught.value.code == "wrong_prefix"


class TestTrunkZero:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("+48 (0)22 123 45 67", "+48221234567"),
            ("+48 [0]22 123 45 67", "+48221234567"),
            ("+30 (0)210 1234567", "+302101234567"),
            ("+420 (0)2 1234 5678", "+420212345678"),
            ("+352 (0) 27 12 34", "+352271234"),
            ("+852 (0)2123 4567", "+85221234567"),
            ("+34 (0)91 123 45 67", "+34911234567"),
            ("+45 (0)33 12 34 56", "+4533123456"),
            ("+49(0)30901820", "+4930901820"),
            ("0049 (0)30 901820", "+4930901820"),
            ("+55 (0) 15 11 98765-4321", "+5511987654321"),
            ("+39 (0)6 1234 5678", "+390612345678"),
            ("+378 (0)549 903549", "+3780549903549"),
        ],
    )
    def test_an_explicit_zero_is_kept_only_where_it_is_dialled_from_abroad(self, text, expected):
        reading = parse_number(text)
        assert (reading.number, reading.note) == (expected, "")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("+44 020 7183 8750", "+442071838750"),
            ("+48 022 123 45 67", "+48221234567"),
            ("+54 11 15 2345-6789", "+5491123456789"),
            ("+52 1 55 1234 5679", "+525512345679"),
            ("+378 903549", "+3780549903549"),
        ],
    )
    def test_other_digits_that_change_are_noted(self, text, expected):
        reading = parse_number(text)
        assert reading.number == expected
        assert f"Read as {e164.format_display_number(expected)}." in reading.note


@pytest.mark.parametrize(
    ("text", "country", "words"),
    [
        ("612345678", "IT", "Italian fixed lines keep their zero.\nIs it +39 06 1234 5678?"),
        ("+229 97 12 34 56", None, "Benin has put 01 before"),
        ("+55 11 8765-4321", None, "nine digits behind the area code"),
        ("12000", "DE", "not valid in the numbering plan of Germany"),
        ("+15550100123", None, "not valid"),
        ("+52 1 55 1234 5679", None, "Mexico dropped the 1 in 2019"),
    ],
)
def test_what_is_possible_but_not_valid_is_noted(text, country, words):
    assert words in parse_number(text, country=country).note


@pytest.mark.parametrize(
    ("text", "country", "code", "words"),
    [
        ("", None, "required", "missing"),
        ("  ", "US", "required", "missing"),
        ("\u200b", "US", "required", "missing"),
        ("020 7183 8750", None, "no_country", "choose a country"),
        ("14155550101", None, "no_country", "choose a country"),
        ("030901820", INTERNATIONAL, "unknown_country_code", "country code is expected"),
        ("1.41556E+10", "US", "rounded", "rounded"),
        ("1,41556E+10", "US", "rounded", "rounded"),
        ("4.41e11", "US", "rounded", "rounded"),
        ("#######", "US", "too_narrow", "widen the column"),
        ("2012-03-01", "DE", "date", "date"),
        ("1.3.2012", "DE", "date", "date"),
        ("03/01/2012", "US", "date", "date"),
        ("31.12.24", "DE", "date", "date"),
        ("1 March 2012", "DE", "date", "date"),
        ("2012-03-01 00:00:00", "DE", "date", "date"),
        ("12:30", "DE", "time", "time"),
        ("+4930901820.0", None, "decimal", "decimal"),
        ("4930901820,5", "DE", "decimal", "decimal"),
        ("-4930901820", "DE", "decimal", "decimal"),
        ("4,930,901,820", "DE", "decimal", "decimal"),
        ("+4930901820¹", None, "footnote", "footnote"),
        ("+4930901820 ②", None, "footnote", "footnote"),
        ("+4930901820*", None, "footnote", "footnote"),
        ("+4930901820 (1)", None, "footnote", "footnote"),
        ("+4930901820 [2]", None, "footnote", "footnote"),
        ("+1 415 555 0101 ext. 5", None, "extension", "extension"),
        ("+14155550101 x123", None, "extension", "extension"),
        ("+14155550101;ext=7", None, "extension", "extension"),
        ("+14155550101,,22#", None, "extension", "extension"),
        ("+14155550101+14155550102", None, "several", "more than one number"),
        ("+14155550101, +14155550102", None, "several", "more than one number"),
        ("030 901820 / 030 901899", "DE", "several", "more than one number"),
        ("+49 30 901820/25", None, "several", "more than one number"),
        ("sip:+4930901820@example.com", None, "sip_address", "SIP"),
        ("1-800-FLOWERS", "US", "letters", "no letters"),
        ("+49 30 901820%", None, "character", "“%” does not belong"),
        ("+49 6691 12345 67890", None, "too_long", "more than 15 digits"),
        ("+117755555556", None, "digit_too_many", "one digit is too many"),
        ("+1415", None, "too_short", "too short"),
        ("+1415555010155", None, "too_long", "too long"),
        ("+999123456", None, "unknown_country_code", "country code"),
        ("+36061234567", None, "trunk_prefix", "06 behind \\+36"),
        ("12", "DE", "no_area_code", "area code"),
        ("112", "NO", "too_short", "too short"),
        ("x" * 101, None, "max_length", "100 characters"),
    ],
)
def test_what_is_no_number_is_refused_by_name(text, country, code, words):
    with pytest.raises(InvalidPhoneNumber, match=words) as caught:
        parse_number(text, country=country)
    assert caught.value.code == code


class TestRanges:
    @pytest.mark.parametrize(
        ("text", "country", "first", "last"),
        [
            ("+4930123400-99", None, "+4930123400", "+4930123499"),
            ("+49 30 1234 00-99", None, "+4930123400", "+4930123499"),
            ("0301234-00..99", "DE", "+4930123400", "+4930123499"),
            ("030 123400 bis 99", "DE", "+4930123400", "+4930123499"),
            ("+49 30 123400 – +49 30 123499", None, "+4930123400", "+4930123499"),
            ("+49 30 901820/21", None, "+4930901820", "+4930901821"),
            ("030 901820 / 030 901821", "DE", "+4930901820", "+4930901821"),
            ("+1 212 555 0100-0199", None, "+12125550100", "+12125550199"),
            ("212 555-0100 to 0199", "US", "+12125550100", "+12125550199"),
            ("+1 212 555 01XX", None, "+12125550100", "+12125550199"),
        ],
    )
    def test_a_range_is_recognized(self, text, country, first, last):
        with pytest.raises(NumberRangeError) as caught:
            parse_number(text, country=country)
        assert (caught.value.first, caught.value.last) == (first, last)
        assert caught.value.code == "range"

    def test_a_range_that_cannot_be_read_is_named_as_one(self):
        with pytest.raises(
            InvalidPhoneNumber, match="a range, and its first number 555-0100"
        ) as caught:
            parse_number("555-0100 to 0199", country="US")
        assert caught.value.code == "range"

    @pytest.mark.parametrize(
        ("text", "country", "expected"),
        [
            ("+1-212-555-9100", None, "+12125559100"),
            ("06 1234-5678", "IT", "+390612345678"),
            ("030/901820", "DE", "+4930901820"),
            ("030 901820-0", "DE", "+49309018200"),
            ("+352-27-12-34-56", None, "+35227123456"),
            ("8-800-555-35-35", "RU", "+78005553535"),
            ("01-45-67-89-04", "FR", "+33145678904"),
        ],
    )
    def test_a_hyphen_within_one_number_makes_no_range(self, text, country, expected):
        assert number(text, country) == expected

    def test_one_number_that_might_be_a_range_says_both(self):
        with pytest.raises(NumberRangeError) as caught:
            parse_number("030 901820-30", country="DE")
        assert caught.value.single.number == "+493090182030"


def regions() -> st.SearchStrategy:
    return st.sampled_from([None, INTERNATIONAL, *sorted(phonenumbers.SUPPORTED_REGIONS)])


@given(st.text("0123456789+ ()-./x0٤４", min_size=3, max_size=20), regions())
def test_whatever_is_accepted_is_canonical(text, country):
    try:
        found = parse_number(text, country=country).number
    except InvalidPhoneNumber:
        return
    assert found == e164.format_e164(phonenumbers.parse(found))
    assert found == e164.ensure_canonical_e164(found)
