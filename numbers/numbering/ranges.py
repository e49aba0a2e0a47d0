"""Ranges of numbers, given by first and last number or by first number and count."""

from collections.abc import Iterator

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from numbers.numbering import countries
from numbers.numbering.blocks import (
    MAX_RANGE_NUMBERS,
    MAX_VARYING_DIGITS,
    expand_last_number,
    extract_digits,
)
from numbers.numbering.e164 import InvalidPhoneNumber, ensure_canonical_e164
from numbers.numbering.parsing import parse_number
from numbers.numbering.readings import AmbiguousNumber

BLOCK_SUFFIX_DIGITS = (
    4  # the last digits; numbers of one block of 10,000 share the digits before them
)


def resolve_range_ends(
    *, first: str, last: str = "", count: int | None = None, country: str | None = None
) -> tuple[str, str]:
    """Returns the first and last number in E.164. `last` may be only the digits that differ. Raises
    ValidationError by field."""
    begin = parse_range_number("first", first, country)
    if last and count:
        raise ValidationError({"last": _("Give one of the two: the last number, or how many.")})
    if not last and not count:
        raise ValidationError({"last": _("Give the last number, or how many there are.")})
    end = (
        parse_last_number(begin, last, country) if last else calculate_range_end(begin, count or 0)
    )
    ensure_valid_range(begin, end, "last" if last else "count")
    return begin, end


def parse_last_number(begin: str, last: str, country: str | None) -> str:
    """Returns the last number, written in full or by its last digits: 99 after +4930123400 is
    +4930123499. Raises ValidationError."""
    short = expand_last_number(begin, extract_digits(last))
    if short is None and len(extract_digits(last)) <= MAX_VARYING_DIGITS:
        words = {"last": last, "first": begin}
        text = _("%(last)s does not come after %(first)s: write the last number in full.")
        raise ValidationError({"last": text % words})
    if short and not last.strip().startswith(("+", "0")):
        return ensure_valid_range_end("last", short)
    try:
        return parse_range_number("last", last, country)
    except ValidationError:
        if short is None:
            raise
        return ensure_valid_range_end("last", short)


def calculate_range_end(begin: str, count: int) -> str:
    return ensure_valid_range_end("count", f"+{int(begin) + count - 1}")


def ensure_valid_range_end(name: str, end: str) -> str:
    try:
        return ensure_canonical_e164(end)
    except InvalidPhoneNumber as error:
        raise ValidationError({name: f"{end}: {error}"}) from error


def parse_range_number(name: str, text: str, country: str | None) -> str:
    """Parses one end of a range. Raises ValidationError if the number is ambiguous, as a range has
    no row in which a reading could be chosen."""
    try:
        found = parse_number(text, country=country)
        if found.is_foreign:
            raise AmbiguousNumber((found,))
    except InvalidPhoneNumber as error:
        raise ValidationError({name: ValidationError(str(error), code=error.code)}) from error
    return found.number


def ensure_valid_range(begin: str, end: str, place: str) -> None:
    if len(begin) != len(end):
        raise ValidationError({place: _("First and last number must have equally many digits.")})
    if int(end) < int(begin):
        raise ValidationError({place: _("The last number comes before the first.")})
    if countries.calling_code(begin[1:]) != countries.calling_code(end[1:]):
        raise ValidationError({place: _("First and last number are of different countries.")})
    if count_range_numbers(begin, end) > MAX_RANGE_NUMBERS:
        words = {"count": f"{count_range_numbers(begin, end):,}", "most": f"{MAX_RANGE_NUMBERS:,}"}
        text = _("These are %(count)s numbers; at most %(most)s go at once.")
        raise ValidationError({place: text % words})


def range_notice(begin: str, end: str) -> str:
    """Returns a warning about a valid range that crosses its area code or its block of 10,000
    numbers, or ""."""
    length = max(area_code_length(begin), area_code_length(end))
    first, last = international_area_code(begin, length), international_area_code(end, length)
    if first != last:
        words = {"first": first, "last": last}
        return _("This range leaves its area code: it goes from %(first)s to %(last)s.") % words
    if begin[:-BLOCK_SUFFIX_DIGITS] != end[:-BLOCK_SUFFIX_DIGITS]:
        words = {"first": begin[:-BLOCK_SUFFIX_DIGITS], "last": end[:-BLOCK_SUFFIX_DIGITS]}
        return (
            _(
                "This range leaves its block of 10,000 numbers: it goes from %(first)s… to "
                "%(last)s…, which may belong to somebody else."
            )
            % words
        )
    return ""


def area_code_length(e164: str) -> int:
    """Returns the length of the area code in digits, or 0 for a number that has none or is not
    valid."""
    return phonenumbers.length_of_geographical_area_code(phonenumbers.parse(e164))


def international_area_code(e164: str, length: int) -> str:
    """Returns the area code with the country code, as in “+1 212”."""
    number = phonenumbers.parse(e164)
    national = phonenumbers.national_significant_number(number)
    return f"+{number.country_code} {national[:length]}"


def count_range_numbers(begin: str, end: str) -> int:
    return int(end) - int(begin) + 1


def iterate_range_numbers(begin: str, end: str) -> Iterator[str]:
    return (f"+{number}" for number in range(int(begin), int(end) + 1))
