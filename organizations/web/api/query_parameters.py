"""Query parameters, read strictly: each known, given once, and of its type."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from organizations.text import rules
from organizations.web.api.problems import field_error, invalid

Reader = Callable[[str], Any]  # raises ValueError with a sentence


def read_query(query: QueryDict, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The parameters that were given, read; all errors at once."""
    values, errors = {}, []
    for name, given in query.lists():
        try:
            values[name] = read_one(given, readers.get(name))
        except ValueError as error:
            code = "invalid" if name in readers else "unknown"
            errors.append(field_error(name, str(error), code))
    if errors:
        raise invalid(*errors)
    return values


def read_one(given: list[str], reader: Reader | None) -> Any:
    if reader is None:
        raise ValueError(_("This parameter is not known here."))
    if len(given) != 1:
        raise ValueError(_("This parameter may be given once."))
    if wrong := rules.complaint(rules.trimmed(given[0])):
        raise ValueError(wrong)
    return reader(given[0])


def reading(**schema: Any) -> Callable[[Reader], Reader]:
    """What the schema says of a reader's texts; its docstring is the description."""

    def mark(reader: Reader) -> Reader:
        reader.schema = schema
        return reader

    return mark


@reading(type="string", format="uuid")
def uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(_("A UUID is expected.")) from None


@reading(type="string", format="date-time")
def moment(text: str) -> datetime:
    """ISO 8601 with its offset; in a URL, + is written %2B."""
    try:
        at = parse_datetime(text)
        # PostgreSQL takes no offset of 16 hours or more, which ISO 8601 allows.
        at = at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError):  # the latter beyond the years 1 to 9999
        at = None
    if at is None:
        raise ValueError(_("A time like 2026-11-20T10:00:00Z is expected (in a URL, + is %2B)."))
    return at


def choice(values: Iterable[str]) -> Reader:
    known = [str(value) for value in values]

    @reading(type="string", enum=known)
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(
                _("One of these is expected: %(known)s.") % {"known": ", ".join(known)}
            )
        return text

    return read


def text(max_length: int) -> Reader:
    @reading(type="string", minLength=1, maxLength=max_length)
    def read(given: str) -> str:
        given = rules.trimmed(given)
        if not given or len(given) > max_length:
            raise ValueError(_("1 to %(max)d characters are expected.") % {"max": max_length})
        return given

    return read


@reading(type="boolean")
def boolean(text: str) -> bool:
    return choice(["true", "false"])(text) == "true"


def integer(low: int, high: int) -> Reader:
    @reading(type="integer", minimum=low, maximum=high)
    def read(given: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", given) or not low <= int(given) <= high:
            message = _("A whole number from %(low)d to %(high)d is expected.")
            raise ValueError(message % {"low": low, "high": high})
        return int(given)

    return read
