"""What a text was understood as: one number, several that it may mean, or a range."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from numbers.numbering import countries, e164
from numbers.numbering.e164 import InvalidPhoneNumber


@dataclass(frozen=True)
class ParsedNumber:
    """One number that a text can mean.

    `note`: what to look at, a sentence on each line. `way`: how digits without a plus were read,
    "national" or "international". `is_valid`: in its numbering plan, not only possible. `is_sure`:
    a national reading that is spelled just as its country writes it. `is_foreign`: an international
    reading, of another country than the one chosen.
    """

    number: str
    note: str = ""
    way: str = ""
    is_valid: bool = True
    is_sure: bool = False
    is_foreign: bool = False


class AmbiguousNumber(InvalidPhoneNumber):
    """The text has several readings, or one that only a person can accept."""

    def __init__(self, readings: tuple[ParsedNumber, ...]):
        shown = [number_with_country(reading.number) for reading in readings]
        if len(shown) == 1:
            text = _("This may mean %(number)s: write it with its plus and country code.")
            super().__init__(text % {"number": shown[0]}, code="ambiguous")
        else:
            text = _(
                "This may mean %(first)s or %(second)s: write it with its plus and country code."
            )
            super().__init__(text % {"first": shown[0], "second": shown[1]}, code="ambiguous")
        self.readings = readings


class NumberRangeError(InvalidPhoneNumber):
    """The text is a range: `first` and `last` in E.164. `single` is its reading as one number, or
    None."""

    def __init__(self, first: str, last: str, single: ParsedNumber | None):
        words = {"first": first, "last": last, "count": int(last) - int(first) + 1}
        text = _("This is a range of %(count)d numbers: %(first)s to %(last)s.") % words
        super().__init__(text, code="range")
        self.first, self.last, self.single = first, last, single


def candidate_numbers(error: InvalidPhoneNumber) -> tuple[ParsedNumber, ...]:
    """The numbers that a person may choose from, as one number."""
    if isinstance(error, AmbiguousNumber):
        return error.readings
    return (error.single,) if isinstance(error, NumberRangeError) and error.single else ()


def number_with_country(number: str) -> str:
    """“+41 55 555 01 01 (Switzerland)”."""
    code = countries.calling_code(number[1:])
    country = countries.calling_code_country(code) if code else ""
    return (
        f"{e164.format_display_number(number)} ({country})"
        if country
        else e164.format_display_number(number)
    )
