"""Countries by calling code and by their two letters, in the reader's language."""

import phonenumbers
import pytest
from django.utils.translation import override

from numbers.numbering import countries, regions


@pytest.mark.parametrize(
    ("language", "code", "named"),
    [
        ("en", 49, "Germany"),
        ("de", 49, "Deutschland"),
        ("en", 1, "United States, Canada, Caribbean"),
        ("de", 1, "Vereinigte Staaten, Kanada, Karibik"),
        ("en", 800, "International freephone"),
        ("en", 999, ""),
    ],
)
def test_a_calling_code_is_named_for_its_reader(language, code, named):
    with override(language):
        assert countries.calling_code_country(code) == named


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_code_that_can_be_dialled_has_a_name(language):
    with override(language):
        assert len(countries.calling_code_choices()) == len(
            phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        )
        assert not [
            code
            for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
            if not countries.calling_code_country(code)
        ]


def test_letters_with_marks_stand_where_they_are_looked_for():
    with override("de"):
        names = [name for _, name in regions.region_choices()]
    assert names.index("Österreich (+43)") < names.index("Polen (+48)")
    assert len(names) == len(regions.REGION_CODES)
