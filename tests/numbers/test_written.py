"""How a number is shown: the same digits as its E.164, whichever country it is of."""

import re

import phonenumbers
import pytest

from numbers.numbering.e164 import format_display_number


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+14157774444", "+1 (415) 777-4444"),  # as the vendor's document writes it
        ("+442071838750", "+44 20 7183 8750"),
        ("+390612345678", "+39 06 1234 5678"),  # the zero belongs to the number
        ("+33145678904", "+33 1 45 67 89 04"),
        ("+80052323111", "+800 5232 3111"),
        ("+99912345", "+99912345"),  # of no country: as it is stored
    ],
)
def test_a_number_is_shown_in_international_format(number, shown):
    assert format_display_number(number) == shown


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_no_prefix_of_national_dialling_is_shown(region):
    number = phonenumbers.format_number(
        phonenumbers.example_number(region), phonenumbers.PhoneNumberFormat.E164
    )
    assert re.sub(r"[^0-9+]", "", format_display_number(number)) == number
