"""A range of numbers by its ends, or by its first and how many."""

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from numbers.e164 import NotANumber, checked
from numbers.numbering.parsing import parse_number

MOST = 10_000


def ends_of(
    *, first: str, last: str = "", count: int | None = None, country: str | None = None
) -> tuple[str, str]:
    """Both in E.164. Raises ValidationError by field."""
    begin = read("first", first, country)
    if last and count:
        raise ValidationError({"last": _("Give one of the two: the last number, or how many.")})
    if not last and not count:
        raise ValidationError({"last": _("Give the last number, or how many there are.")})
    end = read("last", last, country) if last else counted(begin, count or 0)
    refuse_range(begin, end, "last" if last else "count")
    return begin, end


def counted(begin: str, count: int) -> str:
    end = f"+{int(begin) + count - 1}"
    try:
        return checked(end)
    except NotANumber as error:
        raise ValidationError({"count": f"{end}: {error}"}) from error


def read(name: str, text: str, country: str | None) -> str:
    try:
        return parse_number(text, country=country).number
    except NotANumber as error:
        raise ValidationError({name: str(error)}) from error


def refuse_range(begin: str, end: str, place: str) -> None:
    if len(begin) != len(end):
        raise ValidationError({place: _("First and last number must have equally many digits.")})
    if int(end) < int(begin):
        raise ValidationError({place: _("The last number comes before the first.")})
    if size(begin, end) > MOST:
        words = {"count": f"{size(begin, end):,}", "most": f"{MOST:,}"}
        text = _("These are %(count)s numbers; at most %(most)s go at once.")
        raise ValidationError({place: text % words})


def size(begin: str, end: str) -> int:
    return int(end) - int(begin) + 1


def numbers_of(begin: str, end: str) -> Iterator[str]:
    return (f"+{number}" for number in range(int(begin), int(end) + 1))
