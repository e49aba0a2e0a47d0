"""Ranges by their ends."""

import pytest
from django.core.exceptions import ValidationError

from numbers.numbering import ranges


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ({"first": "+4930123400", "last": "99"}, ("+4930123400", "+4930123499")),
        ({"first": "+4930123400", "last": "+4930123499"}, ("+4930123400", "+4930123499")),
        ({"first": "030 123400", "last": "030 123499", "country": "DE"}, ("+4930123400",) * 2),
        ({"first": "030 123400", "last": "99", "country": "DE"}, ("+4930123400", "+4930123499")),
        ({"first": "+1 212 555 0100", "last": "0199"}, ("+12125550100", "+12125550199")),
        ({"first": "(212) 555-0100", "last": "199", "country": "US"}, ("+12125550100",) * 2),
        ({"first": "+44 (0)20 7183 8700", "count": 100}, ("+442071838700", "+442071838799")),
    ],
)
def test_its_end_is_a_number_its_last_digits_or_a_count(given, ends):
    begin, end = ranges.resolve_range_ends(**given)
    assert begin == ends[0]
    assert end[-2:] == "99"
    assert len(end) == len(begin)


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"first": "4917612345600", "last": "99", "country": "DE"}, "first", "This may mean"),
        ({"first": "+4930123400", "last": "00"}, "last", "write the last number in full"),
        ({"first": "+12125550199", "last": "+12125550100"}, "last", "before the first"),
        ({"first": "+12125550100", "last": "+442071838700"}, "last", "equally many digits"),
        ({"first": "+12125550100", "count": 10_001}, "count", "at most 10,000"),
        ({"first": "+12125550100", "last": "99", "count": 3}, "last", "one of the two"),
        ({"first": "+12125550100"}, "last", "how many"),
        ({"first": "+4930123400-99", "last": "99"}, "first", "This is a range"),
    ],
)
def test_what_is_no_range_is_refused(given, field, words):
    with pytest.raises(ValidationError, match=words) as caught:
        ranges.resolve_range_ends(**given)
    assert list(caught.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("+12125550100", "+12125550199", ""),
        ("+12125559990", "+12125560010", "leaves its block of 10,000 numbers"),
        ("+12129999990", "+12130000010", "leaves its area code: it goes from +1 212 to +1 213"),
        ("+442079999990", "+442080000010", "leaves its block"),
    ],
)
def test_a_range_that_leaves_its_area_code_or_block_says_so(begin, end, words):
    notice = ranges.range_notice(begin, end)
    assert words in notice
    assert bool(notice) == bool(words)
