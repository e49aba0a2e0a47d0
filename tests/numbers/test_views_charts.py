"""Figures in words."""

import pytest
from django.utils import translation

from numbers.views.charts import format_duration


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (0.04, "40 ms", "40 ms"),
        (5.194, "5.19 s", "5,19 s"),
        (119.9, "120 s", "120 s"),
        (630, "10.5 min", "10,5 min"),
        (9000, "2.5 h", "2,5 h"),
    ],
)
def test_a_duration_is_written_as_the_reader_s_language_does(seconds, english, german):
    assert format_duration(seconds) == english
    with translation.override("de"):
        assert format_duration(seconds) == german
