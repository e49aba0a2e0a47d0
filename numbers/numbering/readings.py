"""Results of parsing a text as a phone number: one number, several candidates, or a range."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from numbers.numbering import countries, e164
from numbers.numbering.e164 import InvalidPhoneNumber


@dataclass(frozen=True)
class ParsedNumber:
    """One number that a text can mean.

    `note` holds warnings, one sentence per line. `way` says how digits without a plus were read,
    "national" or "international". `is_valid` says that the number is valid in its numbering plan,
    not only possible. `is_sure` marks a national reading that is written exactly in its country's
    format. `is_foreign` marks an international reading in another country than the chosen one.
    """

    number: str
    note: str = ""
    way: str = ""
    is_valid: bool = True
    is_sure: bool = False
    is_foreign: bool = False


class AmbiguousNumber(InvalidPhoneNumber):
    """Raised if a text has several readings, or one that needs confirmation by a person."""

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
    """Raised if the text is a range from `first` to `last`, in E.164. `single` is the text read as
    one number, or None."""

    def __init__(self, first: str, last: str, single: ParsedNumber | None):
        words = {"first": first, "last": last, "count": int(last) - int(first) + 1}
        text = _("This is a range of %(count)d numbers: %(first)s to %(last)s.") % words
        super().__init__(text, code="range")
        self.first, self.last, self.single = first, last, single


def candidate_numbers(error: InvalidPhoneNumber) -> tuple[ParsedNumber, ...]:
    """Returns the numbers that a person may choose from when the text is meant as one number."""
    if isinstance(error, AmbiguousNumber):
        return error.readings
    return (error.single,) if isinstance(error, NumberRangeError) and error.single else ()


def number_with_country(number: str) -> str:
    """Returns the number with its country, as in “+41 55 555 01 01 (Switzerland)”."""
    code = countries.calling_code(number[1:])
    country = countries.calling_code_country(code) if code else ""
    return (
        f"{e164.format_display_number(number)} ({country})"
        if country
        else e164.format_display_number(number)
    )
