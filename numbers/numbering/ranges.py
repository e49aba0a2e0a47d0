"""A range of numbers by its ends, or by its first and how many."""

from collections.abc import Iterator

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from numbers.numbering import countries
from numbers.numbering.blocks import MOST_NUMBERS, MOST_PLACES, digits, last_number
from numbers.numbering.e164 import NotANumber, checked
from numbers.numbering.parsing import parse_number
from numbers.numbering.readings import Ambiguous

BLOCK_DIGITS = 4  # at the end of a number: a block of 10,000 has the digits before them in common


def ends_of(
    *, first: str, last: str = "", count: int | None = None, country: str | None = None
) -> tuple[str, str]:
    """Both in E.164. `last` may be only the digits in which it differs. Raises ValidationError by
    field."""
    begin = read("first", first, country)
    if last and count:
        raise ValidationError({"last": _("Give one of the two: the last number, or how many.")})
    if not last and not count:
        raise ValidationError({"last": _("Give the last number, or how many there are.")})
    end = last_of(begin, last, country) if last else counted(begin, count or 0)
    refuse_range(begin, end, "last" if last else "count")
    return begin, end


def last_of(begin: str, last: str, country: str | None) -> str:
    """Written in full, or only its end: 99 behind +4930123400 is +4930123499."""
    short = last_number(begin, digits(last))
    if short is None and len(digits(last)) <= MOST_PLACES:
        words = {"last": last, "first": begin}
        text = _("%(last)s does not come after %(first)s: write the last number in full.")
        raise ValidationError({"last": text % words})
    if short and not last.strip().startswith(("+", "0")):
        return checked_end("last", short)
    try:
        return read("last", last, country)
    except ValidationError:
        if short is None:
            raise
        return checked_end("last", short)


def counted(begin: str, count: int) -> str:
    return checked_end("count", f"+{int(begin) + count - 1}")


def checked_end(name: str, end: str) -> str:
    try:
        return checked(end)
    except NotANumber as error:
        raise ValidationError({name: f"{end}: {error}"}) from error


def read(name: str, text: str, country: str | None) -> str:
    """There is no row to choose a reading in, so a range needs certain ends."""
    try:
        found = parse_number(text, country=country)
        if found.is_foreign:
            raise Ambiguous((found,))
    except NotANumber as error:
        raise ValidationError({name: ValidationError(str(error), code=error.code)}) from error
    return found.number


def refuse_range(begin: str, end: str, place: str) -> None:
    if len(begin) != len(end):
        raise ValidationError({place: _("First and last number must have equally many digits.")})
    if int(end) < int(begin):
        raise ValidationError({place: _("The last number comes before the first.")})
    if countries.calling_code(begin[1:]) != countries.calling_code(end[1:]):
        raise ValidationError({place: _("First and last number are of different countries.")})
    if size(begin, end) > MOST_NUMBERS:
        words = {"count": f"{size(begin, end):,}", "most": f"{MOST_NUMBERS:,}"}
        text = _("These are %(count)s numbers; at most %(most)s go at once.")
        raise ValidationError({place: text % words})


def notice(begin: str, end: str) -> str:
    """What to look at in a range that can be added: it leaves its area code or its block; or ""."""
    length = max(area_code_length(begin), area_code_length(end))
    first, last = area_code(begin, length), area_code(end, length)
    if first != last:
        words = {"first": first, "last": last}
        return _("This range leaves its area code: it goes from %(first)s to %(last)s.") % words
    if begin[:-BLOCK_DIGITS] != end[:-BLOCK_DIGITS]:
        words = {"first": begin[:-BLOCK_DIGITS], "last": end[:-BLOCK_DIGITS]}
        return (
            _(
                "This range leaves its block of 10,000 numbers: it goes from %(first)s… to "
                "%(last)s…, which may belong to somebody else."
            )
            % words
        )
    return ""


def area_code_length(e164: str) -> int:
    """In digits; 0 for a number that has none, or is not valid."""
    return phonenumbers.length_of_geographical_area_code(phonenumbers.parse(e164))


def area_code(e164: str, length: int) -> str:
    """With its country code, as “+1 212”."""
    number = phonenumbers.parse(e164)
    national = phonenumbers.national_significant_number(number)
    return f"+{number.country_code} {national[:length]}"


def size(begin: str, end: str) -> int:
    return int(end) - int(begin) + 1


def numbers_of(begin: str, end: str) -> Iterator[str]:
    return (f"+{number}" for number in range(int(begin), int(end) + 1))
